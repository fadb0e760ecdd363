"""Every trap in a set of grids is found, named, placed and measured; exact partitions are clean."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geoservice.demo.community import build_community
from geoservice.domain.editing.edges import vertex_on
from geoservice.domain.validating.topology import findings_of
from layers.geometry import PAIRS_MAX, as_multipolygon, square_metres
from layers.grids.model import Finding, GridShape
from tests.overlays import Overlays

WEST = box(91.000, 29.000, 91.001, 29.001)
EAST = box(91.001, 29.000, 91.002, 29.001)
OUTLINE = as_multipolygon(box(91.000, 29.000, 91.002, 29.001))
#: Two equilateral borders in no round direction: here a vertex never lies exactly on the line it was put on.
SKEW = (Point(91.0137, 29.0219), Point(91.0571, 29.0417))


def grid(code: str, geom: shapely.Geometry) -> GridShape:
    return GridShape(code, f"grid {code}", None, None, as_multipolygon(geom))


def errors_of(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings if finding.severity == "error"}


def only(findings: list[Finding], rule: str) -> Finding:
    [found] = [finding for finding in findings if finding.rule == rule]
    return found


def geodesic_area_m2(geom: Polygon) -> float:
    return abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(geom)[0])


def comb(teeth: int, *, upright: bool) -> Polygon:
    """Return a comb; an upright one and a lying one cross at every pair of teeth."""
    corners = [
        (x, y)
        for i in range(teeth)
        for x, y in ((2 * i, 0), (2 * i, 2 * teeth), (2 * i + 1, 2 * teeth), (2 * i + 1, 0))
    ]
    corners += [(2 * teeth, -1), (0, -1)]
    return Polygon([(x * 1e-6, y * 1e-6) if upright else (y * 1e-6, x * 1e-6) for x, y in corners])


def star(vertices: int) -> Polygon:
    turns = np.arange(vertices) * 2 * np.pi * (vertices // 2 - 1) / vertices
    return Polygon(np.column_stack([91.0015 + 0.0005 * np.cos(turns), 29.0005 + 0.0005 * np.sin(turns)]))


@pytest.mark.parametrize(("area_m2", "told"), [
    (0, "0 m2"), (0.0125, "0.0125 m2"), (43.21, "43.21 m2"), (99.994, "99.99 m2"), (100, "100 m2"),
    (43_196.6, "43,197 m2"), (2_170_932.4, "2,170,932 m2"), (6e12, "6,000,000,000,000 m2"),
])  # fmt: skip
def test_areas_are_told_without_powers_of_ten(area_m2: float, told: str) -> None:
    assert square_metres(area_m2) == told


def test_two_matching_grids_are_clean() -> None:
    assert findings_of([grid("A", WEST), grid("B", EAST)], OUTLINE) == []


def test_gap_of_one_centimetre_is_found() -> None:
    east = box(91.0010001, 29.0, 91.002, 29.001)

    gap = only(findings_of([grid("A", WEST), grid("B", east)], OUTLINE), "gap")

    assert gap.severity == "error"
    assert gap.grid_codes == ("A", "B")
    assert gap.unit == "m2"
    assert gap.size == pytest.approx(geodesic_area_m2(box(91.001, 29.0, 91.0010001, 29.001)), abs=0.01)
    assert gap.geom is not None
    assert gap.geom.distance(Point(91.001, 29.0005)) < 1e-7
    assert "91.0010" in gap.message


def test_overlap_of_one_centimetre_is_found() -> None:
    east = box(91.0009999, 29.0, 91.002, 29.001)

    overlap = only(findings_of([grid("A", WEST), grid("B", east)], OUTLINE), "overlap")

    assert overlap.grid_codes == ("A", "B")
    assert overlap.size == pytest.approx(1.08, abs=0.01)
    assert overlap.message.startswith("Grids A and B overlap: 1.0")


def test_spill_of_one_centimetre_is_found() -> None:
    spill = only(findings_of([grid("A", WEST), grid("B", box(91.001, 29.0, 91.0020001, 29.001))], OUTLINE), "spill")

    assert spill.grid_codes == ("B",)
    assert spill.size == pytest.approx(1.08, abs=0.01)


def test_hole_in_the_middle_is_a_gap_beside_its_neighbours() -> None:
    squares = [
        grid(f"{i}{j}", box(91 + i / 1000, 29 + j / 1000, 91 + (i + 1) / 1000, 29 + (j + 1) / 1000))
        for i in range(3) for j in range(3) if (i, j) != (1, 1)
    ]  # fmt: skip

    gap = only(findings_of(squares, as_multipolygon(box(91, 29, 91.003, 29.003))), "gap")

    assert gap.geom is not None
    assert gap.geom.equals(box(91.001, 29.001, 91.002, 29.002))
    assert len(gap.grid_codes) == 8


def test_strip_of_a_nanometre_is_rounding_and_no_finding() -> None:
    almost = as_multipolygon(box(91.0, 29.0, math.nextafter(91.002, 92), 29.001))

    assert findings_of([grid("A", WEST), grid("B", EAST)], almost) == []


def test_bowtie_is_placed_and_kept_out_of_the_overlay() -> None:
    bowtie = Polygon([(91.001, 29), (91.002, 29.001), (91.002, 29), (91.001, 29.001)])

    findings = findings_of([grid("A", WEST), grid("B", bowtie)], OUTLINE)

    fault = only(findings, "invalid-ring")
    assert fault.grid_codes == ("B",)
    assert fault.geom is not None
    assert fault.geom.distance(Point(91.0015, 29.0005)) < 1e-9
    assert "B" in only(findings, "gap").message


@pytest.mark.parametrize("shape", [
    pytest.param(Polygon([(91, 29), (91.001, 29), (91.0005, 29), (91, 29)]), id="no area"),
    pytest.param(Polygon([(91, 29), (91.001, 29), (91.001, 29.001)], [[(91.1, 29.1), (91.2, 29.1), (91.2, 29.2)]]),
                 id="hole outside"),
    pytest.param(MultiPolygon([WEST, WEST]), id="the same part twice"),
    pytest.param(star(4000), id="star"),
])  # fmt: skip
def test_shape_that_is_no_area_is_an_invalid_ring_and_never_overlaid(
    shape: shapely.Geometry, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlays = Overlays(monkeypatch)

    findings = findings_of([grid("A", WEST), grid("B", shape)], OUTLINE)

    assert "invalid-ring" in errors_of(findings)
    assert overlays.calls["coverage_union_all"] == 1


def test_t_junction_without_vertex_is_an_unmatched_edge() -> None:
    south, north = box(91.001, 29.0, 91.002, 29.0005), box(91.001, 29.0005, 91.002, 29.001)

    findings = findings_of([grid("A", WEST), grid("B", south), grid("C", north)], OUTLINE)

    assert errors_of(findings) == {"unmatched-edge"}
    assert [finding.grid_codes for finding in findings] == [("A", "B"), ("A", "C")]
    assert all(finding.geom == Point(91.001, 29.0005) for finding in findings)


@given(st.floats(0.05, 0.95), st.floats(0.0, 2 * math.pi))
@settings(max_examples=60, deadline=None)
def test_t_junction_on_a_border_in_any_direction_is_found(along: float, turn: float) -> None:
    start, run = SKEW[0], 0.01 * np.array([math.cos(turn), math.sin(turn)])
    p, q = np.array([start.x, start.y]), np.array([start.x, start.y]) + run
    side, middle = np.array([-run[1], run[0]]), np.array([start.x, start.y]) + along * run
    one = Polygon([p, q, q - side, p - side])
    two, three = Polygon([p, middle, middle + side, p + side]), Polygon([middle, q, q + side, middle + side])
    outline = as_multipolygon(shapely.union_all([one, two, three]).buffer(0))

    findings = findings_of([grid("A", one), grid("B", two), grid("C", three)], outline)

    told = [finding for finding in findings if finding.rule == "unmatched-edge"]
    assert told
    assert all(finding.geom is not None and finding.geom.distance(Point(middle)) < 1e-8 for finding in told)


def test_a_border_of_which_no_vertex_is_shared_is_unmatched() -> None:
    # Neighbours a bit apart along all of their border.
    east = box(math.nextafter(91.001, 92), 29.0, 91.002, 29.001)

    assert "unmatched-edge" in errors_of(findings_of([grid("A", WEST), grid("B", east)], OUTLINE))


def test_one_grid_inside_another_is_an_overlap() -> None:
    inner = box(91.0002, 29.0002, 91.0008, 29.0008)

    findings = findings_of([grid("A", WEST), grid("B", inner)], as_multipolygon(WEST))

    assert only(findings, "overlap").size == pytest.approx(geodesic_area_m2(inner), rel=1e-4)


@pytest.mark.parametrize(("shape", "rule"), [
    (GridShape("A", "a", None, None, None), "empty"),
    (GridShape("A", "a", None, None, MultiPolygon()), "empty"),
    (grid("A", box(91, 29, 191, 30)), "out-of-range"),
    (grid("A", WEST.segmentize(3e-8)), "too-many-vertices"),
    (grid("", WEST), "bad-code"),
    (grid("A ", WEST), "bad-code"),
    (grid("A\u200b", WEST), "bad-code"),
    (grid("e\u0301", WEST), "bad-code"),
    (grid("A" * 65, WEST), "bad-code"),
    (GridShape("A", "", None, None, as_multipolygon(WEST)), "bad-name"),
    (GridShape("A", "a\u202eb", None, None, as_multipolygon(WEST)), "bad-name"),
])  # fmt: skip
def test_grid_that_can_not_be_one_is_told(shape: GridShape, rule: str) -> None:
    assert rule in errors_of(findings_of([shape], as_multipolygon(WEST)))


def test_coordinates_that_are_no_numbers_are_out_of_range() -> None:
    with np.errstate(invalid="ignore"):
        shape = Polygon([(91, 29), (math.nan, 29), (91, 30)])

    assert errors_of(findings_of([grid("A", WEST), grid("B", shape)], as_multipolygon(WEST))) == {"out-of-range"}


def test_no_grids_is_an_error() -> None:
    assert errors_of(findings_of([], OUTLINE)) == {"no-grids"}


def test_code_given_twice_is_an_error() -> None:
    found = only(findings_of([grid("A", WEST), grid("A", EAST)], OUTLINE), "duplicate-code")

    assert (found.grid_codes, found.size, found.unit) == (("A",), 2, "grids")


def test_grid_of_two_parts_is_a_warning_only() -> None:
    parts = MultiPolygon([box(91, 29, 91.001, 29.001), box(91.002, 29, 91.003, 29.001)])

    [finding] = findings_of([grid("A", parts), grid("B", EAST)], as_multipolygon(box(91, 29, 91.003, 29.001)))

    assert (finding.rule, finding.severity, finding.grid_codes) == ("multipart", "warning", ("A",))
    assert (finding.size, finding.unit) == (2.0, "parts")


def test_outline_that_is_invalid_is_told_instead_of_used() -> None:
    findings = findings_of([grid("A", WEST)], MultiPolygon([star(400)]))

    assert errors_of(findings) == {"invalid-ring"}


def test_two_combs_that_cross_a_million_times_are_not_overlaid(monkeypatch: pytest.MonkeyPatch) -> None:
    combs = [grid("A", comb(600, upright=True)), grid("B", comb(600, upright=False))]
    overlays = Overlays(monkeypatch)

    findings = findings_of(combs, OUTLINE)

    # Plain overlay of these takes half a minute; only their boxes are intersected, and each is looked at for necks.
    assert only(findings, "overlap").size is None
    assert set(overlays.calls) == {"intersection", "buffer", "crosses"}
    assert overlays.vertices("intersection") == 10
    assert overlays.compared["crosses"] < 100_000


def test_thousands_of_copies_of_one_grid_are_told_before_all_pairs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    overlays = Overlays(monkeypatch)

    findings = findings_of([grid(str(number), WEST) for number in range(5000)], as_multipolygon(WEST))

    assert errors_of(findings) == {"overlap"}
    assert not overlays.calls
    assert overlays.pairs < 2 * PAIRS_MAX  # of 25 million


def test_ten_thousand_clean_squares_cost_one_look_at_all_and_none_at_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = [
        grid(f"{i}-{j}", box(91 + i / 1000, 29 + j / 1000, 91 + (i + 1) / 1000, 29 + (j + 1) / 1000))
        for i in range(100) for j in range(100)
    ]  # fmt: skip
    outline = as_multipolygon(shapely.union_all([square.geom for square in squares]))
    overlays = Overlays(monkeypatch)

    assert findings_of(squares, outline) == []

    assert overlays.calls == {"coverage_invalid_edges": 1, "coverage_union_all": 1, "difference": 2}
    assert overlays.pairs < 10 * len(squares)


def honeycomb(rows: int) -> list[GridShape]:
    """Return hexagons that share every vertex, as many columns as rows."""

    def corner(x: int, y: int) -> tuple[float, float]:
        return 91 + x * 0.0005, 29 + y * 0.0003

    steps = ((0, 1), (1, 0), (2, 1), (2, 3), (1, 4), (0, 3))
    return [
        grid(f"{i}-{j}", Polygon([corner(2 * i + j % 2 + x, 3 * j + y) for x, y in steps]))
        for i in range(rows) for j in range(rows)
    ]  # fmt: skip


def test_ten_thousand_hexagons_are_clean() -> None:
    hexagons = honeycomb(100)
    outline = as_multipolygon(shapely.coverage_union_all([one.geom for one in hexagons]))

    assert findings_of(hexagons, outline) == []


def test_border_that_ends_on_a_long_slanting_edge_of_the_outline_is_clean() -> None:
    start, end = (91.0137, 29.0219), (91.0571, 29.0417)
    on_it = vertex_on((start, end), (91.03, 29.03))
    west = Polygon([start, on_it, (91.0137, 29.0417)])
    east = Polygon([on_it, end, (91.0137, 29.0417)])

    outline = as_multipolygon(Polygon([start, end, (91.0137, 29.0417)]))
    assert findings_of([grid("A", west), grid("B", east)], outline) == []


def test_neck_narrower_than_five_metres_is_a_warning_only() -> None:
    sides = [box(91, 29, 91.001, 29.001), box(91.0015, 29, 91.0025, 29.001)]
    neck = shapely.union_all([*sides, box(91.001, 29.0005, 91.0015, 29.00053)])

    [finding] = findings_of([grid("A", neck)], as_multipolygon(neck))

    assert (finding.rule, finding.severity, finding.grid_codes) == ("narrow-neck", "warning", ("A",))
    assert finding.geom is not None
    assert finding.geom.distance(Point(91.00125, 29.000515)) < 2e-5
    assert finding.message.startswith("Grid A is narrower than 5 m in its middle, near 91.0012")


@pytest.mark.parametrize("shape", [
    pytest.param(shapely.union_all([box(91, 29, 91.001, 29.001), box(91.001, 29.0005, 91.0015, 29.0006)]), id="11 m"),
    pytest.param(shapely.union_all([box(91, 29, 91.001, 29.001), box(91.001, 29.0005, 91.0015, 29.00053)]), id="spike"),
    pytest.param(box(91, 29, 91.001, 29.001).difference(box(91.0003, 29.0003, 91.0006, 29.0006)), id="hole"),
])  # fmt: skip
def test_shape_without_a_neck_has_no_warning(shape: Polygon) -> None:
    rules = {finding.rule for finding in findings_of([grid("A", shape)], as_multipolygon(shape))}

    assert rules == set()


def test_two_layers_of_one_honeycomb_still_overlap() -> None:
    hexagons = honeycomb(8)
    again = [GridShape(f"again {one.code}", one.name, None, None, one.geom) for one in hexagons]
    outline = as_multipolygon(shapely.coverage_union_all([one.geom for one in hexagons]))

    assert "overlap" in errors_of(findings_of(hexagons + again, outline))


def test_demo_community_is_clean() -> None:
    community = build_community(now=datetime(2026, 3, 1, tzinfo=UTC))
    grids = [GridShape(seed.code, seed.name, seed.name_en, None, seed.geom) for seed in community.grids]

    assert findings_of(grids, community.outline) == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(("name", "key"), [
    ("beats_from_2012-12-19", "beat"), ("beats_until_2012-12-18", "beat"),
    ("police_districts", "district"), ("community_areas", "community_area"),
])  # fmt: skip
def test_areas_of_chicago_are_clean(test_data: Path, monkeypatch: pytest.MonkeyPatch, name: str, key: str) -> None:
    parts: dict[str, list[Polygon]] = {}
    for feature in json.loads((test_data / "chicago" / f"{name}.geojson").read_text())["features"]:
        geom = shapely.geometry.shape(feature["geometry"])
        parts.setdefault(feature["properties"][key], []).extend(shapely.get_parts(geom))
    grids = [grid(code, MultiPolygon(polygons)) for code, polygons in parts.items()]
    outline = as_multipolygon(shapely.union_all([one.geom for one in grids]))
    overlays = Overlays(monkeypatch)

    findings = findings_of(grids, outline)

    assert errors_of(findings) == set()
    # No two of them are overlaid: edges that both have leave little to compare (of 30 million pairs).
    assert set(overlays.calls) == {"crosses", "buffer", "coverage_invalid_edges", "coverage_union_all", "difference"}
    assert overlays.calls["difference"] == 2
    assert overlays.compared["crosses"] < 50_000


def voronoi(seed: int) -> tuple[list[Polygon], Polygon]:
    """Return cells around random places, vertices on seven decimals, and their outline."""
    places = np.random.default_rng(seed).uniform((91.0, 29.0), (91.02, 29.02), size=(25, 2))
    cells = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=box(91, 29, 91.02, 29.02))
    clipped = shapely.intersection(shapely.get_parts(cells), box(91, 29, 91.02, 29.02))
    # Noded together, so that every cell has the vertices of its neighbours; rounded once, so that they agree.
    lines = shapely.node(shapely.union_all(shapely.boundary(clipped), grid_size=1e-7))
    faces = list(shapely.get_parts(shapely.polygonize([lines])))
    return faces, shapely.coverage_union_all(faces)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_random_partition_is_clean(seed: int) -> None:
    cells, outline = voronoi(seed)

    assert findings_of([grid(str(i), cell) for i, cell in enumerate(cells)], as_multipolygon(outline)) == []


@given(st.integers(0, 10_000), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_vertex_moved_in_one_grid_alone_is_an_error(seed: int, data: st.DataObject) -> None:
    cells, outline = voronoi(seed)
    moved = data.draw(st.integers(0, len(cells) - 1))
    ring = shapely.get_coordinates(cells[moved])[:-1]
    vertex = data.draw(st.integers(0, len(ring) - 1))
    ring[vertex] += data.draw(st.sampled_from([(2e-7, 3e-7), (-4e-6, 1e-6), (1e-4, -2e-4)]))
    cells[moved] = Polygon(ring)

    findings = findings_of([grid(str(i), cell) for i, cell in enumerate(cells)], as_multipolygon(outline))

    assert errors_of(findings)


@pytest.mark.parametrize("rotate", [lambda points: points, lambda points: points[::-1]])
def test_ring_direction_does_not_matter(
    rotate: Callable[[list[tuple[float, float]]], list[tuple[float, float]]],
) -> None:
    west = Polygon(rotate(list(WEST.exterior.coords)))

    assert findings_of([grid("A", west), grid("B", EAST)], OUTLINE) == []
