"""One position at a time, in plain floats: numpy's overhead for an array of one would cost ten times the arithmetic.

The tables are those of `search`, borders are in `borders`; the arithmetic is the same operation by operation, so the
answers are too.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.answers import SAME_M, Method
from geoservice.engine.borders import BorderTables
from geoservice.engine.edges import ONE
from geoservice.engine.exact import Geos
from geoservice.engine.search import ASK, LINE, PATCH, Tables
from geoservice.engine.sides import PATCH_SIDE


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
