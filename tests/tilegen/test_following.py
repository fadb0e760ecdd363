"""Tiles follow the data: what is changed gets a new version, on exactly its ground, whoever changes it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
import shapely

from geoservice.wiring import Services
from layers.catalogue import catalogue
from layers.crs import Bbox
from tests.tilegen.decoding import in_tile
from tilegen.encode import cut_tiles
from tilegen.matrix import DEEPEST_ZOOM, EXTENT, MARGIN, Tile, tiles_of
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
        assert changes_wait(connection) == bool(touched)
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
    assert {tile for tile in every if touches(tile, MARGIN - 0.1)} <= renewed
    assert renewed <= {tile for tile in every if touches(tile, MARGIN + 0.1)}
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


@pytest.fixture
def database_count(community_url: str) -> Callable[[str], int]:
    def count(query: str) -> int:
        with psycopg.connect(community_url) as connection:
            (number,) = connection.execute(query.encode()).fetchone() or (0,)
            return int(number)

    return count
