"""No counting of drafts, however they are drawn and subtracted, tells of fewer households than may be told."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import psycopg
import pytest

from geoservice.domain.small_counts import K_MINIMUM, Neighbourhood, neighbourhoods_of
from layers.households.model import HouseholdPlace

SIDE = 0.01


def a_town(chance: random.Random) -> list[HouseholdPlace]:
    """Return places of a few households each in some grids, and of more, told as the database tells them."""
    places = []
    for number in range(chance.randint(1, 60)):
        grid = chance.choice(["a", "b", None])
        households = chance.choice([1, 1, 1, 2, 3, 4, 6, 12])
        residents = sum(chance.randint(0, 4) for _ in range(households))
        place = (91.0 + chance.random() * SIDE, 29.0 + chance.random() * SIDE)
        places.append(HouseholdPlace(f"p{number}", grid, *place, households, residents, told=False))
    return [told_of(place, places) for place in places]


def told_of(place: HouseholdPlace, places: Sequence[HouseholdPlace]) -> HouseholdPlace:
    """Return a place as the view housed_building tells it: where some of its grid is not told, its smallest is not."""
    there = sorted(
        (one for one in places if one.grid_code == place.grid_code), key=lambda one: (one.households, one.key)
    )
    large = [one for one in there if one.households >= K_MINIMUM]
    kept_back = large[:1] if len(large) < len(there) else []
    return HouseholdPlace(*list(vars(place).values())[:-1], told=place in large and place not in kept_back)


def seen(places: Sequence[HouseholdPlace], chance: random.Random) -> Iterable[tuple[Neighbourhood, ...]]:
    """Yield what each told figure counts: grids as they are, places told by themselves, sides of borders drawn anew."""
    found = [whole for whole in neighbourhoods_of(places) if whole.is_told]
    for grid in ("a", "b", None):
        yield tuple(whole for whole in found if whole.grid_code == grid)
    for whole in found:
        if len(whole.places) == 1 and whole.head.told:
            yield (whole,)
    for _ in range(40):
        west, south = 91.0 + chance.random() * SIDE, 29.0 + chance.random() * SIDE
        east, north = west + chance.random() * SIDE, south + chance.random() * SIDE
        for grid in ("a", "b", None):
            yield tuple(
                one for one in found
                if one.grid_code == grid and west <= one.head.lon <= east and south <= one.head.lat <= north
            )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_whoever_subtracts_all_that_is_told_finds_no_few_households(seed: int) -> None:
    """The attacker knows of each figure which places it counts, and solves for every place and every difference."""
    chance = random.Random(seed)
    places = a_town(chance)
    column = {one.key: number for number, one in enumerate(places)}
    rows = {tuple(sorted(column[one.key] for whole in found for one in whole.places)) for found in seen(places, chance)}
    system = np.zeros((len(rows), len(places)))
    for number, members in enumerate(rows):
        system[number, list(members)] = 1
    households = np.array([one.households for one in places])
    residents = np.array([one.residents for one in places])

    rank = np.linalg.matrix_rank(system)
    for number, place in enumerate(places):
        alone = np.zeros(len(places))
        alone[number] = 1
        if np.linalg.matrix_rank(np.vstack([system, alone])) == rank:
            assert place.households >= K_MINIMUM
            assert place.residents == 0 or place.residents >= K_MINIMUM
    differences = system[:, None, :] - system[None, :, :]
    parts = differences[(differences >= 0).all(axis=2)]
    for counts in (households, residents):
        found = parts @ counts
        assert not ((found > 0) & (found < K_MINIMUM)).any()


@pytest.mark.parametrize("seed", range(60))
def test_every_household_is_in_one_block(seed: int) -> None:
    places = a_town(random.Random(seed))
    found = neighbourhoods_of(places)

    assert sorted(one.key for whole in found for one in whole.places) == sorted(one.key for one in places)
    by_grid = defaultdict(list)
    for whole in found:
        assert len({one.grid_code for one in whole.places}) == 1
        by_grid[whole.grid_code].append(whole)
    for of_grid in by_grid.values():  # what is not told is all of a grid
        assert len(of_grid) == 1 or all(whole.is_told for whole in of_grid)
    assert neighbourhoods_of(reversed(places)) == found


def test_neighbours_are_together() -> None:
    """A row of houses of two households each: three in a whole, next to each other."""
    row = [HouseholdPlace(f"h{n:02}", "a", 91.0 + n * 0.0001, 29.0, 2, 6, told=False) for n in range(30)]
    for whole in neighbourhoods_of(row):
        lons = [one.lon for one in whole.places]
        assert max(lons) - min(lons) < 0.001


def test_the_database_keeps_the_same_minimum(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT geoservice.k_minimum()").fetchone() == (K_MINIMUM,)
