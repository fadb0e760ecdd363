"""A town across 180 degrees is answered as the same town elsewhere: nothing but its longitudes is another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from psycopg import Connection
from psycopg.rows import dict_row
from shapely import MultiPolygon, affinity
from shapely.geometry.base import BaseGeometry

from geoservice.engine.index import OwnershipIndex
from tests import places
from tests.depth import depths
from tests.factories import insert, make_edition, make_jurisdiction, make_town
from tests.oracles import Lonlats, random_lonlats

#: Turns the town of `places` so far that the middle of its outline lies on 180 degrees.
TURN = 180 - places.OUTLINE.centroid.x


def turned(geom: BaseGeometry) -> BaseGeometry:
    """Return a shape turned around the earth's axis, with longitudes beyond 180 degrees."""
    return affinity.translate(geom, TURN)


def cut_by_hand(geom: BaseGeometry) -> MultiPolygon:
    """Return the same as RFC 7946 wants it, by nothing of ours."""
    east, west = (turned(geom).intersection(shapely.box(low, -90, low + 180, 90)) for low in (0, 180))
    west = affinity.translate(west, -360)
    return MultiPolygon([part for half in (east, west) for part in shapely.get_parts(half) if part.area])


def there(lonlats: Lonlats) -> Lonlats:
    """Return positions turned with the town, -180 to 180 degrees."""
    lon = lonlats[:, 0] + TURN
    return np.column_stack((np.where(lon > 180, lon - 360, lon), lonlats[:, 1]))


CUT = {code: cut_by_hand(geom) for code, geom in places.GRIDS.items()}


@pytest.fixture
def both_towns(connection: Connection[Any]) -> None:
    """Make the town of `places`, and the same across 180 degrees."""
    make_town(connection)
    outline = cut_by_hand(places.OUTLINE)
    make_edition(connection, make_jurisdiction(connection, code="across", outline=outline, metric_srid=32660), CUT)


