"""How far borders are from one position, in plain floats, and which grids' borders are near.

Edges that were asked for are kept as rows of Python numbers, so that places in use cost no conversion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import numpy as np
import shapely

from geoservice.engine.edges import Areas, Edges, Floats, Ints, Whole
from geoservice.engine.nearest import NearestEdges
from geoservice.engine.plane import (
    STEPS_PER_METRE,
    degrees_m_at,
    distance2_m,
    in_steps,
    lat_degree_m_at,
    lon_degree_m_at,
)

#: Longer lists of edges are faster in numpy.
_FEW_EDGES = 200
#: Lists longer than this are cut down to what can be nearest in a spot of so many degrees, 11 m from south to north.
_SHORT_LIST = 6
_SPOT = 1e-4
#: What may be nearest is kept with this much to spare, metres: far above rounding and above what counts as equal.
_SPARE_M = 1e-3
#: Blocks for which the edges near them are kept: so many degrees wide and high, 33 m from south to north.
_BLOCK = 3e-4
#: Borders are looked for within multiples of this, metres, so that one list serves many accuracies.
_REACH_STEP_M = 25.0
#: Farther, too many edges would be kept.
_KEPT_REACH_M = 100.0
#: Rows kept in one store before it begins anew: some 20 MB.
_KEPT_ROWS = 100_000

Key = TypeVar("Key")


#: An edge: longitude and latitude of both ends in degrees, the smaller and the larger of its owners. A plain tuple,
#: which the garbage collector soon stops looking at.
Row = tuple[float, float, float, float, int, int]


class _Kept(dict[Key, list[Row]]):
    """Lists of rows that were made before; forgets all of them when there are too many."""

    def __init__(self, make: Callable[[Key], list[Row]]) -> None:
        super().__init__()
        self._make = make
        self._rows = 0
        self._lock = Lock()

    def __missing__(self, key: Key) -> list[Row]:
        rows = self._make(key)
        with self._lock:
            self._rows += len(rows) + 1
            if self._rows > _KEPT_ROWS:
                self.clear()
                self._rows = len(rows) + 1
            self[key] = rows
        return rows


class BorderTables:
    """The nearest edges of every place, and each grid's own edges."""

    def __init__(self, nearest: NearestEdges, edges: Edges, areas: Areas) -> None:
        self._nearest = nearest
        self._edges_of, self._start = _by_owner(edges, len(areas.codes))
        self._tree = shapely.STRtree(areas.polygons)
        self._tree.query(shapely.Point(0, 0))  # built when first asked, which two threads must not do at once
        self._grid = areas.owner
        self._of_leaf: _Kept[int] = _Kept(lambda leaf: self._rows(nearest.edges_in(leaf)))
        self._of_spot: _Kept[tuple[int, int, int]] = _Kept(self._rows_of_spot)
        self._of_block: _Kept[tuple[int, int, int]] = _Kept(self._rows_near)

    def nearest_m(self, lon: float, lat: float, owner: int, reach_m: float) -> tuple[float, int, float] | None:
        """Return metres to the nearest edge, the smallest owner as near as that, and metres to the border of `owner`.

        The smallest owner is told where `owner` is nobody. None when no edge is within reach_m.
        """
        leaf = self._nearest.leaf_at(lon, lat, reach_m)
        if leaf is None:
            return None
        lon_m, lat_m = degrees_m_at(lat)
        if self._nearest.count_in(leaf) > _FEW_EDGES:
            return self._by_numpy(self._nearest.edges_in(leaf), lon, lat, lon_m, lat_m, owner)
        rows = self._of_leaf[leaf]
        if len(rows) > _SHORT_LIST:
            rows = self._of_spot[leaf, math.floor(lon / _SPOT), math.floor(lat / _SPOT)]
        if owner >= 0:
            best2, own2 = _own_far2(rows, lon, lat, lon_m, lat_m, owner)
            return math.sqrt(best2), -1, math.sqrt(own2)
        far2 = _far2(rows, lon, lat, lon_m, lat_m)
        best2 = min(far2)
        step = round(math.sqrt(best2) * STEPS_PER_METRE)
        alike = (round(math.sqrt(one) * STEPS_PER_METRE) == step for one in far2)
        return math.sqrt(best2), min(row[4] for row, near in zip(rows, alike, strict=True) if near), math.inf

    def border_m(self, owner: int, lon: float, lat: float) -> float:
        """Return the metres to a grid's border, by all its edges."""
        edges = self._edges_of[self._start[owner] : self._start[owner + 1]]
        return math.sqrt(self._all_far2(edges, lon, lat, *degrees_m_at(lat)).min(initial=math.inf))

    def within(self, lon: float, lat: float, owner: int, reach_m: float) -> tuple[tuple[int, float], ...]:
        """Return the grids whose border is within reach_m with their distances; `owner`, who covers it, at 0."""
        steps = math.ceil(reach_m / _REACH_STEP_M)
        if steps * _REACH_STEP_M <= _KEPT_REACH_M:
            nearest2 = self._nearest2_by_grid(lon, lat, steps)
        else:
            grids = self._grids_in(lon, lat, lon, lat, reach_m)
            nearest2 = {grid: self.border_m(grid, lon, lat) ** 2 for grid in grids}
        if owner >= 0:
            nearest2[owner] = 0.0
        distances = [(math.sqrt(far2), grid) for grid, far2 in nearest2.items()]
        return tuple((grid, metres) for metres, grid in sorted(distances) if metres <= reach_m)

    def _nearest2_by_grid(self, lon: float, lat: float, steps: int) -> dict[int, float]:
        rows = self._of_block[math.floor(lon / _BLOCK), math.floor(lat / _BLOCK), steps]
        nearest2: dict[int, float] = {}
        for row, far2 in zip(rows, _far2(rows, lon, lat, *degrees_m_at(lat)), strict=True):
            low, high = row[4], row[5]
            if far2 < nearest2.get(low, math.inf):
                nearest2[low] = far2
            if far2 < nearest2.get(high, math.inf):
                nearest2[high] = far2
        return nearest2

    def _rows_near(self, block: tuple[int, int, int]) -> list[Row]:
        """Return every edge within some steps of a block: of the grids near it, those whose box is."""
        column, row, steps = block
        box = column * _BLOCK, row * _BLOCK, (column + 1) * _BLOCK, (row + 1) * _BLOCK
        reach_m = steps * _REACH_STEP_M
        grids = self._grids_in(*box, reach_m)
        edges_of = [self._edges_of[self._start[one] : self._start[one + 1]] for one in grids]
        edges = np.unique(np.concatenate(edges_of or [np.zeros(0, np.int64)]))
        west, south, east, north = _wider(*box, reach_m)
        ends = self._nearest.ends[edges]
        inside = (np.minimum(ends[:, 0], ends[:, 2]) <= east) & (np.maximum(ends[:, 0], ends[:, 2]) >= west)
        inside &= (np.minimum(ends[:, 1], ends[:, 3]) <= north) & (np.maximum(ends[:, 1], ends[:, 3]) >= south)
        return self._rows(edges[inside])

    def _rows_of_spot(self, key: tuple[int, int, int]) -> list[Row]:
        """Return of a leaf's edges those that can be nearest to some place of a spot.

        With r from the spot's middle to its corner and q how much lengths differ between the planes of its places: the
        middle's nearest edge, d away from it, is at most q * (d + r) from a place; one that is D away, at least
        (D - r) / q. So what can be nearest has D <= q ** 2 * (d + r) + r.
        """
        leaf, column, row = key
        rows = self._of_leaf[leaf]
        lon, lat = (column + 0.5) * _SPOT, (row + 0.5) * _SPOT
        lon_m, lat_m = degrees_m_at(lat)
        ends = [degrees_m_at(lat - _SPOT), degrees_m_at(lat + _SPOT)]
        q = max(max(one / lon_m, lon_m / one, other / lat_m, lat_m / other) for one, other in ends)
        # Twice the spot, so that rounding a place into it does not matter.
        r = math.hypot(lon_m, lat_m) * _SPOT
        far_m = [math.sqrt(one) for one in _far2(rows, lon, lat, lon_m, lat_m)]
        limit_m = q * q * (min(far_m) + r + _SPARE_M) + r
        return [row for row, far in zip(rows, far_m, strict=True) if far <= limit_m]

    def _grids_in(self, west: float, south: float, east: float, north: float, reach_m: float) -> list[int]:
        parts = self._tree.query(shapely.box(*_wider(west, south, east, north, reach_m)))
        return sorted(set(self._grid[parts].tolist()))

    def _rows(self, edges: Whole) -> list[Row]:
        ends, low, high = self._nearest.ends[edges], self._nearest.low[edges], self._nearest.high[edges]
        return [(*four, *two) for four, *two in zip(ends.tolist(), low.tolist(), high.tolist(), strict=True)]

    def _by_numpy(
        self, edges: Whole, lon: float, lat: float, lon_m: float, lat_m: float, owner: int
    ) -> tuple[float, int, float]:
        far2 = self._all_far2(edges, lon, lat, lon_m, lat_m)
        low, high = self._nearest.low[edges], self._nearest.high[edges]
        best2 = far2.min()
        own2 = far2[(low == owner) | (high == owner)].min(initial=math.inf)
        alike = in_steps(np.sqrt(far2)) == in_steps(np.sqrt(best2))
        return math.sqrt(best2), int(low[alike].min()), math.sqrt(own2)

    def _all_far2(self, edges: Whole, lon: float, lat: float, lon_m: float, lat_m: float) -> Floats:
        one = np.ones(1)
        return distance2_m(self._nearest.ends[edges], lon * one, lat * one, lon_m * one, lat_m * one)


