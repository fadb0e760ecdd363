"""One position at a time, in plain floats: numpy's overhead for an array of one would cost ten times the arithmetic.

The tables are those of `search` and `nearest`, the arithmetic is theirs operation by operation, so the answers are too.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.engine.answers import SAME_M, Method
from geoservice.engine.edges import ONE, Areas, Edges, Floats, Ints
from geoservice.engine.exact import Geos
from geoservice.engine.nearest import NearestEdges
from geoservice.engine.plane import STEPS_PER_METRE, distance2_m, in_steps, lat_degree_m_at, lon_degree_m_at
from geoservice.engine.search import ASK, LINE, PATCH, Tables
from geoservice.engine.sides import PATCH_SIDE

#: Longer lists of edges are faster in numpy.
_FEW_EDGES = 24


class Found(NamedTuple):
    """The answer for one position."""

    #: Index into the codes, -1 for none.
    owner: int
    method: Method
    #: Metres to the border of the grid that covers the position, or to the nearest grid where none does; None where
    #: none is within the snap tolerance or the accuracy.
    distance_to_border_m: float | None
    #: The border is nearer than the accuracy.
    near_border: bool
    #: When near the border: each grid whose border is within the accuracy and its distance in metres, the covering one
    #: at 0; nearest first, then by code.
    candidates: tuple[tuple[int, float], ...]


NOWHERE = Found(-1, Method.NONE, None, False, ())


class OwnerTables:
    """The cells as flat buffers, for owners alone."""

    def __init__(self, tables: Tables, geos: Geos) -> None:
        lattice = tables.lattice
        self._west, self._south = lattice.west, lattice.south
        self._per_lon, self._per_lat = lattice.per_lon, lattice.per_lat
        self._last_x, self._last_y, self._columns = lattice.columns - 1.0, lattice.rows - 1.0, float(lattice.columns)
        self._first = _flat(tables.first)
        self._lines = _flat(tables.lines.ravel())
        self._line_owners = _flat(tables.lines.ravel().view(np.int32))
        self._heads = _flat(tables.heads.ravel())
        self._head_pairs = _flat(tables.heads.ravel().view(np.int32))
        self._shadows = _flat(tables.shadows.ravel())
        self._patches = _flat(tables.patches.ravel())
        self._patch_entries = _flat(tables.patch_entries)
        self._geos = geos

    def owner(self, lon: float, lat: float) -> int:
        """Return who covers a position on the earth, -1 for nobody."""
        x, y = (lon - self._west) * self._per_lon, (lat - self._south) * self._per_lat
        x, y = min(max(x, 0.0), self._last_x), min(max(y, 0.0), self._last_y)
        entry = self._first[int(x + math.floor(y) * self._columns)]
        if entry >= -1:
            return entry
        kind, row = (-2 - entry) & 3, (-2 - entry) >> 2
        while kind == PATCH:
            entry = self._below(row, lon, lat)
            if entry >= -1:
                return entry
            kind, row = (-2 - entry) & 3, (-2 - entry) >> 2
        if kind == LINE:
            owner = self._beside(row, lon, lat)
        else:
            owner = -2 if kind == ASK else self._among(row, lon, lat)
        return owner if owner >= -1 else int(self._geos.owners(np.array([lon]), np.array([lat]))[0])

    def _below(self, patch: int, lon: float, lat: float) -> int:
        west, south, per_lon, per_lat = self._patches[4 * patch : 4 * patch + 4]
        column = int(min(max((lon - west) * per_lon, 0.0), PATCH_SIDE - 1.0))
        row = int(min(max((lat - south) * per_lat, 0.0), PATCH_SIDE - 1.0))
        return self._patch_entries[(patch * PATCH_SIDE + row) * PATCH_SIDE + column]

    def _beside(self, row: int, lon: float, lat: float) -> int:
        a, b, c = self._lines[4 * row : 4 * row + 3]
        v = a * lon + b * lat + c
        if v > 1:
            return self._line_owners[8 * row + 7]
        return self._line_owners[8 * row + 6] if v < -1 else -2

    def _among(self, row: int, lon: float, lat: float) -> int:
        """Return the owner among shadows; -2 when it can not be told."""
        lon0, lat0, weight = self._heads[4 * row : 4 * row + 3]
        start, count = self._head_pairs[8 * row + 6 : 8 * row + 8]
        dx, dy = lon - lon0, lat - lat0
        for pair in range(start, start + count):
            s = self._shadows[8 * pair : 8 * pair + 8]
            least = min(s[0] * dx + s[1] * dy + s[2], s[3] * dx + s[4] * dy, s[5] * dx + s[6] * dy)
            if -1 <= least <= 1:
                return -2
            if least > 1:
                weight += s[7]
        if ONE < weight < 2 * ONE:
            return int(weight - ONE - 1)
        return -1 if weight == 0 else -2


class BorderTables:
    """The nearest edges as flat buffers, and each grid's own edges."""

    def __init__(self, nearest: NearestEdges, edges: Edges, areas: Areas) -> None:
        self._nearest = nearest
        self._ends = _flat(nearest.ends.ravel())
        self._low, self._high = _flat(nearest.low), _flat(nearest.high)
        self._edges_of, self._start = _by_owner(edges, len(areas.codes))
        self._tree = shapely.STRtree(areas.polygons)
        self._tree.query(shapely.Point(0, 0))  # built when first asked, which two threads must not do at once
        self._grid = areas.owner

    def nearest_m(self, lon: float, lat: float, owner: int, reach_m: float) -> tuple[float, int, float] | None:
        """Return metres to the nearest edge, the smallest owner as near as that, and metres to the border of `owner`.

        The smallest owner is told where `owner` is nobody. None when no edge is within reach_m.
        """
        edges = self._nearest.edges_at(lon, lat, reach_m)
        if edges is None:
            return None
        lon_m, lat_m = lon_degree_m_at(lat), lat_degree_m_at(lat)
        if len(edges) > _FEW_EDGES:
            return self._by_numpy(np.asarray(edges), lon, lat, lon_m, lat_m, owner)
        best2 = own2 = math.inf
        far2s: list[float] = []
        for edge in edges:
            far2 = self._distance2_m(edge, lon, lat, lon_m, lat_m)
            low = self._low[edge]
            best2 = min(best2, far2)
            far2s.append(far2)
            if far2 < own2 and (low == owner or self._high[edge] == owner):
                own2 = far2
        smallest = -1
        if owner < 0:
            step = round(math.sqrt(best2) * STEPS_PER_METRE)
            smallest = min(
                self._low[edge]
                for edge, far2 in zip(edges, far2s, strict=True)
                if round(math.sqrt(far2) * STEPS_PER_METRE) == step
            )
        return math.sqrt(best2), smallest, math.sqrt(own2)

    def _distance2_m(self, edge: int, lon: float, lat: float, lon_m: float, lat_m: float) -> float:
        # As plane.distance2_m.
        a_lon, a_lat, b_lon, b_lat = self._ends[4 * edge : 4 * edge + 4]
        ax, ay, bx, by = (a_lon - lon) * lon_m, (a_lat - lat) * lat_m, (b_lon - lon) * lon_m, (b_lat - lat) * lat_m
        ex, ey = bx - ax, by - ay
        length2 = ex * ex + ey * ey
        foot = -(ax * ex + ay * ey)
        if foot <= 0:
            return ax * ax + ay * ay
        if foot >= length2:
            return bx * bx + by * by
        across = ax * ey - ay * ex
        return across * across / max(length2, 1e-300)

    def _by_numpy(
        self, edges: Ints, lon: float, lat: float, lon_m: float, lat_m: float, owner: int
    ) -> tuple[float, int, float]:
        far2 = self._far2(edges, lon, lat, lon_m, lat_m)
        low, high = self._nearest.low[edges], self._nearest.high[edges]
        best2 = far2.min()
        own2 = far2[(low == owner) | (high == owner)].min(initial=math.inf)
        alike = in_steps(np.sqrt(far2)) == in_steps(np.sqrt(best2))
        return math.sqrt(best2), int(low[alike].min()), math.sqrt(own2)

    def _far2(self, edges: Ints, lon: float, lat: float, lon_m: float, lat_m: float) -> Floats:
        one = np.ones(1)
        return distance2_m(self._nearest.ends[edges], lon * one, lat * one, lon_m * one, lat_m * one)

    def border_m(self, owner: int, lon: float, lat: float) -> float:
        """Return the metres to a grid's border, by all its edges."""
        edges = self._edges_of[self._start[owner] : self._start[owner + 1]]
        far2 = self._far2(edges, lon, lat, lon_degree_m_at(lat), lat_degree_m_at(lat))
        return math.sqrt(far2.min(initial=math.inf))

    def within(self, lon: float, lat: float, owner: int, reach_m: float) -> tuple[tuple[int, float], ...]:
        """Return the grids whose border is within reach_m with their distances; `owner`, who covers it, at 0."""
        width, height = reach_m / lon_degree_m_at(lat), reach_m / lat_degree_m_at(lat)
        parts = self._tree.query(shapely.box(lon - width, lat - height, lon + width, lat + height))
        grids = set(self._grid[parts].tolist())
        distances = [(0.0 if grid == owner else self.border_m(grid, lon, lat), grid) for grid in grids]
        return tuple((grid, metres) for metres, grid in sorted(distances) if metres <= reach_m)


