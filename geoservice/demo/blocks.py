"""Blocks: the land between the streets, and what each is used for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.demo.chance import Chance
from geoservice.demo.names import CAMPUSES, ESTATES, PARKS
from geoservice.demo.plan import OLD_TOWN_GRIDS, RIVER_WIDTH_M
from geoservice.demo.streets import AlleyCutter, Street, beside, faces_between

LandUse = Literal["estate", "old_town", "commercial", "campus", "park", "riverside"]

_LARGEST_OLD_TOWN_BLOCK_M2 = 11500.0
_LARGEST_BLOCK_M2 = 16000.0
#: Below this a leftover between streets is verge, not a block.
_SMALLEST_BLOCK_M2 = 250.0
_CORNER_RADIUS_M = 4.0
#: Distance between the points of a drawn bank.
_BANK_STEP_M = 15.0
#: A face with more water than this share is the river's bank.
_RIVERSIDE_SHARE = 0.12


@dataclass(frozen=True)
class Block:
    """One block on the plane, set back from the streets around it."""

    shape: Polygon
    use: LandUse
    #: Position of its grid in the order of codes.
    grid: int
    name: str
    name_en: str
    #: For a campus, what its buildings are: school, public or shop.
    building_kind: str = ""


def water_of(river: LineString) -> Polygon:
    """Return the river from bank to bank, here wider and there narrower."""
    steps = np.arange(0.0, river.length, _BANK_STEP_M)
    half_widths = RIVER_WIDTH_M / 2 + 4 * np.sin(steps / 110) + 2 * np.sin(steps / 37)
    banks = [
        [beside(river, at, offset_m=side * half) for at, half in zip(steps, half_widths, strict=True)]
        for side in (1, -1)
    ]
    return Polygon([*banks[0], *reversed(banks[1])])


def cut_alleys(faces: Sequence[Polygon], streets: Sequence[Street], *, river: LineString, seed: int) -> list[Street]:
    """Return the alleys of all faces between the streets that are larger than a block should be."""
    water = water_of(river)
    community = shapely.union_all(list(faces)).buffer(1.0)
    cutter = AlleyCutter(seed)
    for face in faces_between([street.line for street in streets] + [river]):
        if not community.covers(face) or face.intersection(water).area > _RIVERSIDE_SHARE * face.area:
            continue
        old = _grid_of(face, faces) in OLD_TOWN_GRIDS
        cutter.cut(face, largest_m2=_LARGEST_OLD_TOWN_BLOCK_M2 if old else _LARGEST_BLOCK_M2)
    return cutter.alleys


def _grid_of(shape: Polygon, faces: Sequence[Polygon]) -> int:
    shares = [face.intersection(shape).area for face in faces]
    return shares.index(max(shares))


def _pavement_m(street: Street) -> float:
    return 1.0 if street.width_m < 10 else 2.5


def land_between(ground: Polygon, streets: Sequence[Street], *, river: LineString) -> list[Polygon]:
    """Return what is left of the ground beside streets and river, corners rounded, west to east."""
    taken: list[BaseGeometry] = [street.corridor(pavement_m=_pavement_m(street)) for street in streets]
    land = ground.difference(shapely.union_all([*taken, water_of(river).buffer(5.0)]))
    rounded = land.buffer(-_CORNER_RADIUS_M).buffer(_CORNER_RADIUS_M, quad_segs=3)
    pieces = [part for part in shapely.get_parts(rounded) if part.area > _SMALLEST_BLOCK_M2]
    return sorted(pieces, key=lambda part: (part.centroid.x, part.centroid.y))


def lay_out_blocks(
    faces: Sequence[Polygon], streets: Sequence[Street], *, river: LineString, seed: int
) -> tuple[Block, ...]:
    """Return the blocks of all grids, each given a use.

    Every grid gets at least one campus or commercial block and estates enough to house its people.
    """
    chance = Chance(seed, "blocks")
    names = _BlockNames()
    bank = water_of(river).buffer(20.0)
    blocks: list[Block] = []
    for grid, face in enumerate(faces):
        pieces = land_between(face, streets, river=river)
        banks = [piece for piece in pieces if piece.intersects(bank)]
        inland = chance.shuffled([piece for piece in pieces if not piece.intersects(bank)])
        blocks += [Block(piece, "riverside", grid, "雅砻河滨水绿带", "Yalong Riverside Green") for piece in banks]
        uses = _uses(len(inland), grid, chance)
        blocks += [names.block(piece, use, grid) for piece, use in zip(_fitting(inland), uses, strict=True)]
    return tuple(blocks)


def _fitting(pieces: Sequence[Polygon]) -> list[Polygon]:
    """Order pieces so that the first, the campus, is roomy and the second, the park, is small."""
    by_area = sorted(pieces, key=lambda piece: piece.area)
    campus, park = by_area[-2], by_area[len(by_area) // 4]
    return [campus, park, *(piece for piece in pieces if piece is not campus and piece is not park)]


def _uses(count: int, grid: int, chance: Chance) -> list[LandUse]:
    uses: list[LandUse] = ["campus", "park" if grid in (0, 1, 2, 4, 5, 6) else "estate"]
    others: list[tuple[LandUse, float]] = [("estate", 0.62), ("old_town", 0.14), ("commercial", 0.24)]
    if grid in OLD_TOWN_GRIDS:
        others = [("estate", 0.14), ("old_town", 0.76), ("commercial", 0.1)]
    uses += ["estate", "estate", "commercial"]
    uses += [chance.pick_weighted(others) for _ in range(count - len(uses))]
    return uses[:count]


class _BlockNames:
    """Hands out each invented name once; a block beyond the supply stays nameless."""

    def __init__(self) -> None:
        self._estates = iter(ESTATES)
        self._parks = iter(PARKS)
        self._campuses = iter(CAMPUSES)

    def block(self, piece: Polygon, use: LandUse, grid: int) -> Block:
        if use == "campus":
            name, name_en, kind = next(self._campuses)
            return Block(piece, use, grid, name, name_en, kind)
        supply = {"estate": self._estates, "park": self._parks}.get(use)
        name, name_en = next(supply, ("", "")) if supply else ("", "")
        return Block(piece, use, grid, name, name_en)
