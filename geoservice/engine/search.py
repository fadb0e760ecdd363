"""From positions to owners through the cells. All arrays; no geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.edges import Floats, Ints, Whole
from geoservice.engine.lattice import Lattice, spread
from geoservice.engine.sides import PATCH_SIDE, owner_of

Codes = NDArray[np.int32]

#: A cell's entry: an owner's index, -1 for none, or -2 - (4 * row + kind) with the row in the table of a kind.
LINE, SHADOWS, PATCH, ASK = range(4)
#: What is written for a position that GEOS must be asked about.
UNDECIDED = -2
#: Rows are copied whole, one cache line a place at most.
_ROW = {4: np.dtype("V32"), 8: np.dtype("V64")}


def entry(kind: int, row: Ints | int) -> Ints:
    """Return what stands in a table for a row of a kind."""
    return -2 - (4 * np.asarray(row, dtype=np.int64) + kind)


def kind_of(entries: Codes) -> Codes:
    """Return the kinds of entries below -1."""
    return (-2 - entries) & 3


def row_of(entries: Codes) -> Codes:
    """Return the rows that entries below -1 point to."""
    return (-2 - entries) >> 2


def taken(rows: Floats, which: Whole) -> Floats:
    """Return rows[which] for (n, 4) and (n, 8); several times as fast."""
    width = rows.shape[1]
    return rows.view(_ROW[width])[:, 0].take(which, mode="clip").view(np.float64).reshape(-1, width)


@dataclass(frozen=True)
class Tables:
    """Everything a look-up reads.

    Parameters
    ----------
    lattice
        The first level.
    first
        (rows * columns,) entries of its cells.
    lines
        (lines, 4) of cells with one edge right through them, see `sides.lines_of`.
    heads
        (cells, 4) of cells with shadows: reference longitude, latitude, weight there; start and count as two int32.
    shadows
        (pairs, 8), see `sides.Shadows`.
    patches
        (patches, 4): west, south, columns per degree, rows per degree.
    patch_entries
        (patches * PATCH_SIDE**2,) entries of their cells, row by row.
    """

    lattice: Lattice
    first: Codes
    lines: Floats
    heads: Floats
    shadows: Floats
    patches: Floats
    patch_entries: Codes

    @property
    def nbytes(self) -> int:
        """Return the memory of all tables in bytes."""
        tables = (self.first, self.lines, self.heads, self.shadows, self.patches, self.patch_entries)
        return sum(table.nbytes for table in tables)


class Workspace:
    """Room for one thread to work on `size` positions at a time, used again and again."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._x = np.empty(size)
        self._y = np.empty(size)
        self._cell = np.empty(size, np.int64)

    def cells(self, count: int) -> Ints:
        """Return where the first level's cells of the positions asked about are kept."""
        return self._cell[:count]

    def entries(self, tables: Tables, lon: Floats, lat: Floats, out: Codes) -> None:
        """Write the first level's entry for each position, -1 for what is outside or not finite."""
        lattice = tables.lattice
        x, y, cell = self._x[: len(lon)], self._y[: len(lon)], self.cells(len(lon))
        np.subtract(lon, lattice.west, out=x)
        np.multiply(x, lattice.per_lon, out=x)
        np.subtract(lat, lattice.south, out=y)
        np.multiply(y, lattice.per_lat, out=y)
        # Not so for NaN either. Looking first is cheaper than clipping always.
        if not (x.min() >= 0 and y.min() >= 0 and x.max() < lattice.columns and y.max() < lattice.rows):
            np.fmin(np.fmax(x, 0, out=x), lattice.columns - 1, out=x)
            np.fmin(np.fmax(y, 0, out=y), lattice.rows - 1, out=y)
        np.floor(y, out=y)
        np.multiply(y, lattice.columns, out=y)
        np.add(x, y, out=x)
        np.copyto(cell, x, casting="unsafe")
        tables.first.take(cell, out=out, mode="clip")

    def maybe_within(self, low: NDArray[np.uint8] | None, step_m: float, reach_m: float, count: int) -> Ints:
        """Return which of the positions last asked about may be within reach_m of an edge.

        Parameters
        ----------
        low
            Of each cell of the first level: no edge is nearer than so many steps.
        """
        if low is None:
            return np.arange(0)
        steps = int(min(reach_m / step_m, 255))
        return np.flatnonzero(low.take(self._cell[:count], mode="clip") <= steps)


