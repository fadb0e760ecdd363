"""OGC API Tiles, part 1 (20-057, annex A), asked of every collection, and who is told what by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

import pytest
from sqlalchemy import event

from geoservice.auth import permissions
from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission
from layers.catalogue import catalogue
from tests.geoservice.ogc.test_standard import CRS84, EPSG, ROOT, get, links
from tests.geoservice.web.door import Door
from tests.tilegen.decoding import features_of

REL = "http://www.opengis.net/def/rel/ogc/1.0"
QUAD_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
MVT = "application/vnd.mapbox-vector-tile"
TILED = sorted(one.id for one in catalogue().values() if one.tiling is not None)
#: Matrix, row and column in the middle of the demo.
MIDDLE = "14/6799/12368"
every_tiled = pytest.mark.parametrize("collection", TILED)


def tiles(collection: str) -> str:
    return f"{ROOT}/collections/{collection}/tiles/WebMercatorQuad"


@contextmanager
def statements(door: Door) -> Iterator[list[str]]:
    """Yield what is asked of the database meanwhile."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(door.services.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(door.services.database.engine, "before_cursor_execute", note)


def test_the_tile_matrix_set_is_that_of_the_register(door: Door) -> None:
    (listed,) = get(door, f"{ROOT}/tileMatrixSets").json["tileMatrixSets"]
    (way,) = links(get(door, ROOT).json, f"{REL}/tiling-schemes")
    quad = get(door, listed["links"][0]["href"].removeprefix("http://localhost")).json

    assert way["href"].endswith(f"{ROOT}/tileMatrixSets")
    assert (listed["id"], listed["uri"], quad["uri"]) == ("WebMercatorQuad", QUAD_URI, QUAD_URI)
    assert (quad["crs"], quad["id"]) == (f"{EPSG}3857", "WebMercatorQuad")
    assert [one["id"] for one in quad["tileMatrices"]] == [str(zoom) for zoom in range(25)]
    finest = quad["tileMatrices"][16]
    assert (finest["matrixWidth"], finest["tileWidth"]) == (2**16, 256)
    assert finest["cellSize"] == pytest.approx(2.388657133911758)
    assert finest["pointOfOrigin"] == pytest.approx([-20037508.342789244, 20037508.342789244])
    assert door.client.get(f"{ROOT}/tileMatrixSets/WorldCRS84Quad").status_code == 404


@pytest.mark.parametrize("collection", catalogue())
def test_a_collection_leads_to_its_tiles_if_it_has_some(door: Door, collection: str) -> None:
    ways = links(get(door, f"{ROOT}/collections/{collection}").json, f"{REL}/tilesets-vector")

    if collection not in TILED:
        assert ways == []
        for path in ("", "/WebMercatorQuad", f"/WebMercatorQuad/{MIDDLE}"):
            assert door.client.get(f"{ROOT}/collections/{collection}/tiles{path}").status_code == 404
        return
    (way,) = ways
    listing = get(door, way["href"].removeprefix("http://localhost")).json
    (listed,) = listing["tilesets"]
    (itself,) = links(listed, "self")
    alone = get(door, itself["href"].removeprefix("http://localhost")).json
    assert {k: v for k, v in alone.items() if k != "links"} == {k: v for k, v in listed.items() if k != "links"}
    assert links(listed, "item") == links(alone, "item")


@every_tiled
def test_a_tile_set_says_what_its_tiles_hold(door: Door, collection: str) -> None:
    told = get(door, f"{tiles(collection)}?lang=en").json
    document = get(door, f"/tiles/sare/{collection}.json").json

    assert (told["dataType"], told["tileMatrixSetURI"], told["crs"]) == ("vector", QUAD_URI, f"{EPSG}3857")
    assert [(one["id"], list(one["propertiesSchema"]["properties"])) for one in told["layers"]] == [
        (one["id"], list(one["fields"])) for one in document["vector_layers"]
    ]
    (item,), (tilejson,) = links(told, "item"), links(told, "describedby")
    assert (item["templated"], item["type"]) == (True, MVT)
    assert get(door, tilejson["href"].removeprefix("http://localhost")).json["tilejson"] == "3.0.0"
    for rel in ("tiling-scheme", "geodata"):
        (way,) = links(told, f"{REL}/{rel}")
        get(door, way["href"].removeprefix("http://localhost"))
    west, south, east, north = *told["boundingBox"]["lowerLeft"], *told["boundingBox"]["upperRight"]
    assert told["boundingBox"]["crs"] == CRS84
    extent = get(door, f"{ROOT}/collections/{collection}").json["extent"]["spatial"]["bbox"][0]
    assert (west, south) <= (extent[0], extent[1])
    assert (east, north) >= (extent[2], extent[3])


