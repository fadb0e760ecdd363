"""A lattice of equal cells over all grids: which cells an edge touches, and the weight at each cell's reference place.

Everything here works in lattice units: cell (row, column) is the square from (column, row) to (column + 1, row + 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from geoservice.engine.edges import ONE, Edges, Floats, Ints, Whole

#: Where in a cell its reference place is: off the middle, so that borders on round numbers do not run through it.
REFERENCE_X, REFERENCE_Y = 0.4871, 0.5233
#: What counts as touching a cell, in cells, where cells are large.
TOUCH = 1e-6


@dataclass(frozen=True)
class Lattice:
    """Rows and columns of cells with a rim of empty cells around them.

    Parameters
    ----------
    west, south
        Corner of cell (0, 0), degrees.
    per_lon, per_lat
        Cells per degree.
    columns, rows
        Counts, rim included.
    quantum
        The largest step between neighbouring doubles among the coordinates, degrees.
    """

    west: float
    south: float
    per_lon: float
    per_lat: float
    columns: int
    rows: int
    quantum: float

    @property
    def touch(self) -> float:
        """What counts as touching a cell, in cells."""
        return float(touch_of(1 / self.per_lon, 1 / self.per_lat, self.quantum))

    def units(self, edges: Edges) -> Edges:
        """Return edges in lattice units."""
        return replace(
            edges,
            ax=(edges.ax - self.west) * self.per_lon,
            ay=(edges.ay - self.south) * self.per_lat,
            bx=(edges.bx - self.west) * self.per_lon,
            by=(edges.by - self.south) * self.per_lat,
        )

    def reference(self, cell: Ints) -> tuple[Floats, Floats]:
        """Return longitude and latitude of the reference places of cells (row * columns + column)."""
        row, column = np.divmod(cell, self.columns)
        return self.west + (column + REFERENCE_X) / self.per_lon, self.south + (row + REFERENCE_Y) / self.per_lat


def lattice_over(edges: Edges, cells: int) -> Lattice:
    """Return a lattice of about so many cells, square on the ground, over all edges."""
    west, east = min(edges.ax.min(), edges.bx.min()), max(edges.ax.max(), edges.bx.max())
    south, north = edges.ay.min(), edges.by.max()
    quantum = float(np.spacing(max(abs(west), abs(east), abs(south), abs(north), 1e-9)))
    # Cells below 2**10 steps of a double would not know where they are.
    smallest = quantum * 2**10
    shrink = max(np.cos(np.radians((south + north) / 2)), 0.01)
    width, height = max((east - west) * shrink, smallest), max(north - south, smallest)
    side = np.sqrt(width * height / cells)
    columns = int(np.clip(width / side, 1, min(cells, (east - west) / smallest + 1)))
    rows = int(np.clip(cells / columns, 1, (north - south) / smallest + 1))
    # A little larger than the edges, and not by a round number: borders that divide the whole evenly stay off the
    # borders of cells, where they would touch two rows of them.
    cell_width = max((east - west) / (columns - 0.3719), smallest)
    cell_height = max((north - south) / (rows - 0.4137), smallest)
    return Lattice(
        west=float(west - 1.1871 * cell_width),
        south=float(south - 1.2113 * cell_height),
        per_lon=float(1 / cell_width),
        per_lat=float(1 / cell_height),
        columns=columns + 3,
        rows=rows + 3,
        quantum=quantum,
    )


def touch_of(width: Floats | float, height: Floats | float, quantum: float) -> Floats:
    """Return what counts as touching a cell of a size in degrees, in cells: a margin far above any rounding.

    A millionth of a cell is a million times the error of a lattice coordinate; reference places are rounded to steps of
    a double, which matters for cells of a few thousand of them.
    """
    return TOUCH + 4 * quantum / np.minimum(width, height)


def touched(lattice: Lattice, edges: Edges) -> tuple[Ints, Ints]:
    """Return each pair of a cell and an edge (lattice units) that comes within `touch` of it, in order of cells.

    The x range of an edge within a row is computed from y at the row's widened borders. The error of that is the one
    of moving the edge by the rounding of its coordinates, a millionth of `touch`: no touched cell is missed, and none
    farther than 1.001 * `touch` is taken.
    """
    low = np.floor(edges.ay - lattice.touch).astype(np.int64)
    high = np.floor(edges.by + lattice.touch).astype(np.int64)
    edge, row = spread(low, high - low + 1)
    ax, ay, bx, by = edges.ax[edge], edges.ay[edge], edges.bx[edge], edges.by[edge]
    rise = by - ay
    flat = rise == 0
    slope = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, rise))
    from_share = np.clip((row - lattice.touch - ay) * slope, 0, 1)
    to_share = np.clip((row + 1 + lattice.touch - ay) * slope, 0, 1)
    to_share[flat] = 1.0
    run = bx - ax
    x0, x1 = ax + from_share * run, ax + to_share * run
    first = np.floor(np.minimum(x0, x1) - lattice.touch).astype(np.int64)
    last = np.floor(np.maximum(x0, x1) + lattice.touch).astype(np.int64)
    pair, column = spread(first, last - first + 1)
    cell, edge = row[pair] * lattice.columns + column, edge[pair]
    order = np.argsort(cell, kind="stable")
    return cell[order], edge[order]


def spread(first: Whole, count: Whole) -> tuple[Ints, Ints]:
    """Return for ranges of whole numbers the index of the range and the number, one range after the other."""
    index = np.repeat(np.arange(len(first)), count)
    begin = np.cumsum(count) - count
    return index, np.arange(len(index)) - (begin - first)[index]


def weight_runs(lattice: Lattice, edges: Edges) -> tuple[Ints, Floats]:
    """Return the weight at the reference places of all cells as runs.

    Parameters
    ----------
    edges
        In lattice units.

    Returns
    -------
    tuple
        (runs,) first cell of each run, increasing, the first 0; (runs,) weight there. Right at every reference place
        that is farther than rounding from all edges: along a row of references each edge that is crossed changes it.
    """
    first = np.ceil(edges.ay - REFERENCE_Y).astype(np.int64)
    count = np.ceil(edges.by - REFERENCE_Y).astype(np.int64) - first
    edge, row = spread(first, count)
    ay = edges.ay[edge]
    share = (row + REFERENCE_Y - ay) / (edges.by[edge] - ay)
    x = edges.ax[edge] + share * (edges.bx[edge] - edges.ax[edge])
    change = _changes(edges, edge, row, x)
    cell = row * lattice.columns + np.floor(x - REFERENCE_X).astype(np.int64) + 1
    order = np.argsort(cell, kind="stable")
    cell, change = cell[order], change[order]
    begins = np.concatenate(([True], cell[1:] != cell[:-1]))
    last = np.concatenate((begins[1:], [True]))
    total = np.cumsum(change)[last[: len(cell)]]
    return np.concatenate(([0], cell[begins[: len(cell)]])), np.concatenate(([0.0], total))


def _changes(edges: Edges, edge: Ints, row: Ints, x: Floats) -> Floats:
    """Return what going east across an edge in a row adds to the weight: it leaves the left side, comes to the right.

    The rings of an unsound polygon have no left. What GEOS takes for its inside is inside an odd number of its rings,
    though not all of that: between its first and second crossing of a row, third and fourth, and so on, the weight is
    that of several grids, which sends everybody to GEOS.
    """
    change = -edges.weight[edge]
    unsound = np.flatnonzero(~edges.sound[edge])
    if len(unsound):
        part = edges.part[edge[unsound]]
        order = np.lexsort((x[unsound], row[unsound], part))
        part, line = part[order], row[unsound][order]
        new = np.concatenate(([True], (part[1:] != part[:-1]) | (line[1:] != line[:-1])))
        number = np.arange(len(order))
        turn = (number - np.maximum.accumulate(np.where(new, number, 0))) % 2
        change[unsound[order]] = np.where(turn == 0, 2 * ONE, -2 * ONE)
    return change