def answers(connection: Connection[Any], lonlats: Lonlats, accuracy_m: float) -> list[dict[str, Any]]:
    query = """
        SELECT o.grid_code, o.grid_name, o.method, o.near_border, o.distance_to_border_m, o.candidates, o.unowned_reason
          FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, number),
               geoservice.owner_of(st_setsrid(st_makepoint(lon, lat), 4326), now(), %s) AS o ORDER BY number
    """
    lon, lat = lonlats.T.tolist()
    return connection.cursor(row_factory=dict_row).execute(query, [lon, lat, accuracy_m]).fetchall()


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether answers are the same; turning rounds a coordinate to 3 nm, and a place near a border by that."""
    return {**one, "distance_to_border_m": None, "candidates": None} == {
        **other, "distance_to_border_m": None, "candidates": None
    } and _told(one) == pytest.approx(_told(other), abs=2e-3)  # fmt: skip


def _told(answer: Mapping[str, Any]) -> dict[str, float]:
    told = {one["grid_code"]: one["distance_m"] for one in answer["candidates"] or ()}
    return {**told, "": -1 if answer["distance_to_border_m"] is None else answer["distance_to_border_m"]}


def asked(depth: int) -> Lonlats:
    """Return places in and around the town, most of them near 180 degrees when it is turned, none on a border."""
    west, south, east, north = shapely.buffer(places.OUTLINE, 0.0005).bounds
    middle = places.OUTLINE.centroid.x
    near = random_lonlats((middle - 2e-4, south, middle + 2e-4, north), depth, seed=1)
    found = np.concatenate([random_lonlats((west, south, east, north), depth, seed=2), near])
    borders = shapely.union_all([shapely.boundary(geom) for geom in places.GRIDS.values()])
    shapely.prepare(borders)
    return found[shapely.distance(borders, shapely.points(found)) > 1e-9]


@depths(150, 2_000)
@pytest.mark.parametrize("accuracy_m", [15, 400])
def test_database_answers_as_for_the_same_town_elsewhere(
    connection: Connection[Any], both_towns: None, depth: int, accuracy_m: float
) -> None:
    lonlats = asked(depth)

    here, across = answers(connection, lonlats, accuracy_m), answers(connection, there(lonlats), accuracy_m)

    assert [(one, other) for one, other in zip(here, across, strict=True) if not alike(one, other)] == []
    assert {one["method"] for one in across} == {"covers", "nearest", "none"}


@pytest.mark.usefixtures("both_towns")
def test_the_cut_is_no_border_and_180_is_minus_180(connection: Connection[Any]) -> None:
    _, south, _, north = places.OUTLINE.bounds
    lat = np.linspace(south - 3e-4, north + 3e-4, 60)
    here = answers(connection, np.column_stack((np.full(60, 180 - TURN), lat)), 30)

    east, west = (answers(connection, np.column_stack((np.full(60, lon), lat)), 30) for lon in (180, -180))

    assert east == west
    assert [(one, other) for one, other in zip(here, west, strict=True) if not alike(one, other)] == []


def _index(grids: Mapping[str, BaseGeometry]) -> OwnershipIndex:
    return OwnershipIndex.build(list(grids), list(grids.values()))


#: One grid more on the meridian of 0, so that no longitude is free for a cut.
AROUND = {**CUT, "far": shapely.box(-1, places.OUTLINE.bounds[1], 1, places.OUTLINE.bounds[3])}
FORMS = {
    "cut": CUT,
    "beyond 180": {code: turned(geom) for code, geom in places.GRIDS.items()},
    "jumping": {code: shapely.transform(geom, there) for code, geom in places.GRIDS.items()},
    "with others at 0": AROUND,
}  # fmt: skip


@depths(2_000, 100_000)
@pytest.mark.parametrize("form", FORMS)
def test_memory_answers_as_for_the_same_town_elsewhere(form: str, depth: int) -> None:
    here, across = _index(places.GRIDS), _index(FORMS[form])
    lonlats = asked(depth)

    one, other = here.lookup(*lonlats.T, all_distances=True), across.lookup(*there(lonlats).T, all_distances=True)

    names = np.array([*across.codes, None], dtype=object)
    assert np.array([*here.codes, None], dtype=object)[one.owner].tolist() == names[other.owner].tolist()
    assert one.method.tolist() == other.method.tolist()
    assert one.near_border.tolist() == other.near_border.tolist()
    assert other.distance_to_border_m == pytest.approx(one.distance_to_border_m, abs=1e-5, nan_ok=True)
    for (lon, lat), (far_lon, far_lat) in zip(lonlats[::20].tolist(), there(lonlats[::20]).tolist(), strict=True):
        single, twin = here.at(lon, lat, accuracy_m=200), across.at(far_lon, far_lat, accuracy_m=200)
        assert (single.method, single.near_border) == (twin.method, twin.near_border)
        near = {here.codes[grid]: metres for grid, metres in single.candidates}
        assert {across.codes[grid]: metres for grid, metres in twin.candidates} == pytest.approx(near, abs=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_memory_takes_180_for_minus_180(form: str) -> None:
    index = _index(FORMS[form])
    lat = np.linspace(places.OUTLINE.bounds[1] - 3e-4, places.OUTLINE.bounds[3] + 3e-4, 200)

    east, west = (index.lookup(np.full(200, lon), lat, accuracy_m=30) for lon in (180.0, -180.0))

    assert east.owner.tolist() == west.owner.tolist()
    assert east.distance_to_border_m == pytest.approx(west.distance_to_border_m, abs=1e-6, nan_ok=True)
    for one in lat.tolist():
        assert dict(index.at(180, one).candidates) == pytest.approx(dict(index.at(-180, one).candidates), abs=1e-6)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_grid_that_ends_at_180_is_near_from_the_other_side(connection: Connection[Any], side: int) -> None:
    west, east = sorted((side * 180, side * 179.99))
    shape = places.multi(shapely.box(west, 10, east, 10.01))
    make_edition(connection, make_jurisdiction(connection, code="e", outline=shape, metric_srid=32660), {"e": shape})
    beyond = np.array(
        [(-side * 179.9999, 10.005), (-side * 179.9997, 10.005), (side * 180, 10.005), (-side * 180, 10.005)]
    )

    found = answers(connection, beyond, 0)
    index = _index({"e": shape}).lookup(*beyond.T, accuracy_m=0)

    # A degree of longitude has 109,641 m there (Snyder 1987, p. 25).
    assert [one["method"] for one in found] == ["nearest", "none", "covers", "covers"]
    assert found[0]["distance_to_border_m"] == pytest.approx(10.964, abs=1e-3)
    assert index.method.tolist() == [1, 2, 0, 0]
    assert index.distance_to_border_m[0] == pytest.approx(10.964, abs=1e-3)


@pytest.mark.parametrize("lat", [90, -90, 89.9999999])
def test_the_poles_are_places_of_their_own(connection: Connection[Any], both_towns: None, lat: float) -> None:
    lonlats = np.array([(lon, lat) for lon in (-180, -90, 0, 77.7, 180)])

    assert {one["method"] for one in answers(connection, lonlats, 1000)} == {"none"}
    assert _index(CUT).lookup(*lonlats.T, accuracy_m=1000).method.tolist() == [2] * 5


@pytest.mark.usefixtures("both_towns")
def test_features_at_180_are_stored_on_one_side(connection: Connection[Any]) -> None:
    place = shapely.Point(180, places.CENTRE.lat)
    town = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'across'").fetchone()
    assert town is not None

    shop = insert(connection, "organisation", {"jurisdiction_id": town[0], "code": "o", "name": "shop", "kind": "other",
                                               "geom": place})  # fmt: skip
    stored = connection.execute("SELECT st_astext(geom) FROM geoservice.organisation WHERE code = 'o'").fetchone()

    assert stored == (f"POINT(-180 {places.CENTRE.lat})",)
    assert shop["grid_code"] is not None


def test_a_camera_that_sees_across_is_refused_with_what_to_do(connection: Connection[Any], both_towns: None) -> None:
    town = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'across'").fetchone()
    assert town is not None
    camera = {"jurisdiction_id": town[0], "code": "c", "geom": shapely.Point(-180, places.CENTRE.lat)}

    insert(connection, "camera", camera | {"bearing_deg": 270})
    with pytest.raises(psycopg.Error, match="What camera d sees reaches across") as refused:
        insert(connection, "camera", camera | {"code": "d", "bearing_deg": 270, "fov_deg": 60, "range_m": 50})

    assert (
        refused.value.diag.message_hint == "Leave out how far it sees (range_m): its place is stored without a sector."
    )
