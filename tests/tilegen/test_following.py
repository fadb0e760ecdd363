"""Tiles follow the data: what is changed gets a new version, on exactly its ground, whoever changes it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
import shapely

from geoservice.wiring import Services
from layers.catalogue import catalogue
from layers.crs import Bbox
from tests.tilegen.decoding import features_of, in_tile
from tilegen import encode
from tilegen.encode import cut_tiles
from tilegen.matrix import DEEPEST_ZOOM, EXTENT, TOUCHING, Tile, tiles_of
from tilegen.tilejson import lowest_zoom
from tilegen.versions import changes_wait, take_up_changes, version_of

#: What is committed by whom, and the layers that it touches.
CHANGES = {
    "a building is moved": (
        "UPDATE geoservice.building SET geom = st_translate(geom, 0.0004, 0) WHERE code = 'B0001'",
        {"buildings"},
    ),
    "a building is of another kind": (
        "UPDATE geoservice.building SET kind = 'office' WHERE code = 'B0002'",
        {"buildings"},
    ),
    "a building goes": (
        "DELETE FROM geoservice.building WHERE code = (SELECT b.code FROM geoservice.building AS b WHERE NOT EXISTS"
        " (SELECT FROM geoservice.household AS h WHERE h.building_code = b.code) ORDER BY b.code LIMIT 1)",
        {"buildings"},
    ),
    "a camera is turned": (
        "UPDATE geoservice.camera SET bearing_deg = 1 WHERE code = 'C001'",
        {"cameras", "camera_sectors"},
    ),
    "a report": (
        "INSERT INTO geoservice.incident (service_code, geom)"
        " SELECT service_code, geom FROM geoservice.incident LIMIT 1",
        {"incidents"},
    ),
    "a street": (
        "INSERT INTO geoservice.basemap_feature (jurisdiction_id, kind, geom)"
        " VALUES (1, 'street', 'SRID=4326;LINESTRING(91.765 29.236, 91.776 29.243)')",
        {"basemap"},
    ),
    "an address": ("UPDATE geoservice.building SET address = 'elsewhere' WHERE code = 'B0003'", set()),
    "an owner": ("UPDATE geoservice.building SET grid_code = NULL WHERE code = 'B0004'", set()),
}


LIVE = sorted(layer.id for layer in catalogue().values() if layer.tiling is not None and not layer.bitemporal)


@pytest.fixture
def bbox(services: Services) -> Bbox:
    with services.database.transaction() as connection:
        take_up_changes(connection)
    return Bbox(*services.viewing.jurisdiction_view("sare").bbox)


def tiles(services: Services, bbox: Bbox) -> dict[tuple[str, Tile], tuple[int, bytes]]:
    """Return version and bytes of every tile of every layer that follows its table."""
    found = {}
    with services.database.transaction(timeout_s=60) as connection:
        for layer in catalogue().values():
            if layer.tiling is None or layer.bitemporal:
                continue
            for zoom in range(lowest_zoom(layer.tiling), DEEPEST_ZOOM + 1):
                for cut in cut_tiles(connection, layer, 1, list(tiles_of(bbox, zoom))):
                    assert cut.data is not None
                    found[layer.id, cut.tile] = (cut.version, cut.data)
    return found


@pytest.mark.parametrize(("change", "touched"), CHANGES.values(), ids=list(CHANGES))
def test_a_change_gives_new_versions_to_the_tiles_that_it_touches_and_to_no_others(
    services: Services, community_url: str, bbox: Bbox, change: str, touched: set[str]
) -> None:
    before = tiles(services, bbox)
    with psycopg.connect(community_url) as connection:
        connection.execute(change.encode())
    with services.database.transaction() as connection:
        assert {layer for layer in LIVE if changes_wait(connection, 1, layer)} == touched
        take_up_changes(connection)
    after = tiles(services, bbox)

    renewed = {key for key in after if after[key][0] != before[key][0]}
    rewritten = {key for key in after if after[key][1] != before[key][1]}
    assert {layer for layer, _ in renewed} == touched
    assert rewritten <= renewed
    for layer in touched:
        lowest = catalogue()[layer].tiling.min_zoom  # type: ignore[union-attr]
        assert {tile.z for of, tile in rewritten if of == layer} >= set(range(lowest, DEEPEST_ZOOM + 1))
    assert all(after[key][0] > max(version for version, _ in before.values()) for key in renewed)


def test_the_tiles_that_are_renewed_are_those_that_the_shape_touches_with_their_margins(
    services: Services, community_url: str, bbox: Bbox
) -> None:
    before = tiles(services, bbox)
    diagonal = shapely.LineString([(bbox.west, bbox.south), (bbox.east, bbox.north)])
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.basemap_feature (jurisdiction_id, kind, geom) VALUES (1, 'street', %s)",
            [f"SRID=4326;{diagonal.wkt}"],
        )
    with services.database.transaction() as connection:
        take_up_changes(connection)

    after = tiles(services, bbox)
    renewed = {tile for (layer, tile), (version, _) in after.items() if version != before[layer, tile][0]}

    def touches(tile: Tile, margin: float) -> bool:
        box = shapely.box(-margin, -margin, EXTENT + margin, EXTENT + margin)
        return bool(shapely.intersects(in_tile(diagonal, tile), box))

    every = {tile for layer, tile in before if layer == "basemap"}
    assert {tile for tile in every if touches(tile, TOUCHING - 0.1)} <= renewed
    assert renewed <= {tile for tile in every if touches(tile, TOUCHING + 0.1)}
    assert len(renewed) < len(every)


def test_what_is_not_committed_has_no_version_and_who_commits_later_is_not_overtaken(
    services: Services, community_url: str, bbox: Bbox
) -> None:
    def version() -> int:
        with services.database.transaction() as connection:
            take_up_changes(connection)
            return version_of(connection, 1, "buildings")

    began = version()
    with psycopg.connect(community_url) as slow, psycopg.connect(community_url) as quick:
        slow.execute("UPDATE geoservice.building SET kind = 'office' WHERE code = 'B0002'")
        assert version() == began
        quick.execute("UPDATE geoservice.building SET kind = 'office' WHERE code = 'B0005'")
        quick.commit()
        between = version()
        slow.commit()
        assert began < between < version()


def test_a_table_that_is_emptied_leaves_no_tile_as_it_was(services: Services, community_url: str, bbox: Bbox) -> None:
    with psycopg.connect(community_url) as connection:
        # Only who owns the table can: histories would be lost.
        connection.execute("DROP TRIGGER keep_versions_truncate ON geoservice.organisation")
        connection.execute("TRUNCATE geoservice.organisation")
    with services.database.transaction() as connection:
        take_up_changes(connection)

    left = {key: data for key, (_, data) in tiles(services, bbox).items() if key[0] == "organisations"}
    assert len(left) > 17
    assert set(left.values()) == {b""}


def test_many_features_at_once_are_taken_up_as_each_for_itself(
    services: Services, community_url: str, bbox: Bbox, database_count: Callable[[str], int]
) -> None:
    before = tiles(services, bbox)
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.building (jurisdiction_id, code, kind, geom)"
            " SELECT 1, 'N' || n, 'other', st_multi(st_translate(b.geom, 0.00001 * n, 0))"
            " FROM geoservice.building AS b, generate_series(1, 3000) AS n WHERE b.code = 'B0007'"
        )
    assert database_count("SELECT count(*) FROM geoservice.tile_change") < 1000
    with services.database.transaction() as connection:
        take_up_changes(connection)
    after = tiles(services, bbox)

    rewritten = {key for key in after if after[key][1] != before[key][1]}
    assert rewritten
    assert all(after[key][0] > before[key][0] for key in rewritten)
    of_buildings = "SELECT sum(features) FROM geoservice.tile_cell WHERE layer = 'buildings' AND level = "
    assert database_count(of_buildings + "18") == 3903
    assert database_count(of_buildings + "5") == 3903


def test_large_shapes_among_many_are_noted_where_they_are(services: Services, community_url: str, bbox: Bbox) -> None:
    before = tiles(services, bbox)
    kite = "POLYGON((91.764 29.236, 91.7641 29.2439, 91.776 29.244, 91.764 29.236))"
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.basemap_feature (jurisdiction_id, kind, geom)"
            " SELECT 1, 'street', 'SRID=4326;LINESTRING(91.77 29.24, 91.7701 29.24)'::geometry"
            " FROM generate_series(1, 1001) UNION ALL SELECT 1, 'green', %s::geometry",
            [f"SRID=4326;{kite}"],
        )
    with services.database.transaction() as connection:
        take_up_changes(connection)
    after = tiles(services, bbox)

    rewritten = {key for key in after if after[key][1] != before[key][1]}
    assert len(rewritten) > 8
    assert all(after[key][0] > before[key][0] for key in rewritten)


#: What can be stored, and must not stop tiles.
ODD_PLACES = {
    "where the map ends": "POINT(180 29.24)",
    "where it begins": "POINT(-180 29.24)",
    "the pole": "POINT(10 90)",
    "the edge of the projection": "POINT(10 85.0511)",
    "south of it": "POINT(10 -85.06)",
}


@pytest.mark.parametrize("place", ODD_PLACES.values(), ids=list(ODD_PLACES))
def test_odd_places_stop_no_tiles(services: Services, community_url: str, place: str) -> None:
    began = services.tiles.tile_set("sare", "organisations").version
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.organisation (jurisdiction_id, code, name, kind, geom)"
            " VALUES (1, 'odd', 'odd', 'other', %s)",
            [f"SRID=4326;{place}"],
        )
        connection.execute("UPDATE geoservice.organisation SET kind = 'other' WHERE code = 'U01'")

    assert services.tiles.tile_set("sare", "organisations").version > began
    with psycopg.connect(community_url) as connection:
        beyond = "SELECT count(*) FROM geoservice.tile_cell WHERE x >= 2 ^ level OR y >= 2 ^ level OR x < 0 OR y < 0"
        assert connection.execute(beyond.encode()).fetchone() == (0,)


def test_a_feature_in_far_parts_is_counted_once(services: Services, community_url: str) -> None:
    far = shapely.MultiPolygon([shapely.box(x, y, x + 1e-4, y + 1e-4) for x, y in ((91.77, 29.24), (101, 35))]).wkt
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.building (jurisdiction_id, code, kind, geom) VALUES (1, 'far', 'other', %s)",
            [f"SRID=4326;{far}"],
        )
    services.tiles.tile_set("sare", "buildings")

    with psycopg.connect(community_url) as connection:
        counted = "SELECT level, sum(features) FROM geoservice.tile_cell WHERE layer = 'buildings' GROUP BY 1"
        assert {number for _, number in connection.execute(counted.encode())} == {904}


def test_a_set_that_can_not_be_taken_up_hinders_no_other(services: Services, community_url: str) -> None:
    began = services.tiles.tile_set("sare", "cameras").version
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.building SET kind = 'office' WHERE code = 'B0002'")
        connection.execute("UPDATE geoservice.camera SET status = 'offline' WHERE code = 'C001'")
        connection.execute("UPDATE geoservice.layer SET counted = '{none}', table_name = 'gone' WHERE id = 'buildings'")
    with services.database.transaction() as connection:
        assert take_up_changes(connection) > 0
        assert changes_wait(connection, 1, "buildings")
        assert not changes_wait(connection, 1, "cameras")

    assert services.tiles.tile_set("sare", "cameras").version > began
    services.tiles.tile_set("sare", "buildings")  # says what it knows


def test_layers_with_long_names_are_followed(database_url: str) -> None:
    name = "长" * 20 + "layer_of_a_long_name"
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE TABLE geoservice.thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " jurisdiction_id integer, code text, notes json, geom geometry(Point, 4326))"
        )
        connection.execute("INSERT INTO geoservice.layer (id, table_name) VALUES (%s, 'thing')", [name[:64]])
        connection.execute("SELECT geoservice.attach_layer(%s)", [name[:64]])
        followed = connection.execute(
            "SELECT count(*) FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid"
            " WHERE t.tgrelid = 'geoservice.thing'::regclass AND f.proname LIKE 'note_tile%'"
        ).fetchone()

    assert followed == (4,)


def test_a_tile_that_is_too_large_shows_the_largest_and_says_so(
    services: Services, bbox: Bbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "MAX_BYTES", 10_000)
    layer = catalogue()["buildings"]
    with services.database.transaction() as connection:
        (cut,) = cut_tiles(connection, layer, 1, list(tiles_of(bbox, 14)))

    assert cut.data is not None
    (said,) = features_of(cut.data, "left_out")
    shown = features_of(cut.data, "buildings")
    assert len(cut.data) <= 10_000
    assert said.properties == {"shown": len(shown), "of": 903}
    assert 20 < len(shown) < 903


@pytest.fixture
def database_count(community_url: str) -> Callable[[str], int]:
    def count(query: str) -> int:
        with psycopg.connect(community_url) as connection:
            (number,) = connection.execute(query.encode()).fetchone() or (0,)
            return int(number)

    return count
