"""The index answers as GEOS does, everywhere."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geoservice.engine.building import best_lattice
from geoservice.engine.edges import NotAnArea, areas_of, edges_of
from geoservice.engine.index import CHUNK, OwnershipIndex
from tests.depth import depths
from tests.geoservice.engine.partitions import TRAPS, Grids, steps_beside_vertices, trying_lonlats, voronoi
from tests.oracles import Lonlats, owners_by_covers, probes, random_lonlats
from tests.places import GRIDS, PLACES

pytestmark = pytest.mark.usefixtures("each_engine")


def index_of(grids: Grids) -> OwnershipIndex:
    return OwnershipIndex.build(list(grids), list(grids.values()))


def answers(index: OwnershipIndex, lonlats: Lonlats) -> list[str | None]:
    names = [*index.codes, None]
    return [names[owner] for owner in index.owners(lonlats[:, 0], lonlats[:, 1])]


def disagreements(grids: Grids, lonlats: Lonlats) -> list[tuple[list[float], str | None, str | None]]:
    """Return (position, index's answer, GEOS's answer) wherever they differ."""
    ours, theirs = answers(index_of(grids), lonlats), owners_by_covers(grids, lonlats)
    return [(lonlats[i].tolist(), ours[i], theirs[i]) for i in range(len(lonlats)) if ours[i] != theirs[i]]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_named_place_has_the_owner_found_by_hand(place) -> None:
    covered = place.owner if place.method == "covers" else None

    assert answers(index_of(GRIDS), np.array([[place.lon, place.lat]])) == [covered]


@depths(1_000, 5_000)
@pytest.mark.parametrize("trap", TRAPS)
def test_no_trap_makes_an_answer_differ_from_geos(trap: str, depth: int) -> None:
    grids = TRAPS[trap]()

    assert disagreements(grids, trying_lonlats(grids, depth)) == []


@depths(10_000, 50_000)
def test_community_answers_as_geos(community_grids: Grids, depth: int) -> None:
    assert disagreements(community_grids, trying_lonlats(community_grids, depth)) == []


@pytest.mark.data
@depths(10_000, 50_000)
def test_chicago_answers_as_geos(chicago_grids: Grids, depth: int) -> None:
    assert disagreements(chicago_grids, trying_lonlats(chicago_grids, depth)) == []


@pytest.mark.parametrize("at", ["reference", "corner"])
def test_vertices_and_edges_exactly_where_the_lattice_has_its_own_places_answer_as_geos(at: str) -> None:
    """Three edges through, or one step of a double beside, a place from which or at which cells are decided."""
    pins = [box(91, 29, 91 + 2.0**-9, 29 + 2.0**-9), box(92 - 2.0**-9, 30 - 2.0**-9, 92, 30)]
    lattice = best_lattice(edges_of(areas_of(["a", "b"], pins)))
    grids: Grids = {"pin 1": pins[0], "pin 2": pins[1]}
    spots = []
    for number in range(60):
        cell = (200 + 7 * number) * lattice.columns + 150 + 5 * number
        x, y = (float(place[0]) for place in lattice.reference(np.array([cell])))
        if at == "corner":
            x, y = (
                lattice.west + (150 + 5 * number) / lattice.per_lon,
                lattice.south + (200 + 7 * number) / lattice.per_lat,
            )
        x += (number % 5 - 2) * np.spacing(x)
        w, h = 0.2 / lattice.per_lon, 0.15 / lattice.per_lat
        # By turns a vertex at the place, an edge whose middle it is, a level one and an upright one.
        shapes = ([(x, y), (x + w, y + h), (x - w, y + 2 * h)], [(x - w, y - h), (x + w, y + h), (x - w, y + h)],
                  [(x - 2 * w, y), (x + 2 * w, y), (x, y - h)], [(x, y - h), (x, y + 3 * h), (x + w, y)])  # fmt: skip
        grids[f"{number}"] = Polygon(shapes[number % 4])
        spots.append(random_lonlats((x - 5 * w, y - 5 * h, x + 5 * w, y + 5 * h), 300, seed=number))
    lonlats = np.concatenate([*spots, probes(grids), steps_beside_vertices(grids, 1000)])

    found = best_lattice(edges_of(areas_of(list(grids), list(grids.values()))))

    assert found == lattice, "the test is about the wrong places"
    assert disagreements(grids, lonlats) == []


corners = st.tuples(st.integers(0, 6), st.integers(0, 6))
rings = st.lists(corners, min_size=3, max_size=7, unique=True)


@depths(30, 300)
def test_any_polygons_on_a_small_board_answer_as_geos(depth: int) -> None:
    """All that can coincide on a board of 7 by 7 does: borders, corners, twins, overlaps, holes, rings in a knot."""

    @given(st.lists(rings, min_size=1, max_size=6), st.sampled_from([(91.0, 29.0, 2.0**-9), (-180.0, -90.0, 0.1)]))
    @settings(max_examples=depth, deadline=None)
    def holds(shapes: list, frame: tuple[float, float, float]) -> None:
        west, south, step = frame
        grids = {
            str(n): Polygon([(west + x * step, south + y * step) for x, y in ring]) for n, ring in enumerate(shapes)
        }
        spots = np.array([(west + x * step / 4, south + y * step / 4) for x in range(-2, 27) for y in range(-2, 27)])
        assert disagreements(grids, spots) == []

    holds()


@given(st.integers(1, 60), st.integers(0, 2**32 - 1), st.floats(-179, 178), st.floats(-89, 88), st.floats(1e-9, 1))
@settings(max_examples=40, deadline=None)
def test_any_partition_of_any_size_anywhere_answers_as_geos(
    count: int, seed: int, west: float, south: float, size: float
) -> None:
    rng = np.random.default_rng(seed)
    corner, side = np.array((west, south)), np.array((size, size * 0.7))
    seeds = shapely.MultiPoint(corner + rng.random((count, 2)) * side)
    faces = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=box(*corner, *(corner + side))))
    grids: Grids = {f"{n}": face for n, face in enumerate(faces) if not face.is_empty}
    if grids:
        assert disagreements(grids, trying_lonlats(grids, 500, seed=seed)) == []


NOWHERE = [np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-308, 181.0, -0.0]


def test_what_is_no_place_has_no_owner_and_warns_nobody() -> None:
    pairs = np.array([(lon, lat) for lon in (*NOWHERE, 91.754) for lat in (*NOWHERE, 29.254)])

    found = answers(index_of(GRIDS), pairs)

    assert found[:-1] == [None] * (len(pairs) - 1)
    assert found[-1] is not None


def test_what_is_masked_has_no_owner() -> None:
    place = next(place for place in PLACES if place.method == "covers")
    lons, lats = (np.ma.array([each, each], mask=[False, True]) for each in (place.lon, place.lat))

    index = index_of(GRIDS)

    assert index.owners(lons, lats).tolist() == [index.codes.index(str(place.owner)), -1]
    assert index.lookup(lons, lats).owner[1] == -1


def test_codes_are_in_byte_order() -> None:
    assert index_of(GRIDS).codes == ("10", "9", "B", "a", "网")


def test_a_code_that_comes_twice_is_one_grid_of_two_parts() -> None:
    index = OwnershipIndex.build(["b", "a", "b"], [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)])

    assert index.codes == ("a", "b")
    assert index.owners([0.5, 1.5, 2.5, 2.0], [0.5, 0.5, 0.5, 0.5]).tolist() == [1, 0, 1, 0]


def test_nothing_owns_where_there_are_no_grids() -> None:
    assert OwnershipIndex.build([], []).owners([0.0], [0.0]).tolist() == [-1]
    assert OwnershipIndex.build(["a"], [Polygon()]).owners([0.0], [0.0]).tolist() == [-1]


def test_no_positions_no_answers() -> None:
    assert index_of(GRIDS).owners([], []).tolist() == []


@pytest.mark.parametrize("geom", [None, Point(0, 0), Polygon([(0, 0), (1, 0), (np.inf, 1)])])
def test_what_is_no_area_is_refused_with_its_code(geom: BaseGeometry | None) -> None:
    with pytest.raises(NotAnArea) as refusal:
        OwnershipIndex.build(["a", "b"], [box(0, 0, 1, 1), geom])

    assert refusal.value.fields == {"grid_code": "b"}


@pytest.mark.parametrize("columns", [([0.0], [0.0, 1.0]), ([[0.0]], [[0.0]])])
def test_positions_come_as_two_equal_columns(columns: Sequence) -> None:
    with pytest.raises(ValueError, match=r"lon and lat|columns"):
        index_of(GRIDS).owners(*columns)


def test_threads_and_a_pickled_copy_give_the_same_answers() -> None:
    grids = voronoi(50)
    index = index_of(grids)
    lon, lat = random_lonlats((91.69, 29.19, 91.91, 29.36), 5 * CHUNK + 17, seed=2).T

    once = index.owners(lon, lat)

    assert (index.owners(lon, lat, threads=3) == once).all()
    assert (index.owners(lon, lat, threads=0) == once).all()
    assert (pickle.loads(pickle.dumps(index)).owners(lon, lat) == once).all()  # noqa: S301 - our own


def test_many_callers_at_once_on_borders_get_the_same_answers() -> None:
    """Prepared polygons are filled in when first asked: eight threads ask at once, all of them for GEOS."""
    grids = voronoi(100)
    lon, lat = np.concatenate([shapely.get_coordinates(grid) for grid in grids.values()]).T
    want = index_of(grids).owners(lon, lat).tolist()
    index = index_of(grids)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: index.owners(lon, lat).tolist(), range(16)))

    assert found == [want] * 16


def test_memory_is_stated_and_small() -> None:
    assert 2_000_000 < index_of(voronoi(3000)).nbytes < 20_000_000
