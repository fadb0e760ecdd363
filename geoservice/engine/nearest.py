"""Which edges can be the nearest one, for every place of a region: a lattice of short lists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.edges import Edges, Floats, Ints, Whole
from geoservice.engine.lattice import Lattice, spread
from geoservice.engine.plane import STEPS_PER_METRE, degrees_m, distance2_m, in_steps, lat_degree_m, lon_degree_m
from geoservice.engine.search import taken

#: No tolerance or accuracy is larger, metres.
REACH_M = 1000.0
#: A list of so few edges is not split for their number.
_FEW = 3
#: Cells nearer to a border than this are split down to this radius, so that most places are told near or far at once.
_BAND_M, _RADIUS_M = 40.0, 6.0
#: Longer lists are split even where no border is near; beyond REACH_M only when they are longer still.
_MANY, _VERY_MANY = 64, 1024
#: The finest level has 2**10 to 2**11 cells a side, by the number of edges.
_LEVELS = (10, 11)
#: Lists are not split further once they have so many entries together, for each edge and at least.
_ENTRIES_PER_EDGE, _ENTRIES = 24, 8_000_000
_PAIRS_AT_A_TIME = 100_000
#: Steps in which `low_over` tells distances, metres: 255 of them reach beyond REACH_M.
STEP_M = 4.0
#: Degrees by which the lists reach beyond the earth: the last cell does not hold its own upper rim.
_RIM = 1e-6
#: Far above any rounding of a position's cell.
_ROUNDING_M = 1e-3


@dataclass(frozen=True)
class _Nodes:
    """Squares of one level of a quadtree and the edges that can be nearest to a place in them.

    Parameters
    ----------
    column, row
        (nodes,) place in the level.
    low_m
        (nodes,) no edge is nearer to a place in the node than this.
    radius_m
        (nodes,) half the diagonal.
    count
        (nodes,) edges of each.
    edge
        (pairs,) indices of edges, node by node.
    """

    column: Ints
    row: Ints
    low_m: Floats
    radius_m: Floats
    count: Ints
    edge: Ints

    def __getitem__(self, which: Ints) -> _Nodes:
        count = self.count[which]
        start = np.cumsum(self.count) - self.count
        edge = self.edge[spread(start[which], count)[1]]
        return _Nodes(self.column[which], self.row[which], self.low_m[which], self.radius_m[which], count, edge)


class NearestEdges:
    """Distances to the nearest edge for places within REACH_M of any."""

    def __init__(self, edges: Edges, first_lon: float = -180.0) -> None:
        """Make the lists; `first_lon` is the least longitude that a position may have."""
        self.ends = np.column_stack((edges.ax, edges.ay, edges.bx, edges.by))
        self.low, self.high = edges.low.astype(np.int32), edges.high.astype(np.int32)
        self._west, self._south, self._east, self._north = _region(self.ends, first_lon)
        self._depth = int(np.clip(np.ceil(np.log2(len(edges)) / 2) + 3, *_LEVELS))
        self._per_lon = 2**self._depth / (self._east - self._west)
        self._per_lat = 2**self._depth / (self._north - self._south)
        self._grow()

    @property
    def nbytes(self) -> int:
        """Return the memory of all tables in bytes."""
        tables = (self.ends, self.low, self.high, self._leaf, self._low_m, self._start, self._count, self._edge)
        return sum(table.nbytes for table in tables)

    def as_tables(self) -> tuple[tuple[float, float, float, float, float], tuple[NDArray[Any], ...]]:
        """Return the region (west, south, cells per degree each way, cells a side) and the lists, for the kernel."""
        region = (self._west, self._south, self._per_lon, self._per_lat, 2.0**self._depth)
        lists = (self._leaf, self._low_m, self._start, self._count, self._edge)
        return region, (*lists, self.ends, self.low, self.high)

    def cells(self, lon: Floats, lat: Floats) -> Ints:
        """Return the cell of each place, the last one for what is outside the region or not finite."""
        side = 2**self._depth
        x, y = lon - self._west, lat - self._south
        x *= self._per_lon
        y *= self._per_lat
        # Not so for NaN either. Looking first is cheaper than sorting out always.
        if x.min() >= 0 and y.min() >= 0 and x.max() < side and y.max() < side:
            return _flat(x, y, side)
        inside = (x >= 0) & (y >= 0) & (x < side) & (y < side)
        cell: Ints = np.where(inside, _flat(np.where(inside, x, 0), np.where(inside, y, 0), side), side * side)
        return cell

    def leaf_at(self, lon: float, lat: float, reach_m: float) -> int | None:
        """Return the list one of whose edges is the nearest to a place; None when none is within reach_m."""
        side = 2**self._depth
        x, y = (lon - self._west) * self._per_lon, (lat - self._south) * self._per_lat
        if not (0 <= x < side and 0 <= y < side):
            return None
        cell = int(x + math.floor(y) * side)
        return None if self._flat_low_m[cell] > reach_m else self._flat_leaf[cell]

    def count_in(self, leaf: int) -> int:
        """Return how many edges a list has."""
        return int(self._count[leaf])

    def edges_in(self, leaf: int) -> Whole:
        """Return the edges of a list."""
        begin = self._start[leaf]
        return self._edge[begin : begin + self._count[leaf]]

    def low_m(self, cell: Ints) -> NDArray[np.float32]:
        """Return what no edge is nearer than, for places in cells."""
        return self._low_m.take(cell)

    def low_over(self, lattice: Lattice) -> NDArray[np.uint8]:
        """Return for each cell of a lattice what no edge is nearer than, in whole steps of STEP_M, at most 255.

        The rim, which stands for everything outside, says 0: there these lists know better.
        """
        side = 2**self._depth
        low_m = self._low_m[:-1].reshape(side, side)
        per_lon, per_lat = side / (self._east - self._west), side / (self._north - self._south)
        low_m = _least(low_m, (lattice.south - self._south) * per_lat, per_lat / lattice.per_lat, lattice.rows)
        low_m = _least(low_m.T, (lattice.west - self._west) * per_lon, per_lon / lattice.per_lon, lattice.columns).T
        steps = np.floor(np.clip((low_m - _ROUNDING_M) / STEP_M, 0, 255))
        steps[[0, -1]] = steps[:, [0, -1]] = 0
        return np.ascontiguousarray(steps, dtype=np.uint8).ravel()

    def measure(self, cell: Ints, lon: Floats, lat: Floats, owner: Whole) -> tuple[Floats, Whole, Floats]:
        """Return the distance to the nearest edge, the smallest owner there, and the distance to the own border.

        Parameters
        ----------
        cell
            (n,) none of them the last one.
        owner
            (n,) whose border is the own one; -1 for nobody's.

        Returns
        -------
        tuple
            (n,) metres; (n,) indices, where some owner is nobody, the smallest of the edges as near as that in whole
            steps; (n,) metres, infinite when the nearest edge is
            not the owner's.
        """
        ends = np.cumsum(self._count.take(self._leaf.take(cell)), dtype=np.int64)
        pieces = 1 + int(ends[-1]) // _PAIRS_AT_A_TIME
        if pieces == 1:
            return self._measure(cell, lon, lat, owner)
        # Many places where lists are long: a border of thousands of edges within metres.
        cuts = np.unique(np.searchsorted(ends, ends[-1] * np.arange(1, pieces) // pieces))
        columns = zip(*(np.split(column, cuts) for column in (cell, lon, lat, owner)), strict=True)
        some = [self._measure(*piece) for piece in columns if len(piece[0])]
        metres, smallest, own_m = (np.concatenate(column) for column in zip(*some, strict=True))
        return metres, smallest, own_m

    def _measure(self, cell: Ints, lon: Floats, lat: Floats, owner: Whole) -> tuple[Floats, Whole, Floats]:
        leaf = self._leaf.take(cell)
        count = self._count.take(leaf)
        place, pair = spread(self._start.take(leaf), count)
        edge = self._edge.take(pair)
        lon_m, lat_m = degrees_m(lat)
        far2 = distance2_m(taken(self.ends, edge), lon[place], lat[place], lon_m[place], lat_m[place])
        start = np.cumsum(count) - count
        nearest2 = np.minimum.reduceat(far2, start)
        nearest2_of_pair = nearest2[place]
        # Most borders are one's own: looking at the nearest edges only saves looking up the owners of all.
        pair = np.flatnonzero(far2 == nearest2_of_pair)
        nearest, of = edge[pair], place[pair]
        mine = owner[of]
        own2 = np.full(len(owner), np.inf)
        is_own = (self.low[nearest] == mine) | (self.high[nearest] == mine)
        own2[of[is_own]] = nearest2[of[is_own]]
        if owner.min() < 0:
            alike = in_steps(np.sqrt(far2)) == in_steps(np.sqrt(nearest2_of_pair))
            smallest = np.minimum.reduceat(np.where(alike, self.low[edge], np.int32(2**31 - 1)), start)
        else:  # nobody asks for it where all are covered
            smallest = np.full(len(owner), -1, np.int32)
        return np.sqrt(nearest2), smallest, np.sqrt(own2)

    def own_border_m(self, lon: Floats, lat: Floats, owner: Whole) -> Floats:
        """Return the distances to the borders of given grids by looking at all their edges."""
        far = np.empty(len(lon))
        for one in np.unique(owner):
            ends = self.ends[(self.low == one) | (self.high == one)]
            places = np.flatnonzero(owner == one)
            for some in np.array_split(places, 1 + len(places) * len(ends) // _PAIRS_AT_A_TIME):
                x, y = np.repeat(lon[some], len(ends)), np.repeat(lat[some], len(ends))
                far2 = distance2_m(np.tile(ends, (len(some), 1)), x, y, lon_degree_m(y), lat_degree_m(y))
                far[some] = np.sqrt(far2.reshape(len(some), len(ends)).min(axis=1, initial=np.inf))
        return far

    def _grow(self) -> None:
        """Split squares in four until each has few edges, is far from all, or is small."""
        everything = np.arange(len(self.ends))
        nothing = np.zeros(1, np.int64)
        nodes = _Nodes(nothing, nothing, np.zeros(1), np.full(1, np.inf), np.array([len(everything)]), everything)
        leaf = np.zeros((1, 1), np.int32)
        levels = [_Nodes(nothing, nothing, np.full(1, np.inf), np.zeros(1), nothing, everything[:0])]
        known = 1
        most = _ENTRIES + _ENTRIES_PER_EDGE * len(self.ends)
        for level in range(self._depth + 1):
            split = (nodes.low_m < _BAND_M) & ((nodes.count > _FEW) | (nodes.radius_m > _RADIUS_M))
            split |= nodes.count > np.where(nodes.low_m <= REACH_M, _MANY, _VERY_MANY)
            split &= (level < self._depth) & (len(nodes.edge) < most)
            done = nodes[np.flatnonzero(~split)]
            leaf[done.row, done.column] = known + np.arange(len(done.row), dtype=np.int32)
            known += len(done.row)
            levels.append(done)
            if level < self._depth:
                leaf = np.repeat(np.repeat(leaf, 2, axis=0), 2, axis=1)
                nodes = self._split(nodes[np.flatnonzero(split)], level + 1)
        self._leaf = np.append(leaf.ravel(), np.int32(0))
        low_m = np.concatenate([nodes.low_m for nodes in levels]).astype(np.float32)
        self._low_m = np.nextafter(low_m, np.float32(0))[self._leaf]
        self._count = np.concatenate([nodes.count for nodes in levels]).astype(np.int32)
        self._start = np.cumsum(self._count) - self._count
        self._edge = np.concatenate([nodes.edge for nodes in levels]).astype(np.int32)
        # For one place at a time.
        self._flat_leaf, self._flat_low_m = memoryview(self._leaf), memoryview(self._low_m)  # type: ignore[arg-type]

    def _split(self, nodes: _Nodes, level: int) -> _Nodes:
        """Return the four quarters of each node, a level finer, with fewer edges each."""
        step = max(1, _PAIRS_AT_A_TIME * len(nodes.row) // max(1, len(nodes.edge)))
        some = [nodes[np.arange(i, min(i + step, len(nodes.row)))] for i in range(0, len(nodes.row), step)]
        quarters = [self._pruned(four, level) for four in map(_quarters, some)]
        if not quarters:
            return nodes
        fields = ("column", "row", "low_m", "radius_m", "count", "edge")
        return _Nodes(*(np.concatenate([getattr(four, name) for four in quarters]) for name in fields))

    def _pruned(self, nodes: _Nodes, level: int) -> _Nodes:
        """Return nodes without the edges that can not be nearest.

        With d the distance from the middle, r the radius and q the most by which metres per degree differ between the
        middle and another place of the node: that place's nearest edge has d <= q**2 * (smallest d + 2 * r), and no
        edge is nearer to it than (smallest d - r) / q. An edge that is a step farther than the nearest is kept as well.
        """
        width, height = (self._east - self._west) / 2**level, (self._north - self._south) / 2**level
        lon, row = self._west + (nodes.column + 0.5) * width, self._rows(level)
        lat, lon_m, lat_m, ratio = (column[nodes.row] for column in row)
        node = np.repeat(np.arange(len(nodes.row)), nodes.count)
        far = np.sqrt(distance2_m(taken(self.ends, nodes.edge), lon[node], lat[node], lon_m[node], lat_m[node]))
        start = np.cumsum(nodes.count) - nodes.count
        nearest = np.minimum.reduceat(far, start)
        radius = np.hypot(width * lon_m, height * lat_m) / 2
        kept = far <= (ratio**2 * (nearest + 2 * radius) + 4 / STEPS_PER_METRE)[node]
        low = np.maximum((nearest - radius) / ratio - 1e-6, 0)
        return _Nodes(nodes.column, nodes.row, low, radius, np.add.reduceat(kept, start), nodes.edge[kept])

    def _rows(self, level: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return for each row of a level its middle's latitude, metres per degree of longitude and latitude, and q."""
        height = (self._north - self._south) / 2**level
        lat = self._south + (np.arange(2**level) + 0.5) * height
        # A little more than that, for rounding.
        return lat, lon_degree_m(lat), lat_degree_m(lat), _ratio(lat, height) * (1 + 1e-9)


