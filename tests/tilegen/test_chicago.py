"""Tiles of a large city: its beats as one coverage at every zoom, its incidents one by one and counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import morecantile
import psycopg
import pytest
import shapely

from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.db.session import Database
from layers.jurisdictions.queries import jurisdictions
from tests.depth import depths
from tests.proofs import chicago
from tests.tilegen.decoding import differences, features_of, rows_of
from tilegen.drawing import draw_edition
from tilegen.encode import cut_edition_tiles, cut_tiles
from tilegen.matrix import EXTENT, Tile, tile_matrix_set, tiles_of
from tilegen.versions import take_up_changes

pytestmark = [pytest.mark.data, pytest.mark.slow]


def bbox_of(database: Database) -> Bbox:
    with database.transaction() as connection:
        return jurisdictions(connection)[0].bbox


def test_beats_share_their_borders_at_every_zoom(database_url: str, test_data: Path) -> None:
    chicago.put_beats_in_force(database_url, test_data)
    database = Database.connect(database_url, pool_size=1)
    bbox, drawn, wrong = bbox_of(database), Counter[int](), []

    with database.transaction(timeout_s=600) as connection:
        edition = draw_edition(connection, 1, 1)
        for zoom in range(8, 17):
            for cut in cut_edition_tiles(connection, edition, list(tiles_of(bbox, zoom))):
                beats = [one.geom for one in features_of(cut.data or b"", "grids")]
                assert all(beat.is_valid for beat in beats), cut.tile
                # Whole coordinates: neither gap nor overlap is lost in rounding.
                if (overlap := sum(beat.area for beat in beats) - shapely.union_all(beats).area) != 0:
                    wrong.append((cut.tile, overlap))
                drawn[zoom] += len(beats)
    database.close()

    assert wrong == []
    assert drawn[8] > 200
    assert drawn[15] > 1000


@depths(20_000, proof=200_000)
def test_incidents_are_in_their_tiles_and_are_counted_below(database_url: str, test_data: Path, depth: int) -> None:
    city = chicago.put_beats_in_force(database_url, test_data)
    with psycopg.connect(database_url) as connection:
        chicago.load(connection, chicago.copy_lines(chicago.read_reports(test_data, depth), city))
    database, layer = Database.connect(database_url, pool_size=1), catalogue()["incidents"]
    with database.transaction(timeout_s=600) as connection:
        assert take_up_changes(connection) > 1000
    with psycopg.connect(database_url) as connection:
        rows, geoms = rows_of(connection, layer)
    bbox, wrong, tree = bbox_of(database), [], shapely.STRtree(geoms)

    with database.transaction(timeout_s=600) as connection:
        for zoom in range(8, 14):
            counted = Counter[str]()
            for cut in cut_tiles(connection, layer, city, list(tiles_of(bbox, zoom))):
                for one in features_of(cut.data or b"", f"{layer.id}_cells"):
                    if 0 <= one.geom.x < EXTENT and 0 <= one.geom.y < EXTENT:
                        counted.update(one.properties)
            assert counted == {"features": depth, "status:reported": depth}, zoom
        for zoom in (14, 15):
            for cut in cut_tiles(connection, layer, city, list(tiles_of(bbox, zoom))):
                near = tree.query(shapely.box(*_degrees(cut.tile)))
                assert b"left_out" not in (cut.data or b"")
                wrong += differences(cut.data or b"", layer, cut.tile, [rows[i] for i in near], geoms[near])
    database.close()

    assert wrong == []


def _degrees(tile: Tile) -> Bbox:
    """Return the box of a tile with more than its margin, EPSG:4326."""
    west, south, east, north = tile_matrix_set().bounds(morecantile.Tile(tile.x, tile.y, tile.z))
    margin = (east - west) / 32
    return Bbox(west - margin, south - margin, east + margin, north + margin)
