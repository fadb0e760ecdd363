"""Counts that are so small that they could point at a person are not told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

#: Fewer of something, and more than none, are not told.
K_MINIMUM = 5


class GridCounts(NamedTuple):
    """Counts by grid as they may be told, None where one may not; with their total."""

    by_grid: dict[str | None, int | None]
    total: int | None


def told_counts(counts: Mapping[str | None, int], *, whole: Collection[str | None] | None) -> GridCounts:
    """Return counts without those that are too small.

    A total that would give away the only count that is missing is not told either.

    Parameters
    ----------
    whole
        Grids of which every count may be told; None: all.
    """
    if whole is None:
        return GridCounts(dict(counts), sum(counts.values()))
    told = {grid: count if grid in whole or not _is_small(count) else None for grid, count in counts.items()}
    hidden = sum(count is None for count in told.values())
    total = sum(counts.values())
    return GridCounts(told, None if hidden == 1 or _is_small(total) else total)


def _is_small(count: int) -> bool:
    return 0 < count < K_MINIMUM
