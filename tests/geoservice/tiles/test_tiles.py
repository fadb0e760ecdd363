"""Tiles over HTTP: addresses, versions, caches, what a role may not see, what is no tile."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urljoin

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from geoservice.app import create_app
from geoservice.auth import permissions
from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission
from geoservice.services.tiles.service import FoundTile, MovedTile, TileService
from geoservice.settings import Settings
from geoservice.web.tile_answers import answer_with
from geoservice.wiring import Services
from layers.catalogue import catalogue
from tests.depth import sampled
from tests.keys import holder
from tests.tilegen.decoding import features_of
from tests.waiting import wait_until
from tilegen.matrix import Tile
from tilegen.store import StoreLimits, TileSetName, TileStore

TILED = sorted(layer.id for layer in catalogue().values() if layer.tiling is not None)
#: A tile in the middle of the demo, and one beside it, where nothing is.
MIDDLE, FAR = "14/12368/6799", "16/49470/27190"
TILE = Tile(14, 12368, 6799)
MOVE = "UPDATE geoservice.building SET kind = 'office' WHERE code = 'B0002'"


def named(client: FlaskClient, layer: str) -> str:
    """Return the address of a tile as the layer's document names it, without its host."""
    (address,) = client.get(f"/tiles/sare/{layer}.json").get_json()["tiles"]
    return str(address).removeprefix("http://localhost")


def get_tile(client: FlaskClient, layer: str, zxy: str, **headers: str) -> TestResponse:
    """Return a tile as a client gets it that follows redirects."""
    z, x, y = zxy.split("/")
    address = named(client, layer).replace("{z}", z).replace("{x}", x).replace("{y}", y)
    return client.get(address, headers=headers, follow_redirects=True)


