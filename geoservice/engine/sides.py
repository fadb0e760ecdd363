"""Which side of an edge a place is on: sums of products with a proven error bound, prepared for each cell and edge.

A result v is scaled by its error bound: |v| > 1 has the sign of the exact value, anything else is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.edges import ONE, Edges, Floats, Ints
from geoservice.engine.lattice import REFERENCE_X, REFERENCE_Y, spread, touch_of

#: Error of a form in units of the sum of its terms' magnitudes: each factor is rounded once, and so are products,
#: scaling and two sums, at 2**-53 each. Counting gives 7; double that costs nothing. The method is the static filter of
#: Shewchuk 1997, Adaptive Precision Floating-Point Arithmetic, doi:10.1007/PL00009321, section 4.
_ERROR = 14 * 2.0**-53
#: A patch cuts a cell into so many rows and columns.
PATCH_SIDE = 4
#: Keeps a bound above what underflow can lose.
_LEAST = 1e-280


@dataclass(frozen=True)
class Cells:
    """Cells of any level that edges touch, and those edges.

    Parameters
    ----------
    x, y
        (cells,) reference place, degrees.
    width, height
        (cells,) size, degrees.
    weight
        (cells,) weight at the reference place; NaN when unknown.
    start, count
        (cells,) which pairs belong to the cell: start to start + count.
    edge
        (pairs,) index of the edge.
    """

    x: Floats
    y: Floats
    width: Floats
    height: Floats
    weight: Floats
    start: Ints
    count: Ints
    edge: Ints

    def __getitem__(self, which: Ints) -> Cells:
        """Return some of the cells with their edges."""
        count = self.count[which]
        return Cells(
            self.x[which], self.y[which], self.width[which], self.height[which], self.weight[which],
            np.cumsum(count) - count, count, self.edge[self.pairs(which)],
        )  # fmt: skip

    def pairs(self, which: Ints) -> Ints:
        """Return the indices of the pairs of some of the cells."""
        return spread(self.start[which], self.count[which])[1]

    def boxes(self, which: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        """Return west, south, width and height of some of the cells."""
        width, height = self.width[which], self.height[which]
        return self.x[which] - REFERENCE_X * width, self.y[which] - REFERENCE_Y * height, width, height

    def cell_of_pair(self) -> Ints:
        """Return for each pair the index of its cell."""
        return np.repeat(np.arange(len(self.x)), self.count)


@dataclass(frozen=True)
class Shadows:
    """What each pair of a cell and an edge hides from the cell's reference place.

    A place lies in the shadow when the way to it from the reference crosses the edge: three half-planes, as
    v0 = row[0] * dx + row[1] * dy + row[2], v1 = row[3] * dx + row[4] * dy, v2 = row[5] * dx + row[6] * dy with
    (dx, dy) from the reference. All above 1: in the shadow. One below -1: not. Else: not decided. row[7] is what the
    weight gains.

    Parameters
    ----------
    rows
        (pairs, 8) as above.
    doubtful
        (pairs,) the reference is too near the line of the edge to tell its side.
    through
        (pairs,) the edge passes right through the cell: v0 alone decides.
    """

    rows: Floats
    doubtful: NDArray[np.bool_]
    through: NDArray[np.bool_]


def shadows_of(cells: Cells, edges: Edges, quantum: float) -> Shadows:
    """Return the shadow of each edge of each cell; `quantum` is the step between doubles there."""
    cell = cells.cell_of_pair()
    x, y, width, height = (column[cell] for column in (cells.x, cells.y, cells.width, cells.height))
    touch = touch_of(width, height, quantum)
    near = edges[cells.edge]
    ax, ay, bx, by = near.ax - x, near.ay - y, near.bx - x, near.by - y
    ex, ey = near.bx - near.ax, near.by - near.ay
    side = ey * ax - ex * ay
    span = np.abs(ex) * height + np.abs(ey) * width
    error = np.maximum(_ERROR * (span + np.abs(ey * ax) + np.abs(ex * ay)), _LEAST)
    doubtful = ~(np.abs(side) > np.maximum(touch / 2 * span, 4 * error))
    # From here on the reference is on the right of the edge; ends change places where it was on the left.
    turn = np.where(side > 0, -1.0, 1.0)
    ax, bx = np.where(side > 0, bx, ax), np.where(side > 0, ax, bx)
    ay, by = np.where(side > 0, by, ay), np.where(side > 0, ay, by)
    a_error = np.maximum(_ERROR * (width * np.abs(ay) + height * np.abs(ax)), _LEAST)
    b_error = np.maximum(_ERROR * (width * np.abs(by) + height * np.abs(bx)), _LEAST)
    rows = np.column_stack((
        -turn * ey / error, turn * ex / error, turn * side / error, ay / a_error, -ax / a_error, -by / b_error,
        bx / b_error, turn * near.weight,
    ))  # fmt: skip
    outside = _is_outside(ax / width, ay / height, touch) & _is_outside(bx / width, by / height, touch)
    return Shadows(rows, doubtful, outside)


def _is_outside(u: Floats, v: Floats, touch: Floats) -> NDArray[np.bool_]:
    """Return whether places (from the reference, in cells) are outside the cell, by twice what counts as touching."""
    return (
        (u < -REFERENCE_X - 2 * touch) | (u > 1 - REFERENCE_X + 2 * touch)
        | (v < -REFERENCE_Y - 2 * touch) | (v > 1 - REFERENCE_Y + 2 * touch)
    )  # fmt: skip


def touched_parts(cells: Cells, edges: Edges, x: Floats, y: Floats, quantum: float) -> tuple[Ints, Ints]:
    """Return each pair of a part of a cell and an edge of the cell that touches the part, in order of parts.

    Parameters
    ----------
    x, y
        (cells * PATCH_SIDE**2,) reference places of the parts, cell by cell.
    """
    parts = PATCH_SIDE**2
    part = (cells.cell_of_pair()[:, None] * parts + np.arange(parts)).ravel()
    edge = np.repeat(cells.edge, parts)
    cell = part // parts
    width, height = cells.width[cell] / PATCH_SIDE, cells.height[cell] / PATCH_SIDE
    touch = touch_of(width, height, quantum)
    middle_x, middle_y = x[part] + (0.5 - REFERENCE_X) * width, y[part] + (0.5 - REFERENCE_Y) * height
    near = edges[edge]
    reach = (width * (0.5 + touch), height * (0.5 + touch))
    met = _meet((near.ax - middle_x, near.ay - middle_y), (near.bx - middle_x, near.by - middle_y), reach)
    part, edge = part[met], edge[met]
    order = np.argsort(part, kind="stable")
    return part[order], edge[order]


def _meet(a: tuple[Floats, Floats], b: tuple[Floats, Floats], reach: tuple[Floats, Floats]) -> NDArray[np.bool_]:
    """Return whether edges a to b meet the box of half width and height `reach` around the origin.

    Two convex shapes are apart only if their shadows on one of their sides' normals are: of the box, of the edge.
    """
    ex, ey = b[0] - a[0], b[1] - a[1]
    beside = (np.minimum(a[0], b[0]) > reach[0]) | (np.maximum(a[0], b[0]) < -reach[0])
    above = (np.minimum(a[1], b[1]) > reach[1]) | (np.maximum(a[1], b[1]) < -reach[1])
    off_line = np.abs(ex * a[1] - ey * a[0]) > np.abs(ex) * reach[1] + np.abs(ey) * reach[0]
    return ~(beside | above | off_line)


def lines_of(cells: Cells, edges: Edges, rows: Floats) -> Floats:
    """Return for cells with one edge right through them its line and the owners beside it.

    Parameters
    ----------
    rows
        (cells, 8) shadows.

    Returns
    -------
    array
        (cells, 4): v = line[0] * lon + line[1] * lat + line[2], scaled by its error; the bytes of line[3] are two
        int32, the owner where v < -1 and the owner where v > 1.
    """
    near = edges[cells.edge[cells.start]]
    ex, ey = near.bx - near.ax, near.by - near.ay
    turn = np.where(rows[:, 0] * ey > 0, -1.0, 1.0)
    turn = np.where(ey == 0, np.where(rows[:, 1] * ex < 0, -1.0, 1.0), turn)
    reach_x, reach_y = np.abs(cells.x) + cells.width, np.abs(cells.y) + cells.height
    error = _ERROR * (
        np.abs(ey) * reach_x + np.abs(ex) * reach_y + np.abs(ey * near.ax) + np.abs(ex * near.ay)
    )  # fmt: skip
    scale = turn / np.maximum(error, _LEAST)
    lines = np.empty((len(cells.x), 4))
    lines[:, 0] = -ey * scale
    lines[:, 1] = ex * scale
    lines[:, 2] = (ey * near.ax - ex * near.ay) * scale
    owners = lines[:, 3:].view(np.int32)
    owners[:, 0] = owner_of(cells.weight)
    owners[:, 1] = owner_of(cells.weight + rows[:, 7])
    return lines


def owner_of(weight: Floats) -> NDArray[np.int64]:
    """Return the owner that a weight stands for, -1 for none; -2 when several parts cover or the weight is NaN."""
    one = (weight > ONE) & (weight < 2 * ONE)
    return np.where(one, np.where(one, weight, ONE) - ONE - 1, np.where(weight == 0, -1, -2)).astype(np.int64)
