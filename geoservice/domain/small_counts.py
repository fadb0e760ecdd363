"""Counts that are so small that they could point at a person are not told, nor what would give them away.

Decision 33 says what is told by which rule. The database holds the same minimum (geoservice.k_minimum, served.sql); a
test holds them together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from layers.households.model import HouseholdPlace

#: Fewer of something, and more than none, are not told.
K_MINIMUM = 5


class GridCounts(NamedTuple):
    """Counts by grid as they may be told, None where one may not; with their total."""

    by_grid: dict[str | None, int | None]
    total: int | None


def told_counts(counts: Mapping[str | None, int], *, whole: Collection[str | None] | None) -> GridCounts:
    """Return counts of instants and periods that whoever asks chooses, without those that are too small.

    What is told is rounded to the minimum: between two instants it differs by nothing, or by that much. A total of
    which a part is not told is not told either.

    Parameters
    ----------
    whole
        Grids of which every count may be told as it is; None: all.
    """
    total = sum(counts.values())
    if whole is None:
        return GridCounts(dict(counts), total)
    told = {grid: count if grid in whole else _told(count) for grid, count in counts.items()}
    return GridCounts(told, None if None in told.values() else _told(total))


def _told(count: int) -> int | None:
    return None if is_small(count) else K_MINIMUM * round(count / K_MINIMUM)


def is_small(count: int) -> bool:
    """Return whether a count is too small to be told."""
    return 0 < count < K_MINIMUM


@dataclass(frozen=True)
class Neighbourhood:
    """Places whose households are only ever counted together: of drafts, which anybody may draw around a house."""

    places: tuple[HouseholdPlace, ...]

    @property
    def grid_code(self) -> str | None:
        """Return the grid that owns all of it now."""
        return self.places[0].grid_code

    @property
    def households(self) -> int:
        """Return how many households live there."""
        return sum(one.households for one in self.places)

    @property
    def residents(self) -> int:
        """Return how many residents."""
        return sum(one.residents for one in self.places)

    @property
    def head(self) -> HouseholdPlace:
        """Return the place that the neighbourhood goes with wherever a border cuts it: that of the most households."""
        return max(self.places, key=lambda one: (one.households, one.key))

    @property
    def is_told(self) -> bool:
        """Return whether its counts may be told: all of a grid's places may be too few."""
        return not is_small(self.households) and not is_small(self.residents)


def neighbourhoods_of(places: Iterable[HouseholdPlace]) -> tuple[Neighbourhood, ...]:
    """Return the neighbourhoods of places: each in one grid, with as many households and residents as may be told.

    A place whose households are told by itself is one by itself, so that nothing is learnt of its neighbours by taking
    it away from one. Others are put together along a curve that keeps near what is near (Z-order), and what is
    left over goes to the neighbourhood before it.
    """
    found: list[Neighbourhood] = []
    ordered = sorted(places, key=lambda one: (one.grid_code is None, one.grid_code or "", _z_order(one), one.key))
    for _, of_grid in groupby(ordered, key=lambda one: one.grid_code):
        there = tuple(of_grid)
        apart = [(one,) for one in there if one.told]
        found += _merged([*apart, *_runs([one for one in there if not one.told])])
    return tuple(found)


def _runs(places: Sequence[HouseholdPlace]) -> list[tuple[HouseholdPlace, ...]]:
    runs: list[tuple[HouseholdPlace, ...]] = []
    run: tuple[HouseholdPlace, ...] = ()
    for place in places:
        run = (*run, place)
        if sum(one.households for one in run) >= K_MINIMUM:
            runs.append(run)
            run = ()
    if run and runs:
        runs[-1] += run
    elif run:
        runs.append(run)
    return runs


def _merged(runs: Sequence[tuple[HouseholdPlace, ...]]) -> list[Neighbourhood]:
    """Return runs as neighbourhoods, those of few residents together with the next."""
    found: list[Neighbourhood] = []
    for run in runs:
        if found and not found[-1].is_told:
            found[-1] = Neighbourhood((*found[-1].places, *run))
        else:
            found.append(Neighbourhood(run))
    if len(found) > 1 and not found[-1].is_told:
        last = found.pop()
        found[-1] = Neighbourhood((*found[-1].places, *last.places))
    return found


def _z_order(place: HouseholdPlace) -> int:
    """Return where a place lies on a curve through cells of 0.00002 degrees."""
    x, y = int((place.lon + 180) * 50_000), int((place.lat + 90) * 50_000)
    return _spread(x) | _spread(y) << 1


def _spread(number: int) -> int:
    """Return the 25 bits of a number with a zero between each and the next."""
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):  # fmt: skip
        number = (number | number << shift) & mask
    return number
