"""Part 2: coordinates in every reference system that is offered, in the order of axes that its authority says."""

from __future__ import annotations

import pyproj
import pytest

from layers.catalogue import catalogue
from tests.geoservice.ogc.test_standard import CRS84, EPSG, ROOT, get, positions
from tests.geoservice.web.door import Door

every_collection = pytest.mark.parametrize("collection", catalogue())


def test_the_reference_systems_of_a_jurisdiction(door: Door) -> None:
    offered = get(door, f"{ROOT}/collections/grids").json["crs"]

    assert offered == [CRS84, *(f"{EPSG}{srid}" for srid in (4540, 3857, 4326, 4490))]


@every_collection
def test_coordinates_are_those_of_the_authority(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items"
    told = get(door, f"{path}?limit=5").json["features"]
    for uri in get(door, f"{ROOT}/collections/{collection}").json["crs"][1:]:
        response = get(door, f"{path}?limit=5&crs={uri}")
        assert response.headers["Content-Crs"] == f"<{uri}>"
        # Without always_xy pyproj tells axes in the order of the authority.
        there = pyproj.Transformer.from_crs(4326, int(uri.rpartition("/")[2]))
        for plain, turned in zip(told, response.json["features"], strict=True):
            if plain["geometry"] is None:
                continue
            lon, lat = next(positions(plain["geometry"]["coordinates"]))
            wanted = there.transform(lat, lon)
            # A unit of the last decimal, on both sides: of degrees 9 are told, of metres 4.
            last = 2e-9 if there.target_crs.is_geographic else 2e-4
            assert next(positions(turned["geometry"]["coordinates"])) == pytest.approx(wanted, rel=0, abs=last), uri
        alone = get(door, f"{path}/{told[0]['id']}?crs={uri}")
        assert alone.headers["Content-Crs"] == f"<{uri}>"
        assert alone.json["geometry"] == response.json["features"][0]["geometry"]


@every_collection
def test_a_box_finds_the_same_in_every_reference_system(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items?limit=10000&properties="
    low, high = (29.238, 91.768), (29.242, 91.773)
    wanted = {one["id"] for one in get(door, f"{path}&bbox={low[1]},{low[0]},{high[1]},{high[0]}").json["features"]}
    for srid in (4326, 4490, 3857, 4540):
        there = pyproj.Transformer.from_crs(4326, srid)
        corners = [*there.transform(*low), *there.transform(*high)]
        box = ",".join(f"{number:.9f}" for number in corners)
        found = {one["id"] for one in get(door, f"{path}&bbox={box}&bbox-crs={EPSG}{srid}").json["features"]}
        # A box of another projection is not quite the same ground.
        assert len(found ^ wanted) <= (0 if srid in (4326, 4490, 3857) else max(2, len(wanted) // 10)), srid
        filtered = f"filter=S_INTERSECTS(geom,BBOX({box}))&filter-crs={EPSG}{srid}"
        where_placed = {one["id"] for one in get(door, f"{path}&{filtered}").json["features"]}
        assert where_placed <= found


@every_collection
@pytest.mark.parametrize("srid", [4540, 3857])
def test_a_box_around_what_is_told_holds_all_of_it(door: Door, collection: str, srid: int) -> None:
    path = f"{ROOT}/collections/{collection}/items?limit=10000"
    told = get(door, f"{path}&crs={EPSG}{srid}").json["features"]
    places = [one["geometry"]["coordinates"] for one in told if one["geometry"]]
    xs, ys = zip(*(xy for place in places for xy in positions(place)), strict=True)
    box = f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"

    found = get(door, f"{path}&bbox={box}&bbox-crs={EPSG}{srid}").json["features"]

    assert [one["id"] for one in found] == [one["id"] for one in told]


def test_axes_in_the_wrong_order_are_seen_where_they_can_be(door: Door) -> None:
    path = f"{ROOT}/collections/cameras/items"
    for query in (f"bbox=91,29,92,30&bbox-crs={EPSG}4326", f"bbox=1e9,1e9,2e9,2e9&bbox-crs={EPSG}4540"):
        assert door.client.get(f"{path}?{query}").status_code == 400, query
