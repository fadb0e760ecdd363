"""Defects narrower than the tolerance are closed, wider ones are left, and nothing else moves by a bit."""

from __future__ import annotations

import json
from dataclasses import replace as with_fields
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.healing import Healing, healed
from geoservice.domain.validating.topology import findings_of
from layers.grids.model import Finding, GridShape, has_errors
from tests.places import UNIT, area, multi

Grids = list[GridShape]
#: About a centimetre, in units of the drawing.
CM = 1e-7 / UNIT
CENTRE = list(area(8, 8, 16, 16).exterior.coords)


def with_shape(grids: Grids, code: str, shape: shapely.Geometry) -> Grids:
    return [with_fields(grid, geom=multi(shape)) if grid.code == code else grid for grid in grids]


def rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings if finding.severity == "error"}


def sound(result: Healing, outline: MultiPolygon) -> bool:
    return not has_errors(findings_of(result.grids, outline))


def test_partition_is_given_back_as_it_is(squares: Grids, outline: MultiPolygon) -> None:
    result = healed(squares, outline, 0.5)

    assert result.changes == ()
    assert all(one is other for one, other in zip(result.grids, squares, strict=True))


@pytest.mark.parametrize(("shape", "rule"), [
    pytest.param(area(8 + CM, 8, 16, 16), "gap", id="gap"),
    pytest.param(area(8 - CM, 8, 16, 16), "overlap", id="overlap"),
    pytest.param(area(8 + CM, 8 - CM, 16 - CM, 16 + CM), "overlap", id="shifted"),
    pytest.param(
        Polygon([*CENTRE[:2], (91.7617, 29.26562510), *CENTRE[2:]]),
        "overlap", id="vertex beside a border",
    ),
])  # fmt: skip
def test_defect_of_a_centimetre_is_closed(squares: Grids, outline: MultiPolygon, shape: Polygon, rule: str) -> None:
    broken = with_shape(squares, "11", shape)
    assert rule in rules(findings_of(broken, outline))

    result = healed(broken, outline, 0.1)

    assert sound(result, outline)
    assert 0 < result.moved_m2 < 40
    assert {grid.code for grid in result.grids} == {grid.code for grid in squares}
    assert "22" not in {change.code for change in result.changes} or rule == "overlap"


def test_spill_and_gap_at_the_outline_are_closed_when_asked(squares: Grids, outline: MultiPolygon) -> None:
    broken = with_shape(with_shape(squares, "01", area(8, -CM, 16, 8)), "21", area(8, 16, 16, 24 - CM))
    assert rules(findings_of(broken, outline)) >= {"spill", "gap"}

    assert sound(healed(broken, outline, 0.1), outline)
    assert rules(findings_of(healed(broken, outline, 0.1, fit_outline=False).grids, outline)) >= {"spill", "gap"}


def test_vertex_missing_at_a_junction_is_put(squares: Grids, outline: MultiPolygon) -> None:
    halves = [grid for grid in verbs.split(squares, "11", multi_line()).put if grid.code in ("11", "11-2")]
    broken = [grid for grid in squares if grid.code != "11"] + halves
    assert rules(findings_of(broken, outline)) == {"unmatched-edge"}

    result = healed(broken, outline, 0.1)

    assert sound(result, outline)
    assert {change.code: change.vertices_added for change in result.changes} == {"10": 1, "12": 1}
    assert result.moved_m2 == 0


def multi_line() -> shapely.LineString:
    return shapely.LineString([area(8, 11, 16, 11).bounds[:2], area(8, 11, 16, 11).bounds[2:]])


def pair(west: Polygon, east: Polygon) -> Grids:
    return [GridShape(code, code, None, None, multi(shape)) for code, shape in (("w", west), ("e", east))]


#: A border that slants, so that no vertex put into it lies on it exactly.
FOOT, TOP = (11.742, 49.2), (11.757, 49.3)
FRAME = multi(box(11.7, 49.2, 11.8, 49.3))


@pytest.mark.parametrize("off", [0.0, 2e-15, 1e-13, 2e-11, -2e-11, 5e-10, -5e-10, 1e-8])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fit_outline", [True, False])
def test_vertices_that_one_side_lacks_are_matched_however_near_they_lie(
    seed: int, off: float, fit_outline: bool
) -> None:
    shares = np.sort(np.random.default_rng(seed).uniform(0.02, 0.98, 3))[:, None]
    vertices = (np.array(FOOT) + shares * (np.array(TOP) - FOOT) + (off, 0)).tolist()
    west = Polygon([(11.7, 49.2), FOOT, *vertices, TOP, (11.7, 49.3)])
    east = Polygon([FOOT, (11.8, 49.2), (11.8, 49.3), TOP])

    result = healed(pair(west, east), FRAME, 0.5, fit_outline=fit_outline)

    assert sound(result, FRAME)
    assert result.moved_m2 < 1e-3 + abs(off) * 3e9  # on both sides of a border of 11 km


@pytest.mark.parametrize("bits", [1, -1, 2, -2, 7, -30])
def test_neighbours_that_are_a_bit_apart_are_brought_together(bits: int) -> None:
    west = Polygon([(11.7, 49.2), (11.75, 49.2), (11.75, 49.25), (11.75, 49.3), (11.7, 49.3)])
    east = Polygon([(11.75, 49.2), (11.8, 49.2), (11.8, 49.3), (11.75, 49.3), (11.75 + bits * 2**-49, 49.25)])
    broken = pair(west, east)
    assert rules(findings_of(broken, FRAME)) == {"unmatched-edge"}

    assert sound(healed(broken, FRAME, 0.5), FRAME)


