"""How an owner was reached and how far the border is: as the rule says, as GEOS measures, as the database answers."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import psycopg
import pytest
import shapely
from shapely.affinity import affine_transform

from geoservice.engine import nearest
from geoservice.engine.answers import Answers, Method
from geoservice.engine.index import OwnershipIndex
from tests.depth import depths
from tests.geoservice.engine.partitions import TRAPS, Grids, beside_borders, crowded_cell, trying_lonlats, voronoi
from tests.oracles import Lonlats, border_distance_m, owners_by_covers, random_lonlats
from tests.places import GRIDS, PLACES, WEST

pytestmark = pytest.mark.usefixtures("each_engine")
#: Sums of a thousand metres in doubles.
ROUNDING_M = 1e-7
#: Grids as near as each other to this are equally near.
STEP_M = 1e-6
#: At the poles a metre is a matter of opinion: a degree of longitude has no length there. Crowds take long.
MEASURED_TRAPS = [
    pytest.param(trap, marks=pytest.mark.slow) if trap in ("crowded cell", "fan") else trap
    for trap in TRAPS
    if trap not in ("at the edge of the earth", "unsound")
]
METHODS = {Method.COVERS: "covers", Method.NEAREST: "nearest", Method.NONE: "none"}


def index_of(grids: Grids) -> OwnershipIndex:
    return OwnershipIndex.build(list(grids), list(grids.values()))


def in_plane_m(grids: Grids, lon: float, lat: float) -> dict[str, float]:
    """Return the distance to each border in the plane of a position, written out from Snyder once more."""
    sine = math.sin(math.radians(lat))
    swell = 1 - 0.00669437999014 * sine * sine
    lon_m = math.radians(6378137 * math.cos(math.radians(lat)) / math.sqrt(swell))
    lat_m = math.radians(6378137 * (1 - 0.00669437999014) / swell**1.5)
    turn = [lon_m, 0, 0, lat_m, -lon * lon_m, -lat * lat_m]
    return {code: affine_transform(shapely.boundary(geom), turn).distance(shapely.Point(0, 0))
            for code, geom in grids.items()}  # fmt: skip


def check(grids: Grids, lonlats: Lonlats, *, accuracy_m: float = 15, snap_m: float = 25, all_m: bool = False) -> None:
    """Compare every column with the rule, position by position."""
    index = index_of(grids)
    found = index.lookup(*lonlats.T, accuracy_m=accuracy_m, snap_tolerance_m=snap_m, all_distances=all_m)
    for number, code in enumerate(owners_by_covers(grids, lonlats)):
        distances = in_plane_m(grids, *lonlats[number])
        owner = [*index.codes, None][found.owner[number]]
        if code is None:
            distance, reach = min(distances.values()), max(snap_m, accuracy_m)
            if abs(distance - snap_m) <= ROUNDING_M:
                continue  # either answer is right
            assert found.method[number] == (Method.NEAREST if distance <= snap_m else Method.NONE)
            assert owner is None if distance > snap_m else distances[owner] <= distance + STEP_M
        else:
            distance, reach = distances[code], math.inf if all_m else accuracy_m
            assert (owner, found.method[number]) == (code, Method.COVERS)
        if min(abs(distance - accuracy_m), abs(distance - reach)) > ROUNDING_M:
            assert found.near_border[number] == (distance < accuracy_m)
            expected = distance if distance <= reach else math.nan
            assert found.distance_to_border_m[number] == pytest.approx(expected, abs=1e-6, rel=1e-9, nan_ok=True)


def test_of_equally_near_grids_the_smallest_code_owns() -> None:
    """South of the outline's vertices, where two grids meet each: both are exactly as far."""
    grids = {code: shapely.box(i / 64, 0, (i + 1) / 64, 1 / 64) for i, code in enumerate(["9", "10", "a", "B"])}
    index = index_of(grids)

    found = index.lookup([1 / 64, 2 / 64, 3 / 64], [-1e-4] * 3)

    assert [index.codes[owner] for owner in found.owner] == ["10", "10", "B"]


def test_named_places_are_answered_as_by_hand() -> None:
    index = index_of(GRIDS)

    found = index.lookup([place.lon for place in PLACES], [place.lat for place in PLACES])

    assert [[*index.codes, None][owner] for owner in found.owner] == [place.owner for place in PLACES]
    assert [METHODS[Method(method)] for method in found.method] == [place.method for place in PLACES]


