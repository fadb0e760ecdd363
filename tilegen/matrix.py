"""Which tiles there are: WebMercatorQuad (OGC Two Dimensional Tile Matrix Set, annex D.1), zooms 0 to 16, EPSG:3857."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import morecantile

from layers.crs import Bbox

#: The deepest zoom that is cut, as in migrations/schema/tiles.sql; maps draw it larger.
DEEPEST_ZOOM = 16
#: Coordinates of a tile go from 0 to this.
EXTENT = 4096
#: Around a tile so many of them are drawn along.
MARGIN = 64
#: What comes so near may touch it, as in migrations/schema/tiles.sql: shapes are rounded before they are clipped.
TOUCHING = 66


class Tile(NamedTuple):
    """A tile by zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int


@cache
def tile_matrix_set() -> morecantile.TileMatrixSet:
    """Return the tile matrix set as OGC describes it."""
    return morecantile.tms.get("WebMercatorQuad")


def is_tile(z: int, x: int, y: int) -> bool:
    """Return whether there is such a tile."""
    return 0 <= z <= DEEPEST_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z


class Limits(NamedTuple):
    """Tiles of a zoom, from a column and row to others, all included."""

    z: int
    first_column: int
    last_column: int
    first_row: int
    last_row: int

    def hold(self, tile: Tile) -> bool:
        """Return whether a tile is one of them."""
        across = self.first_column <= tile.x <= self.last_column
        return self.z == tile.z and across and self.first_row <= tile.y <= self.last_row


def limits_of(bbox: Bbox, zoom: int) -> Limits:
    """Return the tiles of a zoom that a box of degrees, EPSG:4326, touches with their margins."""
    quad = tile_matrix_set()
    margin = MARGIN / EXTENT
    west, _, east, north = quad.xy_bbox
    side = (east - west) / (1 << zoom)
    left, bottom = quad.xy(bbox.west, bbox.south, truncate=True)
    right, top = quad.xy(bbox.east, bbox.north, truncate=True)
    last = (1 << zoom) - 1

    def column(at: float) -> int:
        return min(max(int((at - west) // side), 0), last)

    def row(at: float) -> int:
        return min(max(int((north - at) // side), 0), last)

    return Limits(
        zoom, column(left - margin * side), column(right + margin * side),
        row(top + margin * side), row(bottom - margin * side),
    )  # fmt: skip


def tiles_of(bbox: Bbox, zoom: int) -> Iterator[Tile]:
    """Yield the tiles of a zoom that a box of degrees, EPSG:4326, touches with their margins, row by row."""
    limits = limits_of(bbox, zoom)
    for y in range(limits.first_row, limits.last_row + 1):
        for x in range(limits.first_column, limits.last_column + 1):
            yield Tile(zoom, x, y)