def test_borders_tangled_by_a_millionth_of_a_millionth_of_a_degree_are_healed() -> None:
    """Seven grids, each widened and bevelled by itself by 1e-12 degree: what one round leaves another mends."""
    tangled = json.loads((Path(__file__).parent / "tangled.json").read_text())
    grids = [GridShape(str(n), "g", None, None, multi(Polygon(ring))) for n, ring in enumerate(tangled["areas"])]
    outline = multi(Polygon(tangled["outline"]))

    assert sound(healed(grids, outline, 0.5), outline)


def test_two_borders_that_run_apart_from_a_corner_of_the_outline_are_not_one_border() -> None:
    # Between them lies a wedge that is nobody's; a vertex near its tip is near both.
    tip = np.array((11.75, 49.25))
    along = tip + 3e-9 * np.array((np.cos(0.3), np.sin(0.3)))
    end = tip + 0.01 * np.array((np.cos(0.3), np.sin(0.3)))
    one = Polygon([tuple(tip), tuple(along), tuple(end), (11.75, 49.3), (11.7, 49.3), (11.7, 49.25)])
    other = Polygon([tuple(tip), (11.7, 49.25), (11.7, 49.2), (11.76, 49.25)])

    assert rules(findings_of(pair(one, other), multi(one.union(other)))) == set()


def test_a_strip_along_two_grids_is_shared_between_them(squares: Grids, outline: MultiPolygon) -> None:
    # 00 and 10 stop short of the rim in the west, and short of nobody else.
    short = with_shape(with_shape(squares, "00", area(CM, 0, 8, 8)), "10", area(CM, 8, 8, 16))

    result = healed(short, outline, 0.1)

    assert sound(result, outline)
    assert [change.code for change in result.changes if change.gained_m2 or change.lost_m2] == ["00", "10"]
    assert all(
        shape.equals(squares[number].geom) for number, shape in ((0, result.grids[0].geom), (3, result.grids[3].geom))
    )


@pytest.mark.parametrize("shape", [area(8.1, 8, 16, 16), area(7.9, 8, 16, 16)])
def test_what_is_wider_than_the_tolerance_stays_a_finding(
    squares: Grids, outline: MultiPolygon, shape: Polygon
) -> None:
    broken = with_shape(squares, "11", shape)

    result = healed(broken, outline, 0.5)

    assert rules(findings_of(result.grids, outline)) & {"gap", "overlap"}
    assert result.moved_m2 == 0


def test_hole_in_the_middle_stays_a_gap(squares: Grids, outline: MultiPolygon) -> None:
    result = healed(applied(squares, verbs.retire(squares, "11")), outline, 5)

    assert result.changes == ()
    assert rules(findings_of(result.grids, outline)) == {"gap", "area-sum"}


def test_ring_that_touches_itself_is_mended(squares: Grids, outline: MultiPolygon) -> None:
    ring = list(area(8, 8, 16, 16).exterior.coords)
    spike = Polygon([*ring[:2], (ring[1][0] + 0.001, ring[1][1] + 0.0001), *ring[1:]])
    broken = with_shape(squares, "11", spike)
    assert not spike.is_valid

    result = healed(broken, outline, 0.1)

    assert sound(result, outline)
    assert [change.code for change in result.changes if change.mended] == ["11"]


def test_grid_without_a_shape_stays_without(squares: Grids, outline: MultiPolygon) -> None:
    empty = GridShape("E", "e", None, None, None)

    assert healed([*squares, empty], outline, 0.1).grids[-1] is empty


def test_progress_is_told_from_nought_to_one(squares: Grids, outline: MultiPolygon) -> None:
    told: list[float] = []

    healed(
        with_shape(squares, "11", area(8 + CM, 8, 16, 16)), outline, 0.1, progress=lambda share, _: told.append(share)
    )

    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)


@pytest.mark.parametrize("seed", range(4))
def test_every_vertex_of_every_grid_off_by_centimetres_is_healed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.uniform((91.0, 29.0), (91.02, 29.02), size=(20, 2))
    frame = box(91, 29, 91.02, 29.02)
    voronoi = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=frame)
    cells = shapely.intersection(shapely.get_parts(voronoi), frame)
    grids = []
    for number, cell in enumerate(cells):
        ring = shapely.get_coordinates(cell)[:-1]
        grids.append(GridShape(str(number), "g", None, None, multi(Polygon(ring + rng.normal(0, 2e-7, ring.shape)))))

    result = healed(grids, multi(frame), 0.5)

    assert has_errors(findings_of(grids, multi(frame)))
    assert sound(result, multi(frame))
    assert all(change.lost_m2 < 2000 and change.gained_m2 < 2000 for change in result.changes)


@pytest.mark.data
def test_two_districts_rounded_to_a_decimetre_is_healed(test_data: Path) -> None:
    parts: dict[str, list[Polygon]] = {}
    text = (test_data / "chicago" / "beats_from_2012-12-19.geojson").read_text()
    for feature in json.loads(text)["features"]:
        polygons = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
        if feature["properties"]["district"] in ("001", "018"):  # the shore of the lake
            parts.setdefault(feature["properties"]["beat"], []).extend(polygons)
    outline = multi(shapely.coverage_union_all([MultiPolygon(polygons) for polygons in parts.values()]))
    grids = [
        GridShape(code, code, None, None, multi(shapely.transform(MultiPolygon(polygons), lambda xy: np.round(xy, 6))))
        for code, polygons in parts.items()
    ]

    result = healed(grids, outline, 0.5)

    assert sound(result, outline)
    assert result.moved_m2 < 1000
