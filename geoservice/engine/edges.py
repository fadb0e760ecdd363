"""The borders of grids as arrays of edges, each with what changes when it is crossed. No cells, no look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from layers.antimeridian import for_look_ups
from layers.errors import LayerError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Indices of any width.
Whole = NDArray[np.signedinteger[Any]]
Bools = NDArray[np.bool_]

#: A place covered by one part of owner k has the weight ONE + k + 1; by nothing, 0; by several, 2 * ONE or more.
#: Weights are whole numbers below 2**53, so sums of them in doubles are exact for fewer than 2**21 parts at one place.
ONE = 2.0**32


class NotAnArea(LayerError):
    """A grid must be a polygon or multipolygon with finite coordinates."""


@dataclass(frozen=True)
class Areas:
    """The polygons of all grids, apart.

    Parameters
    ----------
    codes
        Each grid's code once, in byte order.
    polygons
        (parts,) of Polygon, EPSG:4326, shells counter-clockwise, holes clockwise, none empty.
    owner
        (parts,) index into `codes`.
    sound
        (parts,) whether the polygon is valid; what GEOS says of the others has no simple rule, so GEOS is asked.
    first_lon
        The least longitude that a position may have, 0 or -180, where areas come near 180 degrees; None: they do not.
    """

    codes: tuple[str, ...]
    polygons: NDArray[np.object_]
    owner: Ints
    sound: Bools
    first_lon: float | None = None


@dataclass(frozen=True)
class Edges:
    """Edges with a different owner on each side, from their lower end a (the left one, when level) to their end b.

    Parameters
    ----------
    ax, ay, bx, by
        (edges,) degrees, EPSG:4326, exactly as given.
    weight
        (edges,) weight of the left side less weight of the right side.
    low, high
        (edges,) owners of the one or two polygons they came from, the smaller first; equal for one.
    part
        (edges,) one of these polygons.
    sound
        (edges,) whether these polygons are valid.
    """

    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats
    weight: Floats
    low: Ints
    high: Ints
    part: Ints
    sound: Bools

    def __len__(self) -> int:
        return len(self.ax)

    def __getitem__(self, which: Ints | Bools) -> Edges:
        return Edges(*(column[which] for column in self.columns()))

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Return the arrays in the order of the fields."""
        return self.ax, self.ay, self.bx, self.by, self.weight, self.low, self.high, self.part, self.sound


def areas_of(codes: Sequence[str], geoms: Sequence[Polygon | MultiPolygon]) -> Areas:
    """Return grids taken apart into polygons.

    Parameters
    ----------
    codes
        One per geometry; a code may come several times, its grid is then all of them together.
    geoms
        EPSG:4326; empty ones own nothing.

    Raises
    ------
    NotAnArea
        For None, another type of geometry, or coordinates that are not finite.
    TypeError
        A code is no text: 7 and 7.0 would be two.
    """
    for code in codes:
        if not isinstance(code, str):
            raise TypeError(
                f"codes are text, and {code!r} is none; index_of of geoservice.engine.frames makes text of numbers"
            )
    shapes = np.array(geoms, dtype=object)
    areal = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    for code, is_areal in zip(codes, areal, strict=True):
        if not is_areal:
            raise NotAnArea(grid_code=code)
    vertices, shape = shapely.get_coordinates(shapely.force_2d(shapes), return_index=True)
    infinite = ~np.isfinite(vertices).all(axis=1)
    if infinite.any():
        raise NotAnArea(grid_code=codes[shape[np.argmax(infinite)]])
    shapes, first_lon = for_look_ups(shapely.force_2d(shapes))
    names = sorted(set(codes), key=str.encode)
    number = {code: index for index, code in enumerate(names)}
    polygons, shape = shapely.get_parts(shapes, return_index=True)
    owner = np.array([number[code] for code in codes], dtype=np.int64)[shape]
    kept = ~shapely.is_empty(polygons)
    polygons, owner = polygons[kept], owner[kept]
    return Areas(tuple(names), shapely.orient_polygons(polygons), owner, shapely.is_valid(polygons), first_lon)


def edges_of(areas: Areas) -> Edges:
    """Return all edges; two polygons that share one share one entry."""
    rings, part = shapely.get_rings(areas.polygons, return_index=True)
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    start, end = vertices[:-1], vertices[1:]
    real = (ring[:-1] == ring[1:]) & (start != end).any(axis=1)
    start, end, part = start[real], end[real], part[ring[:-1][real]]
    down = (start[:, 1] > end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] > end[:, 0]))
    lower, upper = np.where(down[:, None], end, start), np.where(down[:, None], start, end)
    weight = np.where(down, -1.0, 1.0) * (ONE + areas.owner[part] + 1)
    (ax, ay), (bx, by) = lower.T.copy(), upper.T.copy()
    owner = areas.owner[part]
    return _merged(Edges(ax, ay, bx, by, weight, owner, owner, part, areas.sound[part]))


def _merged(edges: Edges) -> Edges:
    """Return the edges with equal pairs made one. Merging saves time; nothing is wrong with what stays apart.

    Edges of unsound polygons stay apart: whether one is crossed on the way in or out depends on the others.
    """
    edges = edges[np.argsort(_hashes(edges), kind="stable")]
    ends = np.column_stack((edges.ax, edges.ay, edges.bx, edges.by))
    like_next = (ends[1:] == ends[:-1]).all(axis=1) & edges.sound[1:] & edges.sound[:-1]
    like_next = np.concatenate((like_next, [False]))
    like_last = np.concatenate(([False], like_next[:-1]))
    # Not in the middle of three or more: a pair and nothing else.
    first = np.flatnonzero(like_next & ~like_last & ~np.concatenate((like_next[1:], [False])))
    edges.weight[first] += edges.weight[first + 1]
    low, high = edges.low.copy(), edges.high.copy()
    low[first] = np.minimum(edges.low[first], edges.low[first + 1])
    high[first] = np.maximum(edges.high[first], edges.high[first + 1])
    kept = np.ones(len(edges), np.bool_)
    kept[first + 1] = False
    return replace(edges, low=low, high=high)[kept]


def _hashes(edges: Edges) -> NDArray[np.uint64]:
    """Return a number that is equal for equal edges: sorting by one number is ten times faster than by four."""
    mixed = np.zeros(len(edges), np.uint64)
    for ends in (edges.ax, edges.ay, edges.bx, edges.by):
        # + 0.0 makes -0.0 the 0.0 that it equals. The multiplier is 2**64 / golden ratio (Knuth, TAOCP 3, 6.4).
        mixed = (mixed ^ (ends + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