def _least(rows: NDArray[np.float32], begin: float, step: float, count: int) -> NDArray[np.float32]:
    """Return the least of the rows that each of `count` stripes touches; the first begins at row `begin`."""
    edge = begin + step * np.arange(count + 1)
    first = np.clip(np.floor(edge[:-1] - 1e-6), 0, len(rows) - 1).astype(np.int64)
    last = np.clip(np.floor(edge[1:] + 1e-6), 0, len(rows) - 1).astype(np.int64)
    found = rows[first]
    for further in range(1, int((last - first).max()) + 1):
        np.minimum(found, rows[np.minimum(first + further, last)], out=found)
    return found


def _flat(x: Floats, y: Floats, side: int) -> Ints:
    np.floor(y, out=y)
    y *= side
    x += y
    return x.astype(np.int64)


def _quarters(nodes: _Nodes) -> _Nodes:
    """Return the four quarters of each node, with all its edges each."""
    four = nodes[np.repeat(np.arange(len(nodes.row)), 4)]
    number = np.tile(np.arange(4), len(nodes.row))
    return _Nodes(
        four.column * 2 + number % 2, four.row * 2 + number // 2, four.low_m, four.radius_m, four.count, four.edge
    )


def _ratio(lat: Floats, height: float) -> Floats:
    """Return the most by which metres per degree differ between a latitude and others within height / 2."""
    ratio = np.ones(len(lat))
    ends = [np.clip(lat - height / 2, -90, 90), np.clip(lat + height / 2, -90, 90)]
    # The equator is where a degree of longitude is longest and one of latitude shortest.
    across = np.where((ends[0] < 0) & (ends[1] > 0), 0.0, lat)
    for other in (*ends, across):
        for metres in (lon_degree_m, lat_degree_m):
            change = metres(other) / metres(lat)
            ratio = np.maximum(ratio, np.maximum(change, 1 / change))
    return ratio


def _region(ends: Floats, first_lon: float) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the places within REACH_M of an edge, and a little more."""
    west, south = ends[:, [0, 2]].min(), ends[:, [1, 3]].min()
    east, north = ends[:, [0, 2]].max(), ends[:, [1, 3]].max()
    room = 1.01 * REACH_M / float(lat_degree_m(np.zeros(1))[0])
    south, north = max(south - room, -90.0), min(north + room, 90.0 + _RIM)
    # At the latitude of a place a degree of longitude may be shorter than at any edge.
    room = 1.01 * REACH_M / float(lon_degree_m(np.array([max(abs(south), abs(north))]))[0])
    west, east = max(west - room, first_lon), min(east + room, first_lon + 360.0 + _RIM)
    return float(west), float(south), float(east), float(north)
