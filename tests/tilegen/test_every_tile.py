"""Every tile of the demo holds what its tables hold there, and nothing else; by a decoder and by GDAL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import psycopg
import pyogrio
import pytest
import shapely

from geoservice.wiring import Services
from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.layer import Layer
from tests.tilegen.decoding import differences, features_of, rows_of
from tilegen.drawing import draw_edition
from tilegen.encode import Cut, cut_edition_tiles, cut_tiles
from tilegen.matrix import DEEPEST_ZOOM, EXTENT, Tile, tiles_of
from tilegen.versions import gather, take_up_changes

LIVE = [layer for layer in catalogue().values() if layer.tiling is not None and not layer.bitemporal]
COUNTED = [layer for layer in LIVE if layer.tiling is not None and layer.tiling.cells is not None]


@pytest.fixture
def bbox(services: Services) -> Bbox:
    """Take up what the demo wrote, its figures counted; return where it is."""
    with services.database.transaction() as connection:
        gather(connection, 1)
        take_up_changes(connection)
    return Bbox(*services.viewing.jurisdiction_view("sare").bbox)


def cuts_of(services: Services, layer: Layer, bbox: Bbox, zooms: range) -> Iterator[Cut]:
    with services.database.transaction(timeout_s=60) as connection:
        for zoom in zooms:
            yield from cut_tiles(connection, layer, 1, list(tiles_of(bbox, zoom)))


def grids_of(services: Services, bbox: Bbox, zoom: int) -> list[Cut]:
    with services.database.transaction(timeout_s=60) as connection:
        return cut_edition_tiles(connection, draw_edition(connection, 1, 1), list(tiles_of(bbox, zoom)))


@pytest.mark.parametrize("layer", LIVE, ids=lambda layer: layer.id)
def test_single_features_are_those_of_the_table(
    services: Services, community_url: str, bbox: Bbox, layer: Layer
) -> None:
    assert layer.tiling is not None
    with psycopg.connect(community_url) as connection:
        rows, geoms = rows_of(connection, layer)

    wrong, told = [], 0
    for cut in cuts_of(services, layer, bbox, range(layer.tiling.min_zoom, DEEPEST_ZOOM + 1)):
        assert cut.data is not None
        told += len(features_of(cut.data, layer.id))
        wrong += differences(cut.data, layer, cut.tile, rows, geoms)

    assert wrong == []
    assert told >= len(rows)


def test_what_is_missing_strange_or_elsewhere_would_be_seen(services: Services, community_url: str, bbox: Bbox) -> None:
    layer = catalogue()["organisations"]
    with psycopg.connect(community_url) as connection:
        rows, geoms = rows_of(connection, layer)
    (cut,) = cuts_of(services, layer, bbox, range(14, 15))
    assert cut.data is not None

    def found(rows: list[tuple[object, ...]], geoms: np.ndarray) -> list[str]:
        return [one.rpartition(") ")[2] for one in differences(cut.data or b"", layer, cut.tile, rows, geoms)]

    assert found(rows, geoms) == []
    assert found(rows[1:], geoms[1:]) == ["does not belong there", "is drawn elsewhere"]
    assert found([*rows, ("X", "", "", "")], np.append(geoms, geoms[0])) == ["is missing"]
    moved = shapely.transform(geoms[:1], lambda at: at + 0.0005)
    assert found(rows, np.append(moved, geoms[1:])) == ["is drawn elsewhere"]


@pytest.mark.parametrize("layer", COUNTED, ids=lambda layer: layer.id)
def test_cells_add_up_to_what_there_is_at_every_zoom(
    services: Services, community_url: str, bbox: Bbox, layer: Layer
) -> None:
    assert layer.tiling is not None
    with psycopg.connect(community_url) as connection:
        rows, _ = rows_of(connection, layer)
    by_value: Counter[str] = Counter()
    for row in rows:
        told = dict(zip(layer.tile_columns, row, strict=True))
        by_value.update(
            name if told[name] is True else f"{name}:{told[name]}"
            for name in layer.tiling.counted
            if told[name] is not False
        )

    for zoom in range(layer.tiling.min_zoom):
        counted: Counter[str] = Counter()
        for cut in cuts_of(services, layer, bbox, range(zoom, zoom + 1)):
            assert cut.data is not None
            for one in features_of(cut.data, f"{layer.id}_cells"):
                place = one.geom.centroid  # what stands in the margin is counted in the next tile
                if 0 <= place.x < EXTENT and 0 <= place.y < EXTENT:
                    counted.update(one.properties)
        assert counted.pop("features") == len(rows)
        assert counted == by_value


@pytest.mark.parametrize("zoom", range(DEEPEST_ZOOM + 1))
def test_grids_share_their_borders_at_every_zoom(services: Services, bbox: Bbox, zoom: int) -> None:
    drawn = 0
    for cut in grids_of(services, bbox, zoom):
        assert cut.data is not None
        grids = [one.geom for one in features_of(cut.data, "grids")]
        assert all(grid.is_valid for grid in grids)
        assert sum(grid.area for grid in grids) == shapely.union_all(grids).area  # whole coordinates: no rounding
        for one, other in combinations(grids, 2):
            assert not shapely.relate_pattern(one, other, "T********")
        assert not shapely.union_all(grids).interiors if len(grids) == 8 else True
        drawn += len(grids)
    assert drawn >= (8 if zoom >= 6 else 0)


@pytest.mark.parametrize("zoom", [6, 10, 14, 16])
def test_each_grid_has_its_label_once(services: Services, bbox: Bbox, zoom: int) -> None:
    labels: Counter[str] = Counter()
    for cut in grids_of(services, bbox, zoom):
        assert cut.data is not None
        labels.update(one.properties["code"] for one in features_of(cut.data, "grid_labels"))

    assert labels == dict.fromkeys((grid["code"] for grid in services.grids.grids("sare")), 1)


def test_gdal_reads_a_tile(services: Services, bbox: Bbox, tmp_path: Path) -> None:
    (cut,) = cuts_of(services, catalogue()["buildings"], bbox, range(14, 15))
    assert cut.data is not None
    file = tmp_path / "14-12367-6773.mvt"
    file.write_bytes(cut.data)

    meta, _, geoms, values = pyogrio.raw.read(file, layer="buildings", x=cut.tile.x, y=cut.tile.y, z=cut.tile.z)

    assert len(geoms) == len(features_of(cut.data, "buildings")) == 903
    assert {"code", "kind", "floors"} <= set(meta["fields"])
    assert values


def test_a_tile_is_the_same_to_the_byte_whenever_it_is_cut(services: Services, community_url: str, bbox: Bbox) -> None:
    layer = catalogue()["buildings"]
    first = {cut.tile: cut.data for cut in cuts_of(services, layer, bbox, range(17))}
    with psycopg.connect(community_url, autocommit=True) as connection:
        # They get other places on the disk.
        connection.execute("UPDATE geoservice.building SET address = 'rewritten', kind = kind")
        connection.execute("VACUUM FULL geoservice.building")

    assert {cut.tile: cut.data for cut in cuts_of(services, layer, bbox, range(17))} == first


def test_tiles_of_a_box_are_those_that_it_touches() -> None:
    west, south, east, north = 91.76, 29.23, 91.78, 29.25

    for zoom in range(DEEPEST_ZOOM + 1):
        found = list(tiles_of(Bbox(west, south, east, north), zoom))
        columns, rows = {tile.x for tile in found}, {tile.y for tile in found}
        assert found == [Tile(zoom, x, y) for y in sorted(rows) for x in sorted(columns)]
        assert len(found) == len(columns) * len(rows)
