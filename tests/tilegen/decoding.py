"""Tiles taken apart again by a decoder that is not ours, and what must be in them, by shapely from rows of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mapbox_vector_tile
import numpy as np
import psycopg
import pyproj
import shapely
from psycopg import sql
from shapely.geometry.base import BaseGeometry

from layers.layer import Layer
from tilegen.matrix import EXTENT, MARGIN, Tile

_TO_MERCATOR = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
_REACH = 20037508.342789244


@dataclass(frozen=True)
class Feature:
    """A feature of a tile: in its coordinates, y from the top."""

    geom: BaseGeometry
    properties: Mapping[str, Any]


def features_of(data: bytes, layer: str) -> list[Feature]:
    """Return the features of a layer of a tile."""
    decoded = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True}) if data else {}
    found = decoded.get(layer, {"features": []})["features"]
    return [Feature(shapely.geometry.shape(one["geometry"]), one["properties"]) for one in found]


def in_tile(geoms: Any, tile: Tile) -> Any:
    """Return geometries, EPSG:4326, in the coordinates of a tile, not rounded."""
    side = 2 * _REACH / (1 << tile.z)
    west, north = tile.x * side - _REACH, _REACH - tile.y * side

    def place(at: np.ndarray) -> np.ndarray:
        x, y = _TO_MERCATOR.transform(at[:, 0], at[:, 1])
        return np.column_stack([(np.asarray(x) - west) / side * EXTENT, (north - np.asarray(y)) / side * EXTENT])

    return shapely.transform(geoms, place)


def rows_of(connection: psycopg.Connection[Any], layer: Layer) -> tuple[list[tuple[object, ...]], np.ndarray]:
    """Return what tiles tell of each feature of a layer's table, and the shapes, EPSG:4326."""
    assert layer.tiling is not None
    names = [sql.Identifier(name) for name in layer.tile_columns]
    query = sql.SQL("SELECT st_asbinary({}), {} FROM {}").format(
        sql.Identifier(layer.geom), sql.SQL(", ").join(names), sql.Identifier("geoservice", layer.table)
    )
    rows = connection.execute(query).fetchall()
    return [row[1:] for row in rows], shapely.from_wkb([bytes(row[0]) for row in rows])


def differences(data: bytes, layer: Layer, tile: Tile, rows: list[tuple[object, ...]], geoms: Any) -> Iterator[str]:
    """Yield how a tile of single features differs from the rows that belong there.

    Whatever touches the tile with its margin by more than a rounding must be there; nothing else may; what is too small
    to be seen (less than four coordinates wide) may be left out. Each is drawn where it should be, but for a rounding.
    """
    assert layer.tiling is not None
    placed = in_tile(geoms, tile)
    inner, drawn, outer = (shapely.box(-m, -m, EXTENT + m, EXTENT + m) for m in (MARGIN - 2, MARGIN, MARGIN + 2))
    needed, allowed = shapely.intersects(placed, inner), np.flatnonzero(shapely.intersects(placed, outer))
    sizes = shapely.bounds(placed)
    small = np.maximum(sizes[:, 2] - sizes[:, 0], sizes[:, 3] - sizes[:, 1]) < 4
    seen = np.flatnonzero(needed & (~small | (shapely.get_type_id(placed) == shapely.GeometryType.POINT)))
    names = layer.tile_columns
    there = [(tuple(map(one.properties.get, names)), one) for one in features_of(data, layer.id)]
    found = Counter(key for key, _ in there)
    yield from (f"{layer.id} {tile}: {key} is missing" for key in Counter(rows[i] for i in seen) - found)
    yield from (f"{layer.id} {tile}: {key} does not belong there" for key in found - Counter(rows[i] for i in allowed))
    by_row: dict[tuple[object, ...], list[BaseGeometry]] = {}
    for i in allowed:
        # A point beyond the margin by less than a rounding is drawn on it; of it nothing is cut off.
        meant = placed[i] if layer.geometry == "Point" else shapely.intersection(placed[i], drawn)
        by_row.setdefault(rows[i], []).append(meant)
    trees = {key: shapely.STRtree(meant) for key, meant in by_row.items()}
    for key, one in there:
        near = trees[key].query(one.geom, predicate="dwithin", distance=_NEAR) if key in trees else ()
        if not any(_is_drawn_as(one.geom, by_row[key][i]) for i in near):
            yield f"{layer.id} {tile}: {key} is drawn elsewhere"


#: Coordinates of a tile: what a shape is compared with lies no farther, or thousands that are told alike would be.
_NEAR = 3


def _is_drawn_as(geom: BaseGeometry, meant: BaseGeometry) -> bool:
    """Return whether a shape in whole coordinates is that of another: no part of one is far from the other."""
    if geom.area or meant.area:
        return bool(shapely.symmetric_difference(geom, meant).area <= 1.5 * (meant.length + geom.length) / 2 + 8)
    return bool(shapely.hausdorff_distance(geom, meant) <= 3 or shapely.distance(geom, meant) <= 1.5)