@contextmanager
def statements(services: Services) -> Iterator[list[str]]:
    """Yield what is asked of the database meanwhile."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(services.database.engine, "before_cursor_execute", note)


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize("layer", TILED)
def test_a_document_names_the_tiles_of_a_layer(client: FlaskClient, layer: str) -> None:
    answer = client.get(f"/tiles/sare/{layer}.json")
    document = answer.get_json()

    assert answer.headers["Cache-Control"] == "no-store"
    assert document["tilejson"] == "3.0.0"
    assert document["vector_layers"][0]["id"] == layer
    west, south, east, north = document["bounds"]
    assert west < document["center"][0] < east
    assert south < document["center"][1] < north
    told = features_of(get_tile(client, layer, MIDDLE).data, layer)
    assert {name for one in told for name in one.properties} <= set(document["vector_layers"][0]["fields"])
    assert told


def test_a_tile_is_kept_for_good_under_its_version(client: FlaskClient) -> None:
    answer = get_tile(client, "buildings", MIDDLE, **{"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["ETag"].startswith('"')


def test_who_does_not_read_gzip_gets_the_same_tile_under_another_tag(client: FlaskClient) -> None:
    packed = get_tile(client, "buildings", MIDDLE, **{"Accept-Encoding": "gzip"})
    plain = get_tile(client, "buildings", MIDDLE)

    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert int(plain.headers["Content-Length"]) == len(plain.data)


@pytest.mark.parametrize("held", [64_000_000, 0], ids=["short way", "Flask"])
def test_what_a_client_has_is_not_sent_again_and_nothing_is_asked(services: Services, held: int) -> None:
    client = create_app(Settings(tile_memory_bytes=held), services=services).test_client()
    first = get_tile(client, "buildings", MIDDLE)
    address = first.request.path

    with statements(services) as asked:
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(address, headers={"If-None-Match": '"1-gzip"'})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 200
    assert asked == []


def test_a_server_that_never_saw_a_tile_knows_that_its_holder_has_it(services: Services) -> None:
    first = get_tile(create_app(Settings(), services=services).test_client(), "buildings", MIDDLE)
    another = create_app(Settings(), services=services).test_client()

    tag = f'"{first.request.path.split("/")[4]}-gzip"'
    with statements(services) as asked:
        had = another.get(first.request.path, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
        assert had.status_code == 304
    assert asked == []


def test_a_change_gives_a_new_address_to_what_it_touches_and_leaves_the_rest(
    client: FlaskClient, community_url: str
) -> None:
    before = get_tile(client, "buildings", MIDDLE), get_tile(client, "buildings", FAR)
    change(community_url, MOVE)
    after = get_tile(client, "buildings", MIDDLE), get_tile(client, "buildings", FAR)

    assert after[0].request.path != before[0].request.path
    assert after[0].data != before[0].data
    assert after[1].request.path == before[1].request.path


def test_who_asks_by_a_later_version_is_sent_to_the_tiles_own_for_good(client: FlaskClient, community_url: str) -> None:
    change(community_url, MOVE.replace("B0002", "B0900"))
    z, x, y = FAR.split("/")
    address = named(client, "buildings").replace("{z}", z).replace("{x}", x).replace("{y}", y)

    sent = client.get(address)

    assert sent.status_code == 308
    assert "immutable" in sent.headers["Cache-Control"]
    assert client.get(urljoin(address, sent.headers["Location"])).status_code in (200, 204)


def test_who_asks_by_an_earlier_version_gets_it_or_is_sent_to_what_is_there_now(
    services: Services, community_url: str
) -> None:
    client, another = (create_app(Settings(), services=services).test_client() for _ in range(2))
    first = get_tile(client, "buildings", MIDDLE)
    change(community_url, MOVE)
    now = get_tile(client, "buildings", MIDDLE)

    assert client.get(first.request.path).data == first.data
    sent = another.get(first.request.path)  # who never cut it can not any more
    assert sent.status_code == 307
    assert urljoin(first.request.path, sent.headers["Location"]) == now.request.path
    assert sent.headers["Cache-Control"] == "no-store"


def test_a_report_is_in_the_next_tile(client: FlaskClient, key: str) -> None:
    def there() -> int:
        return len(features_of(get_tile(client, "incidents", MIDDLE).data, "incidents"))

    before = there()
    report = {"service_code": "light", "lon": 91.7700, "lat": 29.2399, "description": "dark", "source": "hotline"}
    sent = client.post("/v1/incidents", json=report, headers={"Authorization": f"Bearer {key}"})

    assert sent.status_code == 201
    assert there() == before + 1


NO_TILES = {
    "too deep": "17/0/0", "no such column": "3/8/0", "no such row": "3/0/8", "a sign": "3/-1/0", "a plus": "3/+1/0",
    "zeros in front": "03/1/1", "a point": "3.0/1/1", "a letter": "a/1/1", "many digits": f"3/{'9' * 60}/1",
    "full-width digits": "３/1/1", "a blank": "3/ 1/1",
}  # fmt: skip


@pytest.mark.parametrize("zxy", NO_TILES.values(), ids=list(NO_TILES))
def test_what_is_no_tile_is_said_without_asking(client: FlaskClient, services: Services, zxy: str) -> None:
    address = named(client, "buildings").replace("{z}/{x}/{y}", zxy)

    with statements(services) as asked:
        answer = client.get(address)

    assert answer.status_code == 404
    assert asked == []


@pytest.mark.parametrize("layer", ["camera_sectors", "basemap"])
def test_below_its_lowest_zoom_a_layer_has_nothing(client: FlaskClient, layer: str) -> None:
    address = named(client, layer).replace("{z}/{x}/{y}", "3/6/3")

    assert client.get(address).status_code == 204


@pytest.mark.parametrize("version", ["-1", "1e3", "00", "99999999999999999999", "x", "１"])
def test_a_version_that_can_not_be_is_said_without_asking(
    client: FlaskClient, services: Services, version: str
) -> None:
    named(client, "buildings")
    with statements(services) as asked:
        answer = client.get(f"/tiles/sare/buildings/{version}/{MIDDLE}.mvt")

    assert answer.status_code == 404
    assert asked == []


@pytest.mark.parametrize("ahead", [1, 10**12, 9 * 10**15], ids=["a millisecond", "thirty years", "for ever"])
def test_a_version_that_is_not_there_yet_is_said(client: FlaskClient, ahead: int) -> None:
    version = int(named(client, "buildings").split("/")[4])
    answer = client.get(f"/tiles/sare/buildings/{version + ahead}/{MIDDLE}.mvt")

    assert answer.status_code == 404
    assert answer.get_json()["type"].endswith("tile-unknown")


def test_versions_that_were_given_while_the_clock_was_years_ahead_are_good(
    services: Services, community_url: str
) -> None:
    get_tile(create_app(Settings(), services=services).test_client(), "buildings", MIDDLE)
    change(community_url, "UPDATE geoservice.tile_set SET version = version + 1000000000000")
    change(community_url, MOVE)
    tiles = TileService(services.database)

    version = tiles.tile_set("sare", "buildings").version

    assert isinstance(TileService(services.database).tile("sare", "buildings", version, TILE), FoundTile)


def test_a_day_is_asked_of_grids_only(client: FlaskClient) -> None:
    answer = client.get("/tiles/sare/buildings.json?at=2026-01-31T00:00:00Z")

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.get_json()["errors"]] == ["at"]


@pytest.mark.parametrize(
    ("said", "scheme"),
    [("https", "https"), ("https, http", "https"), ("HTTPS", "https"), ("http", "http"), ("gopher", "http")],
)
def test_behind_a_proxy_that_speaks_tls_tiles_are_named_as_browsers_reach_them(
    client: FlaskClient, said: str, scheme: str
) -> None:
    answer = client.get("/tiles/sare/buildings.json", headers={"Host": "maps.example", "X-Forwarded-Proto": said})

    assert answer.get_json()["tiles"][0].startswith(f"{scheme}://maps.example/tiles/sare/buildings/")


@pytest.mark.parametrize("held", [64_000_000, 0], ids=["short way", "Flask"])
def test_a_tag_that_a_cache_made_weak_is_known(services: Services, held: int) -> None:
    client = create_app(Settings(tile_memory_bytes=held), services=services).test_client()
    first = get_tile(client, "buildings", MIDDLE)

    again = client.get(first.request.path, headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})

    assert again.status_code == 304


@pytest.mark.parametrize("held", [64_000_000, 0], ids=["short way", "Flask"])
def test_nobody_has_what_is_no_tile(services: Services, held: int) -> None:
    client = create_app(Settings(tile_memory_bytes=held), services=services).test_client()
    version = named(client, "buildings").split("/")[4]

    answer = client.get(f"/tiles/sare/buildings/{version}/3/8/0.mvt", headers={"If-None-Match": f'"{version}"'})

    assert answer.status_code == 404


def test_a_document_holds_what_was_committed_while_others_were_taking_up(
    services: Services, community_url: str
) -> None:
    before = services.tiles.tile_set("sare", "buildings").version
    looked, go_on, found = Event(), Event(), []

    def slowly(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "take_up_tile_changes" in statement and not looked.is_set():
            looked.set()
            go_on.wait(30)

    def ask() -> None:
        found.append(services.tiles.tile_set("sare", "buildings").version)

    change(community_url, MOVE)
    event.listen(services.database.engine, "after_cursor_execute", slowly)
    first, second = Thread(target=ask), Thread(target=ask)
    first.start()
    assert looked.wait(30)
    change(community_url, MOVE.replace("B0002", "B0900"))
    second.start()
    wait_until(lambda: services.tiles._taking_up.waiting == 1, "the second waits for the first")
    go_on.set()
    first.join()
    second.join()
    event.remove(services.database.engine, "after_cursor_execute", slowly)

    assert before < found[0] < found[1]


def test_a_crowd_at_a_new_edition_has_it_drawn_once_and_holds_one_connection(services: Services) -> None:
    drawing, go_on, found = Event(), Event(), []

    def slowly(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "geoservice.lock_drawing(" in statement:
            drawing.set()
            go_on.wait(30)

    def ask() -> None:
        found.append(services.tiles.tile_set("sare", "grids").version)

    event.listen(services.database.engine, "before_cursor_execute", slowly)
    crowd = [Thread(target=ask) for _ in range(12)]
    crowd[0].start()
    assert drawing.wait(30)
    for one in crowd[1:]:
        one.start()
    wait_until(lambda: services.tiles._drawing.waiting == 11, "everybody waits for the one")
    held = services.database.engine.pool.checkedout()  # type: ignore[attr-defined]
    go_on.set()
    for one in crowd:
        one.join()
    event.remove(services.database.engine, "before_cursor_execute", slowly)

    assert held == 1
    assert len(found) == 12
    assert len(set(found)) == 1


def test_a_kept_tile_that_can_not_be_read_is_cut_anew(services: Services, tmp_path: Path) -> None:
    store = TileStore(tmp_path / "tiles.sqlite", StoreLimits(1_000_000, 0))
    tiles = TileService(services.database, store)
    version = tiles.tile_set("sare", "buildings").version
    whole = tiles.tile("sare", "buildings", version, TILE)
    assert isinstance(whole, FoundTile)
    store.remove(TileSetName("sare", "buildings"), [(TILE, version)])
    store.put(TileSetName("sare", "buildings"), [(TILE, version, whole.data[:-100])])

    assert tiles.tile("sare", "buildings", version, TILE) == whole


def test_who_asks_for_the_sea_fills_no_disk(services: Services, tmp_path: Path) -> None:
    store = TileStore(tmp_path / "tiles.sqlite", StoreLimits(1_000_000, 0))
    tiles = TileService(services.database, store)
    version = tiles.tile_set("sare", "buildings").version
    for x in range(20):
        moved = tiles.tile("sare", "buildings", version, Tile(16, x, 30_000))
        own = moved.version if isinstance(moved, MovedTile) else version
        assert tiles.tile("sare", "buildings", own, Tile(16, x, 30_000)) == FoundTile(b"")

    assert list(store.versions(TileSetName("sare", "buildings"))) == []


def test_what_another_worker_has_just_taken_up_is_given(services: Services, community_url: str) -> None:
    one, other = TileService(services.database), TileService(services.database)
    other.tile("sare", "buildings", one.tile_set("sare", "buildings").version, TILE)
    change(community_url, MOVE)
    newest = one.tile_set("sare", "buildings").version

    assert isinstance(other.tile("sare", "buildings", newest, TILE), FoundTile)


def test_a_tile_that_is_touched_again_and_again_is_given_as_it_is_and_not_kept(
    services: Services, community_url: str
) -> None:
    version = services.tiles.tile_set("sare", "buildings").version

    def touch(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "st_asmvt" in statement:
            change(community_url, "UPDATE geoservice.building SET floors = floors % 50 + 1 WHERE code = 'B0500'")

    event.listen(services.database.engine, "before_cursor_execute", touch)
    found = services.tiles.tile("sare", "buildings", version, TILE)
    answer = answer_with(found, "buildings", version, TILE, shared=True)
    event.remove(services.database.engine, "before_cursor_execute", touch)

    assert isinstance(found, FoundTile)
    assert not found.lasting
    assert len(features_of(gzip.decompress(found.data), "buildings")) == 903
    assert ("Cache-Control", "no-store") in answer.headers
    assert "ETag" not in dict(answer.headers)


@pytest.mark.parametrize("layer", ["households", "nothing", "tile_set", "pg_class"])
def test_a_layer_without_tiles_has_none(client: FlaskClient, layer: str) -> None:
    assert client.get(f"/tiles/sare/{layer}.json").status_code == 404
    assert client.get(f"/tiles/sare/{layer}/0/{MIDDLE}.mvt").status_code == 404


def test_a_jurisdiction_that_is_not_there_has_no_tiles(client: FlaskClient) -> None:
    assert client.get("/tiles/nowhere/buildings.json").status_code == 404
    assert client.get(f"/tiles/nowhere/buildings/0/{MIDDLE}.mvt").status_code == 404


@pytest.mark.parametrize("layer", sampled(TILED, 3))
def test_who_may_not_read_a_layer_gets_none_of_its_tiles(
    services: Services, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    client = create_app(Settings(), services=services).test_client()
    whole = get_tile(client, layer, MIDDLE).request.path
    version = whole.split("/")[4]
    needed = Permission(catalogue()[layer].read)
    whole_table = dict(permissions.ALLOWED)

    for role, part in product(Role, {needed, Permission.VIEW_MAP}):
        everybody = whole_table[part]
        said = {"Accept-Encoding": "gzip"}
        if role is not Role.PUBLIC:
            said["Authorization"] = f"Bearer {services.keys.create(role, 'k', staff=holder(role))}"
        for allowed in (everybody, everybody - {role}):
            monkeypatch.setitem(permissions.ALLOWED, part, allowed)
            document, tile = client.get(f"/tiles/sare/{layer}.json", headers=said), client.get(whole, headers=said)
            had = client.get(whole, headers=said | {"If-None-Match": f'"{version}-gzip"'})
            if role in allowed:
                assert (document.status_code, tile.status_code, had.status_code) == (200, 200, 304), role
            else:
                assert {document.status_code, tile.status_code, had.status_code} <= {401, 403}, role
                assert version not in document.get_data(as_text=True)
            monkeypatch.setitem(permissions.ALLOWED, part, everybody)


def test_what_only_some_may_read_is_kept_by_no_cache_between(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = Permission(catalogue()["cameras"].read)
    monkeypatch.setitem(permissions.ALLOWED, needed, permissions.ALLOWED[needed] - {Role.PUBLIC})
    client = create_app(Settings(), services=services).test_client()
    headers = {"Authorization": f"Bearer {services.keys.create(Role.OFFICER, 'k', staff=holder(Role.OFFICER))}"}
    (address,) = client.get("/tiles/sare/cameras.json", headers=headers).get_json()["tiles"]

    answer = client.get(address.replace("{z}/{x}/{y}", MIDDLE), headers=headers, follow_redirects=True)

    assert answer.headers["Cache-Control"].startswith("private")


def test_a_crowd_at_a_tile_that_nobody_cut_yet_asks_for_it_once(services: Services) -> None:
    client = create_app(Settings(), services=services).test_client()
    version = int(get_tile(client, "buildings", MIDDLE).request.path.split("/")[4])
    cutting, go_on, found = Event(), Event(), []

    def slowly(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "st_asmvt" in statement:
            cutting.set()
            go_on.wait(30)

    def ask() -> None:
        found.append(services.tiles.tile("sare", "buildings", version, TILE))

    event.listen(services.database.engine, "before_cursor_execute", slowly)
    with statements(services) as asked:
        crowd = [Thread(target=ask) for _ in range(8)]
        crowd[0].start()
        assert cutting.wait(30)
        for one in crowd[1:]:
            one.start()
        wait_until(lambda: services.tiles._cutting.waiting == 7, "everybody waits for the one")
        go_on.set()
        for one in crowd:
            one.join()
    event.remove(services.database.engine, "before_cursor_execute", slowly)

    assert len(found) == 8
    assert len(set(found)) == 1
    assert sum("st_asmvt" in statement for statement in asked) == 1
