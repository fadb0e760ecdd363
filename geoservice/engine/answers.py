"""Full answers to where a position belongs: how the owner was reached and how near the border is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.edges import Bools, Floats, Ints, Whole
from geoservice.engine.nearest import NearestEdges
from geoservice.engine.search import Codes

#: Borders of one grid and of all grids that measure the same to this are the same border, metres.
SAME_M = 1e-6


class Method(IntEnum):
    """How an owner was reached."""

    #: The owner covers the position.
    COVERS = 0
    #: Nothing covers it; the owner is the nearest grid within the snap tolerance.
    NEAREST = 1
    #: No grid covers it or is near enough.
    NONE = 2


@dataclass(frozen=True)
class Question:
    """What is asked beside the owner: metres, 0 to REACH_M, and whether all covered positions are to be measured."""

    accuracy_m: float
    snap_tolerance_m: float
    all_distances: bool

    @property
    def covered_m(self) -> float:
        """How far from the border a covered position is still measured."""
        return np.inf if self.all_distances else self.accuracy_m

    @property
    def snap_reach_m(self) -> float:
        """How far from the nearest grid a position that none covers is still measured."""
        return max(self.snap_tolerance_m, self.accuracy_m)

    @property
    def reach_m(self) -> float:
        """How far any position is still measured; not infinite, which stands for outside the region."""
        return min(max(self.snap_reach_m, self.covered_m), 1e30)


@dataclass(frozen=True)
class Answers:
    """Answers for n positions, column by column.

    Parameters
    ----------
    owner
        (n,) int32, index into the codes, -1 for none.
    method
        (n,) int8, see Method.
    near_border
        (n,) whether the border is nearer than the accuracy.
    distance_to_border_m
        (n,) metres to the border of the grid that covers the position, or to the nearest grid where none does; NaN
        where nothing is that near.
    """

    owner: Codes
    method: NDArray[np.int8]
    near_border: Bools
    distance_to_border_m: Floats

    @classmethod
    def nobody(cls, count: int) -> Answers:
        """Return answers for so many positions that say none everywhere."""
        return cls(
            np.full(count, -1, np.int32), np.full(count, np.int8(Method.NONE)), np.zeros(count, np.bool_),
            np.full(count, np.nan),
        )  # fmt: skip

    def __getitem__(self, some: slice) -> Answers:
        """Return a view of some of the answers."""
        return Answers(self.owner[some], self.method[some], self.near_border[some], self.distance_to_border_m[some])


def fill(nearest: NearestEdges, asked: Ints, lon: Floats, lat: Floats, found: Answers, question: Question) -> None:
    """Complete answers of which only the covering grids are known; distances must be NaN, methods COVERS or NONE.

    Parameters
    ----------
    asked
        Which positions may be near enough to an edge to be measured.
    """
    if not len(asked):
        return
    x, y = lon.take(asked), lat.take(asked)
    cell = nearest.cells(x, y)
    mine, low_m = found.owner.take(asked), nearest.low_m(cell)
    limit = np.where(mine >= 0, min(question.covered_m, 1e30), question.snap_reach_m)
    near = np.flatnonzero(low_m <= limit)
    if not len(near):
        return
    asked, mine = asked[near], mine[near]
    measured, smallest = _measured(nearest, cell[near], x[near], y[near], mine)
    snapped = (mine < 0) & (measured <= question.snap_tolerance_m)
    found.owner[asked[snapped]] = smallest[snapped]
    found.method[asked[snapped]] = Method.NEAREST
    limit = np.where(mine >= 0, question.covered_m, question.snap_reach_m)
    found.distance_to_border_m[asked] = np.where(measured <= limit, measured, np.nan)
    found.near_border[asked] = measured < question.accuracy_m


def _measured(nearest: NearestEdges, cell: Ints, lon: Floats, lat: Floats, mine: Codes) -> tuple[Floats, Whole]:
    """Return the distance to the own border, or to any where nothing covers, and the smallest owner of the nearest."""
    any_m, smallest, own_m = nearest.measure(cell, lon, lat, mine)
    # In a partition the nearest border is one's own. Where it is not, grids overlap: look at all the own one's edges.
    others = np.flatnonzero((mine >= 0) & (own_m > any_m + SAME_M))
    own_m[others] = nearest.own_border_m(lon[others], lat[others], mine[others])
    return np.where(mine >= 0, own_m, any_m), smallest