def _far2(rows: list[Row], lon: float, lat: float, lon_m: float, lat_m: float) -> list[float]:
    """Return the squared distances to edges; the arithmetic is that of plane.distance2_m."""
    found = []
    for a_lon, a_lat, b_lon, b_lat, _, _ in rows:
        ax, ay, bx, by = (a_lon - lon) * lon_m, (a_lat - lat) * lat_m, (b_lon - lon) * lon_m, (b_lat - lat) * lat_m
        ex, ey = bx - ax, by - ay
        foot = -(ax * ex + ay * ey)
        if foot <= 0:
            found.append(ax * ax + ay * ay)
        elif foot >= (length2 := ex * ex + ey * ey):
            found.append(bx * bx + by * by)
        else:
            across = ax * ey - ay * ex
            found.append(across * across / (length2 if length2 > 1e-300 else 1e-300))
    return found


def _own_far2(rows: list[Row], lon: float, lat: float, lon_m: float, lat_m: float, owner: int) -> tuple[float, float]:
    """Return the squared distances to the nearest edge and to the nearest of an owner's; arithmetic as `_far2`."""
    best2 = own2 = math.inf
    for a_lon, a_lat, b_lon, b_lat, low, high in rows:
        ax, ay, bx, by = (a_lon - lon) * lon_m, (a_lat - lat) * lat_m, (b_lon - lon) * lon_m, (b_lat - lat) * lat_m
        ex, ey = bx - ax, by - ay
        foot = -(ax * ex + ay * ey)
        if foot <= 0:
            far2 = ax * ax + ay * ay
        elif foot >= (length2 := ex * ex + ey * ey):
            far2 = bx * bx + by * by
        else:
            across = ax * ey - ay * ex
            far2 = across * across / (length2 if length2 > 1e-300 else 1e-300)
        if far2 < best2:
            best2 = far2
        if far2 < own2 and (low == owner or high == owner):
            own2 = far2
    return best2, own2


def _wider(west: float, south: float, east: float, north: float, reach_m: float) -> tuple[float, float, float, float]:
    """Return a box in degrees widened by metres, and a little more for rounding."""
    # A degree of longitude is shortest, and one of latitude too, at one of the ends.
    width = 1.001 * reach_m / min(lon_degree_m_at(south), lon_degree_m_at(north))
    height = 1.001 * reach_m / min(lat_degree_m_at(south), lat_degree_m_at(north))
    return west - width, south - height, east + width, north + height


def _by_owner(edges: Edges, owners: int) -> tuple[Ints, Ints]:
    """Return the edges' indices sorted by owner, and where each owner's begin; an edge of two is there twice."""
    both = np.flatnonzero(edges.low != edges.high)
    owner = np.concatenate((edges.low, edges.high[both]))
    edge = np.concatenate((np.arange(len(edges)), both))
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(owners + 1))
    return edge[order], start
