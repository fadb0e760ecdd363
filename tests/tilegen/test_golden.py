"""One tile of each layer, as it is: what changes how tiles look is seen here, and is meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from geoservice.wiring import Services
from layers.catalogue import catalogue
from tests.tilegen.decoding import features_of
from tilegen.drawing import draw_edition
from tilegen.encode import cut_edition_tiles, cut_tiles
from tilegen.matrix import Tile
from tilegen.tilejson import lowest_zoom
from tilegen.versions import take_up_changes

GOLDEN = Path(__file__).with_name("golden")
#: A corner of the demo where four grids meet, and the same counted.
NEAR, FAR = Tile(16, 49474, 27198), Tile(12, 3092, 1699)
#: How the demo's incidents stand depends on the day, and what is counted of them.
OF_THE_DAY = {"figures", "incidents"}
TILED = sorted(id_ for id_, layer in catalogue().items() if layer.tiling is not None and id_ not in OF_THE_DAY)


def has(layer: str, tile: Tile) -> bool:
    """Return whether a layer has tiles at that zoom."""
    tiling = catalogue()[layer].tiling
    return tiling is not None and tile.z >= lowest_zoom(tiling)


@pytest.mark.parametrize(
    ("layer", "tile"), [(layer, tile) for layer in TILED for tile in (NEAR, FAR) if has(layer, tile)]
)
def test_a_tile_is_what_it_was(services: Services, layer: str, tile: Tile) -> None:
    with services.database.transaction(timeout_s=60) as connection:
        take_up_changes(connection)
        if catalogue()[layer].bitemporal:
            (cut,) = cut_edition_tiles(connection, draw_edition(connection, 1, 1), [tile])
        else:
            (cut,) = cut_tiles(connection, catalogue()[layer], 1, [tile])
    data = cut.data or b""
    found = [*features_of(data, layer), *features_of(data, f"{layer}_cells")]
    told = [{"geometry": one.geom.wkt, **one.properties} for one in found]
    golden = GOLDEN / f"{layer}_{tile.z}.json"
    if os.environ.get("GEOSERVICE_RENEW_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    assert json.loads(golden.read_text(encoding="utf-8")) == told