def resolve_edge_cells(tables: Tables, codes: Codes, lon: Floats, lat: Floats) -> None:
    """Turn entries below -1 into owners; -2 is left where GEOS must be asked.

    Parameters
    ----------
    codes
        (n,) entries, all below -1; overwritten.
    lon, lat
        (n,) degrees.
    """
    if len(tables.patches):
        _descend(tables, codes, lon, lat)
    kind = np.where(codes < -1, kind_of(codes), -1)
    row = row_of(codes)
    line = np.flatnonzero(kind == LINE)
    if len(line) == len(codes):
        codes[:] = beside(tables, row, lon, lat)
        return
    if len(line):
        codes[line] = beside(tables, row[line], lon[line], lat[line])
    among = np.flatnonzero(kind == SHADOWS)
    if len(among):
        codes[among] = owner_of(weights(tables.heads, tables.shadows, row[among], lon[among], lat[among]))
    codes[kind == ASK] = -2


def _descend(tables: Tables, codes: Codes, lon: Floats, lat: Floats) -> None:
    """Replace entries of patches by the entries of their cells until none is left."""
    which = np.flatnonzero((codes < -1) & (kind_of(codes) == PATCH))
    while len(which):
        patch = row_of(codes[which])
        row = taken(tables.patches, patch)
        column_in = np.clip((lon[which] - row[:, 0]) * row[:, 2], 0, PATCH_SIDE - 1).astype(np.int64)
        row_in = np.clip((lat[which] - row[:, 1]) * row[:, 3], 0, PATCH_SIDE - 1).astype(np.int64)
        below = tables.patch_entries.take((patch * PATCH_SIDE + row_in) * PATCH_SIDE + column_in)
        codes[which] = below
        which = which[(below < -1) & (kind_of(below) == PATCH)]


def beside(tables: Tables, row: Whole, lon: Floats, lat: Floats) -> Codes:
    """Return the owner on a place's side of its cell's only edge, -2 when it is too near to tell."""
    line = taken(tables.lines, row)
    v = line[:, 0] * lon
    v += line[:, 1] * lat
    v += line[:, 2]
    owners = line[:, 3:].view(np.int32)
    found = np.where(v > 0, owners[:, 1], owners[:, 0])
    np.abs(v, out=v)
    if not v.min() > 1:
        found[~(v > 1)] = -2
    return found


def weights(heads: Floats, shadows: Floats, row: Whole, lon: Floats, lat: Floats) -> Floats:
    """Return the weight at places of cells with shadows; NaN where it can not be told."""
    head = taken(heads, row)
    pairs = head[:, 3:].view(np.int32)
    count = pairs[:, 1]
    place, pair = spread(pairs[:, 0], count)
    shadow = taken(shadows, pair)
    dx, dy = (lon - head[:, 0])[place], (lat - head[:, 1])[place]
    least = shadow[:, 0] * dx
    least += shadow[:, 1] * dy
    least += shadow[:, 2]
    np.minimum(least, shadow[:, 3] * dx + shadow[:, 4] * dy, out=least)
    np.minimum(least, shadow[:, 5] * dx + shadow[:, 6] * dy, out=least)
    gain = np.where(least > 1, shadow[:, 7], 0.0)
    gain[np.abs(least) <= 1] = np.nan
    return head[:, 2] + np.add.reduceat(gain, np.cumsum(count) - count)