@every_tiled
def test_each_limit_has_a_tile_and_beside_it_there_is_none(door: Door, collection: str) -> None:
    told = get(door, tiles(collection)).json
    template = links(told, "item")[0]["href"].removeprefix("http://localhost")
    limits = told["tileMatrixSetLimits"]
    lowest = get(door, f"/tiles/sare/{collection}.json").json["minzoom"]

    def status(matrix: object, row: object, column: object) -> int:
        path = template.replace("{tileMatrix}", str(matrix)).replace("{tileRow}", str(row))
        return door.client.get(path.replace("{tileCol}", str(column))).status_code

    assert [one["tileMatrix"] for one in limits] == [str(zoom) for zoom in range(lowest, 17)]
    for one in (limits[0], limits[-1]):
        first, last = (one["minTileRow"], one["minTileCol"]), (one["maxTileRow"], one["maxTileCol"])
        assert {status(one["tileMatrix"], *first), status(one["tileMatrix"], *last)} <= {200, 204}
        assert status(one["tileMatrix"], last[0] + 1, last[1]) == 404
        assert status(one["tileMatrix"], first[0], first[1] - 1) == 404
    assert status(17, 0, 0) == 404
    assert lowest == 0 or status(lowest - 1, 0, 0) == 404


@every_tiled
def test_its_tiles_are_those_of_the_map(door: Door, collection: str) -> None:
    (address,) = get(door, f"/tiles/sare/{collection}.json").json["tiles"]
    z, row, column = MIDDLE.split("/")
    path = address.removeprefix("http://localhost").replace("{z}/{x}/{y}", f"{z}/{column}/{row}")
    of_map = door.client.get(path)
    if of_map.status_code in (307, 308):  # relative, as browsers follow it
        of_map = get(door, urljoin(path, of_map.headers["Location"]))
    tile = get(door, f"{tiles(collection)}/{MIDDLE}")

    assert tile.data == of_map.data
    assert (tile.content_type, tile.headers["ETag"]) == (MVT, of_map.headers["ETag"])
    assert tile.headers["Cache-Control"] == "private, no-cache"
    assert features_of(tile.data, collection)
    assert get(door, f"{tiles(collection)}/{MIDDLE}?f=mvt", Accept_Encoding="gzip").data[:2] == b"\x1f\x8b"


def test_a_tile_that_a_client_has_is_not_cut_again(door: Door) -> None:
    path = f"{tiles('buildings')}/{MIDDLE}"
    tag = get(door, path).headers["ETag"]

    with statements(door) as asked:
        again = door.client.get(path, headers={"If-None-Match": tag})

    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert len(asked) < 20
    assert door.client.get(path, headers={"If-None-Match": '"1"'}).status_code == 200


NO_TILES = {
    "too deep": "17/0/0", "no such row": "3/8/0", "no such column": "3/0/8", "largest": "14/2147483647/2147483647",
    "a sign": "3/-1/0", "zeros in front": "03/1/1", "a letter": "a/1/1", "many digits": f"3/1/{'9' * 60}",
    "full-width digits": "３/1/1", "a point": "3/1.0/1",
}  # fmt: skip


@pytest.mark.parametrize("address", NO_TILES.values(), ids=list(NO_TILES))
def test_what_is_no_tile_is_said_without_asking(door: Door, address: str) -> None:
    get(door, f"{tiles('buildings')}/{MIDDLE}")
    with statements(door) as asked:
        answer = door.client.get(f"{tiles('buildings')}/{address}")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json["type"].endswith("tile-unknown")
    assert asked == []


def test_what_lies_beyond_the_outline_is_in_a_tile_all_the_same(door: Door) -> None:
    report = {"jurisdiction": "sare", "service_code": "light", "lon": 91.79, "lat": 29.24, "source": "hotline"}
    sent = door.client.post("/v1/incidents", json=report, headers=door.headers(Role.DISPATCHER))
    assert sent.status_code == 201, sent.get_data(as_text=True)

    tile = get(door, f"{tiles('incidents')}/16/27197/49477")

    assert 49477 <= get(door, tiles("incidents")).json["tileMatrixSetLimits"][-1]["maxTileCol"]
    assert [one.properties["service_code"] for one in features_of(tile.data, "incidents")] == ["light"]


@every_tiled
def test_what_a_role_may_not_read_is_in_none_of_its_tiles(
    door: Door, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = Permission(catalogue()[collection].read)
    everybody = permissions.ALLOWED[needed]
    paths = [f"{ROOT}/collections/{collection}/tiles", tiles(collection), f"{tiles(collection)}/{MIDDLE}"]
    if catalogue()[collection].styles:
        paths += [f"{ROOT}/collections/{collection}/styles", f"{ROOT}/collections/{collection}/styles/map"]
    for role in Role:
        for allowed in (everybody | {role}, everybody - {role}):
            monkeypatch.setitem(permissions.ALLOWED, needed, allowed)
            found = [door.client.get(path, headers=door.headers(role)) for path in paths]
            wanted = {200} if role in allowed else {401, 403} if needed is Permission.VIEW_MAP else {404}
            assert {one.status_code for one in found} <= wanted, role
            listed = get(door, f"{ROOT}/collections", role=role) if needed is not Permission.VIEW_MAP else None
            if listed is not None:
                there = {one["id"] for one in listed.json["collections"]}
                assert (collection in there) == (role in allowed)
    monkeypatch.setitem(permissions.ALLOWED, needed, everybody)
