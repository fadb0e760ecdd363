"""Blocks put together to districts: grown from seeds, then improved by moving blocks across borders.

A plain annealing: Kirkpatrick, Gelatt and Vecchi 1983, doi:10.1126/science.220.4598.671.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoservice.domain.proposing.blocks import Blocks, reached_from

#: A metre of border that follows no street counts like so many that do.
_OFF_STREET = 4.0
#: What a household too many or too few costs, in shares of the whole border.
_MISSED = 0.05
#: What it costs that districts differ, in shares of the whole border.
_UNEVEN = 0.1
_MOVES_PER_BLOCK = 150
_MOVES_MAX = 1_000_000
_STARTS_MIN, _STARTS_MAX = 2, 12
_WARM, _COLD = 0.02, 0.0002


@dataclass(frozen=True)
class Target:
    """How many districts of how many households."""

    count: int
    minimum: int
    maximum: int


class Districts:
    """Which district each block is in, to be improved step by step.

    Plain numbers in lists: one of an array takes several times as long to get, and millions are.
    """

    def __init__(self, blocks: Blocks, target: Target, random: np.random.Generator) -> None:
        self._blocks, self._target, self._random = blocks, target, random
        self._mean = float(blocks.households.sum() / target.count)
        self._households: list[int] = blocks.households.tolist()
        self._beside = [[(other, _border(one)) for other, one in beside.items()] for beside in blocks.neighbours]
        grown = _grown(blocks, target.count, random)
        self._district: list[int] = grown.tolist()
        self._sizes: list[float] = np.bincount(grown, weights=blocks.households, minlength=target.count).tolist()
        self._size_costs = [self._size_cost(size) for size in self._sizes]
        self._members = [set(np.flatnonzero(grown == one).tolist()) for one in range(target.count)]
        borders = [length for beside in blocks.neighbours for length in beside.values()]
        self._scale_m = float(max(1.0, sum(on + off for on, off in borders) / 2))

    @property
    def district(self) -> NDArray[np.int64]:
        """The district of each block."""
        return np.array(self._district)

    @property
    def cost(self) -> float:
        """What is left to be wished for; smaller is better."""
        across = sum(
            border
            for one, beside in enumerate(self._beside)
            for other, border in beside
            if one < other and self._district[one] != self._district[other]
        )
        return across / self._scale_m + sum(self._size_costs)

    def improve(self) -> None:
        """Move blocks across borders, at first also for the worse, so that no dead end holds."""
        moves = _MOVES_PER_BLOCK * len(self._blocks.faces)
        for step in range(moves):
            warmth = _WARM * (_COLD / _WARM) ** (step / moves)
            self._try(int(self._random.integers(len(self._blocks.faces))), warmth)

    def _try(self, block: int, warmth: float) -> None:
        here = self._district[block]
        others = sorted({self._district[other] for other, _ in self._beside[block]} - {here})
        if not others or len(self._members[here]) == 1:
            return
        there = others[int(self._random.integers(len(others)))]
        change = self._change(block, here, there)
        if change > 0 and self._random.random() >= math.exp(-change / warmth):
            return
        self._members[here].discard(block)
        if not self._is_whole_without(block, here):
            self._members[here].add(block)
            return
        self._district[block] = there
        self._members[there].add(block)
        for one, more in ((here, -self._households[block]), (there, self._households[block])):
            self._sizes[one] += more
            self._size_costs[one] = self._size_cost(self._sizes[one])

    def _is_whole_without(self, block: int, here: int) -> bool:
        """Return whether what was beside a block in its district still hangs together."""
        left = self._members[here]
        ends = {other for other in self._blocks.neighbours[block] if other in left}
        return ends <= reached_from(next(iter(ends)), self._blocks.neighbours, left, wanted=ends) if ends else False

    def _change(self, block: int, here: int, there: int) -> float:
        across = 0.0
        for other, border in self._beside[block]:
            district = self._district[other]
            across += border * ((district == here) - (district == there))
        moved = self._households[block]
        before = self._size_costs[here] + self._size_costs[there]
        after = self._size_cost(self._sizes[here] - moved) + self._size_cost(self._sizes[there] + moved)
        return across / self._scale_m + after - before

    def _size_cost(self, size: float) -> float:
        missed = max(0.0, self._target.minimum - size, size - self._target.maximum)
        return _MISSED * missed / 10 + _UNEVEN * ((size - self._mean) / self._mean) ** 2


def districts_of(blocks: Blocks, target: Target, *, seed: int) -> NDArray[np.int64]:
    """Return the district of each block, 0 to count - 1: contiguous, of like size, with short borders along streets.

    The best of several starts; the same for the same seed.
    """
    random = np.random.default_rng(seed)
    starts = _MOVES_MAX // (_MOVES_PER_BLOCK * len(blocks.faces))
    tried = [Districts(blocks, target, random) for _ in range(min(_STARTS_MAX, max(_STARTS_MIN, starts)))]
    for one in tried:
        one.improve()
    return min(tried, key=lambda one: one.cost).district


def _border(lengths: tuple[float, float]) -> float:
    return lengths[0] + _OFF_STREET * lengths[1]


def _grown(blocks: Blocks, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return districts grown from seeds that lie apart: the smallest takes the nearest of its free neighbours."""
    seeds = _seeds(blocks, count, random)
    district = np.full(len(blocks.faces), -1)
    district[seeds] = np.arange(count)
    sizes = blocks.households[seeds].astype(float)
    free = set(range(len(blocks.faces))) - set(seeds)
    while free:
        for one in np.argsort(sizes, kind="stable").tolist():
            members = np.flatnonzero(district == one).tolist()
            beside = sorted({other for member in members for other in blocks.neighbours[member]} & free)
            if beside:
                apart = np.hypot(*(blocks.centres[beside] - blocks.centres[seeds[one]]).T)
                taken = beside[int(apart.argmin())]
                district[taken] = one
                sizes[one] += blocks.households[taken]
                free.discard(taken)
                break
    return district


def _seeds(blocks: Blocks, count: int, random: np.random.Generator) -> list[int]:
    """Return blocks that lie apart (k-means++: Arthur and Vassilvitskii 2007), where people live first."""
    weight = blocks.households + 1e-3
    seeds = [int(random.choice(len(weight), p=weight / weight.sum()))]
    while len(seeds) < count:
        apart = np.min([np.hypot(*(blocks.centres - blocks.centres[seed]).T) for seed in seeds], axis=0)
        chance = weight * apart**2
        seeds.append(int(random.choice(len(weight), p=chance / chance.sum())))
    return seeds
