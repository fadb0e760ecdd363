"""Households: counts in age bands behind the doors of buildings, with the community's exact totals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely
from shapely import LineString, Point, Polygon

from geoservice.demo.buildings import Building
from geoservice.demo.chance import Chance
from geoservice.demo.model import HouseholdSeed
from geoservice.demo.plane import to_lonlat

#: Totals of the community that the news report names; of the residents, FLOATING are registered elsewhere.
RESIDENTS = 8987
FLOATING = 6001
#: Households of each grid in the order of codes, each between 300 and 500 as the rule for grids has it: 3,200.
HOUSEHOLDS_OF_GRIDS = (347, 468, 402, 389, 436, 421, 361, 376)

#: Room for one door's doorstep between it and the wall, so that rounding cannot push it out of doors.
_WALL_M = 0.5
_STAIR_SPACING_M = 14.0
_HOUSE_M2_PER_DOOR = 55.0
_LARGEST_HOUSEHOLD = 8


@dataclass(frozen=True)
class _Household:
    """Counts by age band: 0-13, 14-17, 18-59, 60-79, 80 and over; and whether it is likely to have moved in."""

    bands: tuple[int, int, int, int, int]
    pull: float

    @property
    def residents(self) -> int:
        return sum(self.bands)


#: Kinds of household with their weights; the pull orders who is counted as floating first.
_KINDS: tuple[tuple[_Household, float], ...] = (
    (_Household((0, 0, 1, 0, 0), 0.9), 14),
    (_Household((0, 0, 2, 0, 0), 0.8), 20),
    (_Household((0, 0, 3, 0, 0), 0.9), 9),
    (_Household((0, 0, 4, 0, 0), 0.9), 6),
    (_Household((1, 0, 2, 0, 0), 0.6), 15),
    (_Household((2, 0, 2, 0, 0), 0.6), 9),
    (_Household((1, 1, 2, 0, 0), 0.5), 5),
    (_Household((0, 1, 2, 0, 0), 0.4), 5),
    (_Household((1, 0, 2, 1, 0), 0.2), 5),
    (_Household((1, 0, 2, 2, 0), 0.1), 3),
    (_Household((0, 0, 0, 1, 0), 0.1), 4),
    (_Household((0, 0, 0, 2, 0), 0.1), 4),
    (_Household((0, 0, 1, 0, 1), 0.0), 2),
    (_Household((0, 0, 0, 1, 1), 0.0), 1),
)


@dataclass(frozen=True)
class _Door:
    """One flat of a building."""

    building: Building
    unit: str
    position: Point


def settle(buildings: Sequence[Building], *, seed: int) -> tuple[HouseholdSeed, ...]:
    """Return the households of all grids; their sums are the totals above exactly."""
    chance = Chance(seed, "people")
    doors = [
        door
        for grid, wanted in enumerate(HOUSEHOLDS_OF_GRIDS)
        for door in _doors([building for building in buildings if building.grid == grid], wanted, chance)
    ]
    households = _with_total([chance.pick_weighted(_KINDS) for _ in doors], RESIDENTS, chance)
    floating = _floating_of(households, FLOATING, chance)
    return tuple(
        HouseholdSeed(door.building.seed.code, door.unit, door.position, *household.bands, floating=moved_in)
        for door, household, moved_in in zip(doors, households, floating, strict=True)
    )


def _long_side_m(shape: Polygon) -> float:
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)
    return max(math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2]))


def _stairs(building: Building) -> int:
    return max(1, round(_long_side_m(building.footprint.shape) / _STAIR_SPACING_M)) if building.slab else 1


def _capacity(building: Building) -> int:
    """Return how many households a building was built for; nobody lives in schools and offices."""
    floors = building.seed.floors
    if building.slab:
        return floors * _stairs(building) * 2
    if building.seed.kind == "residential":
        return max(1, min(6, round(floors * building.footprint.shape.area / _HOUSE_M2_PER_DOOR)))
    return floors - 1 if building.seed.kind == "shop" else 0


def _doors(buildings: Sequence[Building], wanted: int, chance: Chance) -> list[_Door]:
    """Return `wanted` doors shared out over the buildings by their capacity (largest remainder).

    Every residential building gets at least one.
    """
    homes = [building for building in buildings if _capacity(building) > 0]
    fixed = [1 if building.seed.kind == "residential" else 0 for building in homes]
    weights = [_capacity(building) - least for building, least in zip(homes, fixed, strict=True)]
    left = wanted - sum(fixed)
    shares = [left * weight / sum(weights) for weight in weights]
    counts = [least + int(share) for least, share in zip(fixed, shares, strict=True)]
    by_remainder = sorted(range(len(homes)), key=lambda index: (int(shares[index]) - shares[index], index))
    for index in by_remainder[: wanted - sum(counts)]:
        counts[index] += 1
    return [door for building, count in zip(homes, counts, strict=True) for door in _doors_of(building, count, chance)]


def _doors_of(building: Building, count: int, chance: Chance) -> list[_Door]:
    """Return the occupied doors of a building; above shops people live from the second floor up."""
    lowest = 2 if building.seed.kind == "shop" else 1
    storeys = building.seed.floors - lowest + 1
    stairs = _stairs(building)
    doors_per_landing = max(2, math.ceil(count / (storeys * stairs)))
    doors_per_floor = stairs * doors_per_landing
    occupied = sorted(chance.shuffled(range(storeys * doors_per_floor))[:count])
    places = [_landing(building.footprint.shape, stair, stairs) for stair in range(stairs)]
    doors = []
    for slot in occupied:
        floor, place = divmod(slot, doors_per_floor)
        stair, door = divmod(place, doors_per_landing)
        doors.append(_Door(building, f"{stair + 1}-{lowest + floor}{door + 1:02d}", places[stair]))
    return doors


def _landing(shape: Polygon, stair: int, stairs: int) -> Point:
    """Return where a stair stands, in EPSG:4326: spaced along the building, inside its walls."""
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)[:4]
    if math.dist(corners[0], corners[1]) < math.dist(corners[1], corners[2]):
        corners = corners[[1, 2, 3, 0]]
    axis = LineString([(corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2])
    place = axis.interpolate((stair + 0.5) / stairs, normalized=True)
    if not shape.buffer(-_WALL_M).covers(place):
        place = shape.buffer(-_WALL_M).representative_point()
    return to_lonlat(place)


def _with_total(households: list[_Household], total: int, chance: Chance) -> list[_Household]:
    """Return the households with adults of 18 to 59 added or taken until all residents make up the total."""
    settled = list(households)
    missing = total - sum(household.residents for household in settled)
    step = 1 if missing > 0 else -1
    while missing:
        index = chance.whole(0, len(settled) - 1)
        young, teen, adults, old, oldest = settled[index].bands
        if not 1 <= settled[index].residents + step <= _LARGEST_HOUSEHOLD or adults + step < 1:
            continue
        settled[index] = replace(settled[index], bands=(young, teen, adults + step, old, oldest))
        missing -= step
    return settled


def _floating_of(households: Sequence[_Household], total: int, chance: Chance) -> list[int]:
    """Return how many of each household are floating: mostly all or nobody, `total` together."""
    scores = [household.pull + chance.between(0, 0.8) for household in households]
    floating = [0] * len(households)
    left = total
    for index in sorted(range(len(households)), key=lambda index: (-scores[index], index)):
        residents = households[index].residents
        moved_in = residents if chance.happens(0.92) else chance.whole(1, residents)
        floating[index] = min(moved_in, left)
        left -= floating[index]
    return floating