@depths(1_000, 20_000)
@pytest.mark.parametrize("trap", MEASURED_TRAPS)
def test_no_trap_makes_a_distance_wrong(trap: str, depth: int) -> None:
    grids = TRAPS[trap]()
    lonlats = trying_lonlats(grids, 200)
    some = lonlats[np.random.default_rng(6).permutation(len(lonlats))[: depth // (20 + len(grids))]]

    check(grids, some)
    check(grids, some, accuracy_m=1000, snap_m=0.5, all_m=True)


def test_places_around_the_outline_get_the_nearest_grid() -> None:
    grids = voronoi(12)
    west, south = 91.70, 29.20
    around = random_lonlats((west - 6e-4, south, west, south + 0.15), 400, seed=1)

    check(grids, around)
    check(grids, around, accuracy_m=50, snap_m=10)


def test_community_is_measured_as_geos_measures(community_grids: Grids) -> None:
    check(community_grids, trying_lonlats(community_grids, 300)[:600], all_m=True)


def test_distance_is_the_geodesic_one_to_a_thousandth() -> None:
    index = index_of(GRIDS)
    lonlats = random_lonlats((WEST, 29.25, WEST + 4 / 1024, 29.25 + 10 / 1024), 20, seed=2)

    found = index.lookup(*lonlats.T, all_distances=True)

    for owner, measured, (lon, lat) in zip(found.owner, found.distance_to_border_m, lonlats, strict=True):
        assert measured == pytest.approx(border_distance_m(GRIDS[index.codes[owner]], lon, lat), rel=1e-3)


@pytest.mark.parametrize("lonlats", [[], [(np.nan, 29.2)], [(91.7, np.inf)], [(500.0, 29.2)], [(0.0, -90.0)]])
def test_what_is_no_place_or_far_away_is_answered_none(lonlats: list[tuple[float, float]]) -> None:
    found: Answers = index_of(GRIDS).lookup(*np.array(lonlats).reshape(-1, 2).T, all_distances=True)

    assert found.owner.tolist() == [-1] * len(lonlats)
    assert found.method.tolist() == [Method.NONE] * len(lonlats)
    assert not found.near_border.any()
    assert np.isnan(found.distance_to_border_m).all()


def test_no_grids_no_nearest() -> None:
    found = OwnershipIndex.build([], []).lookup([91.7], [29.2])

    assert found.method.tolist() == [Method.NONE]


@pytest.mark.parametrize("metres", [-1, 1000.5, math.nan, math.inf])
def test_a_tolerance_beyond_a_kilometre_is_refused(metres: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1000"):
        index_of(GRIDS).lookup([91.7], [29.2], accuracy_m=metres)
    with pytest.raises(ValueError, match="between 0 and 1000"):
        index_of(GRIDS).lookup([91.7], [29.2], snap_tolerance_m=metres)


SQL = """
    SELECT (o).grid_code, (o).method, (o).near_border, (o).distance_to_border_m
      FROM (SELECT number, geoservice.owner_of(st_setsrid(st_makepoint(lon, lat), 4326), now(), 15, 1) AS o
              FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, number)) AS answers
     ORDER BY number
"""


@pytest.mark.slow
def test_the_database_answers_the_same(community_url: str, community_grids: Grids) -> None:
    west, south, east, north = shapely.total_bounds(list(community_grids.values()))
    lonlats = np.concatenate((
        random_lonlats((west - 1e-3, south - 1e-3, east + 1e-3, north + 1e-3), 10_000, seed=9),
        beside_borders(community_grids, 5_000),
        shapely.get_coordinates(list(community_grids.values())),
    ))  # fmt: skip
    index = index_of(community_grids)

    with psycopg.connect(community_url) as connection:
        rows = connection.execute(SQL, [column.tolist() for column in lonlats.T]).fetchall()
    found = index.lookup(*lonlats.T, all_distances=True)

    codes, methods, near, distances = zip(*rows, strict=True)
    assert [[*index.codes, None][owner] for owner in found.owner] == list(codes)
    assert [METHODS[Method(method)] for method in found.method] == list(methods)
    assert found.near_border.tolist() == list(near)
    expected = np.array([math.nan if distance is None else distance for distance in distances])
    np.testing.assert_allclose(found.distance_to_border_m, expected, rtol=1e-9, atol=1e-6)


@pytest.mark.slow
def test_memory_stays_bounded_where_thousands_of_edges_are_near() -> None:
    grids = crowded_cell(2000)
    index, lonlats = index_of(grids), beside_borders(grids, 1000)
    index.warm()
    index.lookup(*lonlats[:10].T)

    tracemalloc.start()
    index.lookup(*lonlats.T, all_distances=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # All pairs of a place and an edge in its list at once would take a hundred megabytes and more.
    assert peak < 30e6


@pytest.mark.slow
def test_pieces_give_the_answers_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    grids = voronoi(50)
    lonlats = trying_lonlats(grids, 2000)
    whole = index_of(grids).lookup(*lonlats.T, all_distances=True)

    monkeypatch.setattr(nearest, "_PAIRS_AT_A_TIME", 13)
    pieces = index_of(grids).lookup(*lonlats.T, all_distances=True)

    for name in ("owner", "method", "near_border", "distance_to_border_m"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name), equal_nan=name.startswith("dist"))