def answer(
    owners: OwnerTables, borders: BorderTables, lon: float, lat: float, *, accuracy_m: float, snap_tolerance_m: float
) -> Found:
    """Return the answer for a position on the earth; metres 0 to REACH_M."""
    owner = owners.owner(lon, lat)
    reach_m = math.inf if owner >= 0 else max(accuracy_m, snap_tolerance_m)
    measured = borders.nearest_m(lon, lat, owner, reach_m)
    if measured is None:
        # A covered position always has a border: it lies outside the lists' region only by rounding.
        metres = borders.border_m(owner, lon, lat) if owner >= 0 else math.inf
    elif owner < 0:
        metres = measured[0]
    else:
        # In a partition the nearest border is the own one. Where it is not, grids overlap: all the own edges are asked.
        metres = measured[2] if measured[2] <= measured[0] + SAME_M else borders.border_m(owner, lon, lat)
    if metres > reach_m or metres == math.inf:
        return NOWHERE
    near = metres < accuracy_m
    candidates = borders.within(lon, lat, owner, accuracy_m) if near else ()
    if owner >= 0:
        return Found(owner, Method.COVERS, metres, near, candidates)
    if measured is not None and metres <= snap_tolerance_m:
        return Found(measured[1], Method.NEAREST, metres, near, candidates)
    return Found(-1, Method.NONE, metres, near, candidates)


def _flat(table: NDArray[Any]) -> memoryview:
    """Return a table of one dimension as a buffer whose items are plain Python numbers."""
    return memoryview(np.ascontiguousarray(table))  # type: ignore[arg-type]


def _by_owner(edges: Edges, owners: int) -> tuple[Ints, Ints]:
    """Return the edges' indices sorted by owner, and where each owner's begin; an edge of two is there twice."""
    both = np.flatnonzero(edges.low != edges.high)
    owner = np.concatenate((edges.low, edges.high[both]))
    edge = np.concatenate((np.arange(len(edges)), both))
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(owners + 1))
    return edge[order], start
