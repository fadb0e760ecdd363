"""Repeatable chance: one independent stream of draws per part of the demo community.

Only `integers` and `random` of PCG64 are used, whose streams numpy keeps equal across versions and machines.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Chance:
    """A stream of draws that depends on the seed and the stream's name alone.

    Every part draws from a stream of its own, so that a change to one part leaves the others as they were.
    """

    def __init__(self, seed: int, stream: str) -> None:
        self._generator = np.random.Generator(np.random.PCG64([seed, zlib.crc32(stream.encode())]))

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * float(self._generator.random())

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return int(self._generator.integers(low, high + 1))

    def happens(self, probability: float) -> bool:
        """Return True with the given probability."""
        return float(self._generator.random()) < probability

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, each as likely as the others."""
        return options[self.whole(0, len(options) - 1)]

    def pick_weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """Return one of the options of (value, weight) pairs; weights need not sum to one."""
        left = self.between(0, sum(weight for _, weight in options))
        for value, weight in options:
            left -= weight
            if left < 0:
                return value
        return options[-1][0]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in a random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.whole(0, last)
            order[last], order[other] = order[other], order[last]
        return order
