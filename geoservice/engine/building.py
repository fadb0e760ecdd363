"""Makes the tables of a look-up from edges: level by level, each cell the simplest way that decides it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.edges import Edges, Floats, Ints
from geoservice.engine.exact import Geos
from geoservice.engine.lattice import REFERENCE_X, REFERENCE_Y, Lattice, lattice_over, touched, weight_runs
from geoservice.engine.search import (
    ASK,
    LINE,
    PATCH,
    PATCH_SIDE,
    SHADOWS,
    Codes,
    Tables,
    entry,
    weights,
)  # fmt: skip
from geoservice.engine.sides import Cells, Shadows, lines_of, owner_of, shadows_of, touched_parts

#: A cell with more edges than this is cut into a patch, as long as that helps.
EDGES_FEW = 4
#: A cell of the last level with more edges than this is left to GEOS: many grids meet there, or a needle ends.
EDGES_MANY = 24
#: Levels of patches: each is four times finer.
DEPTH = 7
#: The first level has at least and at most the square of these cells; 4 bytes each.
SIDES = (768, 4096)
#: About how many pairs of a cell and an edge each of the first level and all patches may have; 32 to 80 bytes each.
PAIRS, PAIRS_PER_EDGE = 500_000, 8
#: Pairs that are worked on at a time when cells are cut; bounds the memory of building.
_PAIRS_AT_A_TIME = 100_000


@dataclass
class _Drawer:
    """Rows of one table as they come, level after level."""

    width: int
    levels: list[Floats] = field(default_factory=list)
    length: int = 0

    def add(self, rows: Floats) -> Ints:
        """Keep rows and return their numbers."""
        self.levels.append(rows)
        self.length += len(rows)
        return np.arange(self.length - len(rows), self.length)

    def all(self) -> Floats:
        """Return all rows, whole cache lines for the wide ones."""
        room = np.empty(self.length * self.width + 8)
        begin = (-room.ctypes.data // 8) % 8
        rows = room[begin : begin + self.length * self.width].reshape(self.length, self.width)
        if self.length:
            np.concatenate(self.levels, out=rows)
        return rows


class Builder:
    """Builds the tables of one set of edges."""

    def __init__(self, edges: Edges, geos: Geos) -> None:
        self._edges = edges
        self._geos = geos
        self._lattice = best_lattice(edges)
        self._lines, self._heads, self._shadows, self._patches = (_Drawer(width) for width in (4, 4, 8, 4))
        self._pairs_left = PAIRS + PAIRS_PER_EDGE * len(edges)

    def tables(self) -> Tables:
        """Return the tables, made level by level: first the lattice, then patches in its crowded cells, and so on."""
        first, touched_cells, cells = self._first_level()
        first[touched_cells], crowded = self._keep(cells, depth=0)
        levels = [np.empty(0, np.int32)]
        for depth in range(1, DEPTH + 1):
            if not len(crowded.x):
                break
            codes, touched_cells, cells = self._cut(crowded)
            codes[touched_cells], crowded = self._keep(cells, depth)
            levels.append(codes)
        return Tables(
            self._lattice, first, self._lines.all(), self._heads.all(), self._shadows.all(), self._patches.all(),
            np.concatenate(levels),
        )  # fmt: skip

    def _first_level(self) -> tuple[Codes, Ints, Cells]:
        """Return the lattice's entries, the cells among them that edges touch, and these."""
        lattice = self._lattice
        units = lattice.units(self._edges)
        begin, weight = weight_runs(lattice, units)
        length = np.diff(begin, append=lattice.rows * lattice.columns)
        codes = np.repeat(owner_of(weight).astype(np.int32), length)
        cell, edge = touched(lattice, units)
        start, count = groups(cell)
        cell = cell[start]
        x, y = lattice.reference(cell)
        width, height = np.full(len(cell), 1 / lattice.per_lon), np.full(len(cell), 1 / lattice.per_lat)
        run = np.searchsorted(begin, cell, side="right") - 1
        codes[cell] = -1
        self._name_overlaps(codes, begin)
        return codes, cell, Cells(x, y, width, height, weight[run], start, count, edge)

    def _name_overlaps(self, codes: Codes, begin: Ints) -> None:
        """Ask GEOS who owns the cells that no edge touches and several grids cover, once for each run of them."""
        cell = np.flatnonzero(codes == -2)
        if len(cell):
            run = np.searchsorted(begin, cell, side="right")
            _, one, which = np.unique(run, return_index=True, return_inverse=True)
            codes[cell] = self._geos.owners(*self._lattice.reference(cell[one]))[which]

    def _keep(self, cells: Cells, depth: int) -> tuple[Codes, Cells]:
        """Keep what decides in cells; return their entries, and those cells that became patches."""
        codes = np.full(len(cells.x), entry(ASK, 0), dtype=np.int32)
        if not len(codes):
            return codes, cells
        sides = shadows_of(cells, self._edges, self._lattice.quantum)
        kind = self._kinds(cells, sides, depth)
        line = np.flatnonzero(kind == LINE)
        rows = lines_of(cells[line], self._edges, sides.rows[cells.start[line]])
        codes[line] = entry(LINE, self._lines.add(rows))
        among = np.flatnonzero(kind == SHADOWS)
        codes[among] = entry(SHADOWS, self._heads.add(heads_of(cells[among], self._shadows.length)))
        self._shadows.add(sides.rows[cells.pairs(among)])
        crowded = np.flatnonzero(kind == PATCH)
        west, south, width, height = cells.boxes(crowded)
        patches = np.column_stack((west, south, PATCH_SIDE / width, PATCH_SIDE / height))
        codes[crowded] = entry(PATCH, self._patches.add(patches))
        return codes, cells[crowded]

    def _kinds(self, cells: Cells, sides: Shadows, depth: int) -> Ints:
        """Return for each cell the kind of entry that decides it."""
        bad = sides.doubtful | ~self._edges.sound[cells.edge]
        decided = ~np.logical_or.reduceat(bad, cells.start) & ~np.isnan(cells.weight)
        beyond = cells.weight + sides.rows[cells.start, 7]
        line = (cells.count == 1) & sides.through[cells.start] & (owner_of(cells.weight) > -2) & (owner_of(beyond) > -2)
        # Cells of less than 2**12 steps of a double are not cut: their parts would not know where they are.
        large = np.minimum(cells.width, cells.height) >= self._lattice.quantum * 2**12
        crowded = decided & (cells.count > EDGES_FEW) & large & (depth < DEPTH)
        crowded[crowded] = self._afforded(cells.count[crowded])
        return np.select([~decided, line, crowded, cells.count <= EDGES_MANY], [ASK, LINE, PATCH, SHADOWS], ASK)

    def _afforded(self, count: Ints) -> NDArray[np.bool_]:
        """Return which cells, by their number of edges, may become patches: the fullest first, while pairs are left."""
        order = np.argsort(-count, kind="stable")
        # A line through a patch touches four to seven of its cells.
        cost = np.cumsum(4 * count[order])
        afforded = np.empty(len(count), np.bool_)
        afforded[order] = cost <= self._pairs_left
        self._pairs_left -= 4 * int(count[afforded].sum())
        return afforded

    def _cut(self, cells: Cells) -> tuple[Codes, Ints, Cells]:
        """Return the entries of the parts of cells, which of them edges touch, and these."""
        parts = PATCH_SIDE**2
        west, south, width, height = cells.boxes(np.arange(len(cells.x)))
        width, height = width / PATCH_SIDE, height / PATCH_SIDE
        cell = np.repeat(np.arange(len(cells.x)), parts)
        row, column = np.divmod(np.tile(np.arange(parts), len(cells.x)), PATCH_SIDE)
        x = west[cell] + (column + REFERENCE_X) * width[cell]
        y = south[cell] + (row + REFERENCE_Y) * height[cell]
        found, weight = [], np.empty(len(cell))
        # So many cells at a time that there are not too many pairs.
        step = max(1, _PAIRS_AT_A_TIME * len(cells.x) // len(cells.edge))
        for begin in range(0, len(cells.x), step):
            some = cells[np.arange(begin, min(begin + step, len(cells.x)))]
            which = slice(begin * parts, (begin + step) * parts)
            shadows = shadows_of(some, self._edges, self._lattice.quantum).rows
            weight[which] = weights(heads_of(some, 0), shadows, cell[which] - begin, x[which], y[which])
            part, edge = touched_parts(some, self._edges, x[which], y[which], self._lattice.quantum)
            found.append((part + begin * parts, edge))
        part, edge = (np.concatenate(column) for column in zip(*found, strict=True))
        start, count = groups(part)
        part = part[start]
        codes = owner_of(weight).astype(np.int32)
        codes[codes == -2] = entry(ASK, 0)
        cell = cell[part]
        return codes, part, Cells(x[part], y[part], width[cell], height[cell], weight[part], start, count, edge)


def best_lattice(edges: Edges) -> Lattice:
    """Return the lattice for the first level.

    With L the length of all edges in widths and heights of the whole, a lattice of n by n has about L * n cells that an
    edge touches, L / n of all. A finer one has fewer, and falls out of the processor's caches: measured, the best n is
    about 6 * L, and never below 768, which fits into 2.4 MB. Thousands of edges right across get a coarser one.
    """
    width = max(edges.ax.max(), edges.bx.max()) - min(edges.ax.min(), edges.bx.min())
    height = edges.by.max() - edges.ay.min()
    runs, rises = np.abs(edges.bx - edges.ax).sum(), (edges.by - edges.ay).sum()
    spans = sum(float(length / whole) for length, whole in ((runs, width), (rises, height)) if whole > 0)
    cells = int(np.clip(6 * spans, *SIDES)) ** 2
    while True:
        lattice = lattice_over(edges, cells)
        if cells < 2 or runs * lattice.per_lon + rises * lattice.per_lat <= PAIRS + PAIRS_PER_EDGE * len(edges):
            return lattice
        cells //= 2


def groups(sorted_numbers: Ints) -> tuple[Ints, Ints]:
    """Return where each group of equal numbers starts, and how many there are."""
    begins = np.ones(len(sorted_numbers), np.bool_)
    np.not_equal(sorted_numbers[1:], sorted_numbers[:-1], out=begins[1:])
    start = np.flatnonzero(begins)
    return start, np.diff(start, append=len(sorted_numbers))


def heads_of(cells: Cells, first: int) -> Floats:
    """Return the rows that say where the shadows of cells are, the first of them at `first`."""
    heads = np.column_stack((cells.x, cells.y, cells.weight, np.empty(len(cells.x))))
    pairs = heads[:, 3:].view(np.int32)
    pairs[:, 0] = first + cells.start
    pairs[:, 1] = cells.count
    return heads
