"""Footprints on the plane: slabs in rows, close village houses, shops along the street, campuses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import Polygon, box
from shapely.affinity import rotate

from geoservice.demo.blocks import Block
from geoservice.demo.chance import Chance

#: Walls keep this far from the block's edge, hence from every street and border.
_SETBACK_M = 1.5
_SHOP_DEPTHS_M = (8.0, 9.5, 11.0)


@dataclass(frozen=True)
class Footprint:
    """One building on the plane."""

    shape: Polygon
    kind: str
    floors: int
    #: Which of the blocks it stands in.
    block: int


class BlockBuilder:
    """Fills one block with footprints that neither overlap nor leave it."""

    def __init__(self, block: Block, chance: Chance, *, number: int) -> None:
        self._block = block
        self._number = number
        self._chance = chance
        self._room = block.shape.buffer(-_SETBACK_M)
        shapely.prepare(self._room)
        self._angle_deg = _row_angle_deg(block.shape)
        self._placed: list[Polygon] = []
        self.footprints: list[Footprint] = []

    def build(self) -> list[Footprint]:
        """Return the block's footprints; parks have none."""
        use = self._block.use
        if use == "estate":
            self._shop_fronts(probability=0.34)
            self._slabs()
        elif use == "old_town":
            self._shop_fronts(probability=0.18)
            self._houses()
        elif use == "commercial":
            self._halls()
            self._shop_fronts(probability=0.95)
            self._houses()
        elif use == "campus":
            self._campus()
        return self.footprints

    def _add(self, shape: Polygon, kind: str, floors: int, *, apart_m: float) -> bool:
        if not self._room.covers(shape):
            return False
        if any(shape.distance(other) < apart_m for other in self._placed):
            return False
        self._placed.append(shape)
        self.footprints.append(Footprint(shape, kind, floors, self._number))
        return True

    def _rows(self, *, depth_m: tuple[float, float], gap_m: tuple[float, float]) -> Iterator[tuple[float, float]]:
        """Yield (south edge, depth) of rows across the block, in the block's own turned frame."""
        _, south, _, north = self._turned_bounds()
        northing = south + self._chance.between(1.0, 4.0)
        while northing < north:
            depth = self._chance.between(*depth_m)
            yield northing, depth
            northing += depth + self._chance.between(*gap_m)

    def _turned_bounds(self) -> tuple[float, float, float, float]:
        return rotate(self._block.shape, -self._angle_deg, origin=(0, 0)).bounds

    def _in_place(self, shape: Polygon, *, skew_deg: float = 0.0) -> Polygon:
        if skew_deg:
            shape = rotate(shape, skew_deg)
        return rotate(shape, self._angle_deg, origin=(0, 0))

    def _slabs(self) -> None:
        """Place apartment slabs in rows that face south, as daylight rules have it."""
        floors = self._chance.whole(4, 6)
        west, _, east, _ = self._turned_bounds()
        for south, depth in self._rows(depth_m=(11.0, 12.5), gap_m=(11.0, 15.0)):
            at = west + self._chance.between(0, 4)
            while at < east - 14:
                length = self._chance.pick((22.0, 28.0, 34.0, 42.0))
                slab = _with_stair_towers(box(at, south, at + length, south + depth), self._chance)
                if self._add(self._in_place(slab), "residential", floors, apart_m=4.0):
                    at += length + self._chance.between(5.0, 8.0)
                else:
                    at += 2.0

    def _houses(self) -> None:
        """Place courtyard houses close together, none quite parallel to the next."""
        west, _, east, _ = self._turned_bounds()
        for south, depth in self._rows(depth_m=(9.5, 13.0), gap_m=(2.2, 4.5)):
            at = west + self._chance.between(0, 3)
            while at < east - 6:
                length = self._chance.between(9.0, 14.5)
                house = _with_yard(box(at, south, at + length, south + depth), self._chance)
                placed = self._in_place(house, skew_deg=self._chance.between(-4, 4))
                if self._chance.happens(0.06):
                    at += length
                elif self._add(placed, "residential", self._chance.pick((1, 2, 2, 2, 3)), apart_m=1.2):
                    at += length + self._chance.between(1.5, 4.5)
                else:
                    at += 2.0

    def _shop_fronts(self, *, probability: float) -> None:
        """Place shops shoulder to shoulder along the block's longer edges."""
        corners = shapely.get_coordinates(self._block.shape.simplify(2.5).exterior)
        for start, end in pairwise(corners):
            length = math.dist(start, end)
            if length < 25 or not self._chance.happens(probability):
                continue
            self._shop_row(start, (end - start) / length, length)

    def _shop_row(self, start: np.ndarray, along: np.ndarray, length: float) -> None:
        # Exterior rings from buffer run clockwise or not; the inner side is where the room is.
        inward = np.array([-along[1], along[0]])
        if not self._room.contains(shapely.Point(start + along * length / 2 + inward * 4)):
            inward = -inward
        depth = self._chance.pick(_SHOP_DEPTHS_M)
        floors = self._chance.whole(2, 3)
        at = self._chance.between(4, 8)
        while at < length - 10:
            width = self._chance.between(10.0, 22.0)
            near = start + along * at + inward * (_SETBACK_M + 1.2)
            far = near + along * width
            shop = Polygon([near, far, far + inward * depth, near + inward * depth])
            if self._add(shop, "shop", floors, apart_m=0.8):
                at += width + self._chance.pick((1.2, 1.5, 4.0))
            else:
                at += 3.0

    def _halls(self) -> None:
        """Place one or two large buildings: offices, a hotel, a market hall."""
        centre = self._block.shape.representative_point()
        for offset in (0.0, 42.0):
            turn = math.radians(self._angle_deg)
            east, north = centre.x + offset * math.cos(turn), centre.y + offset * math.sin(turn)
            width, depth = self._chance.between(24, 36), self._chance.between(15, 22)
            hall = box(east - width / 2, north - depth / 2, east + width / 2, north + depth / 2)
            kind = self._chance.pick(("office", "office", "shop"))
            self._add(rotate(hall, self._angle_deg), kind, self._chance.whole(3, 6), apart_m=6.0)

    def _campus(self) -> None:
        """Place a main building around a yard and a few wings; the rest stays open ground."""
        kind = self._block.building_kind
        west, south, east, north = self._turned_bounds()
        width, depth = min(54.0, 0.6 * (east - west)), min(36.0, 0.45 * (north - south))
        for _ in range(60):
            left, low = self._chance.between(west, east - width), self._chance.between(south, north - depth)
            main = _u_shape(left, low, width, depth, wing_m=11.0)
            if self._add(self._in_place(main), kind, self._chance.whole(3, 5), apart_m=8.0):
                break
        for _ in range(40):
            left, low = self._chance.between(west, east - 20), self._chance.between(south, north - 12)
            wing = box(left, low, left + self._chance.between(12, 26), low + self._chance.between(9, 13))
            self._add(self._in_place(wing), kind, self._chance.whole(1, 4), apart_m=9.0)
            if len(self.footprints) >= 6:
                break


def _row_angle_deg(shape: Polygon) -> float:
    """Return the turn in degrees, -45 to 45, that lines rows up with the block's sides and leaves them facing south."""
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)
    easting, northing = corners[1] - corners[0]
    angle = math.degrees(math.atan2(northing, easting))
    return (angle + 45) % 90 - 45


def _with_stair_towers(slab: Polygon, chance: Chance) -> Polygon:
    """Return the slab, now and then stepped at one end so that it is an L and not a bar."""
    west, south, east, north = slab.bounds
    if east - west < 30 or not chance.happens(0.35):
        return slab
    step = 3.0
    middle = west + (east - west) * chance.pick((0.4, 0.6))
    return Polygon(
        [(west, south), (middle, south), (middle, south + step), (east, south + step), (east, north), (west, north)]
    )


def _with_yard(house: Polygon, chance: Chance) -> Polygon:
    """Return the house as it is, as an L, or as a U around a yard that opens south."""
    west, south, east, north = house.bounds
    shape = chance.pick_weighted((("bar", 0.5), ("l", 0.32), ("u", 0.18)))
    if shape == "bar" or east - west < 10:
        return box(west, south + chance.between(0, 2.5), east, north)
    if shape == "u":
        return _u_shape(west, south, east - west, north - south, wing_m=3.6)
    cut = Polygon([(west + 5, south - 1), (east + 1, south - 1), (east + 1, south + 5), (west + 5, south + 5)])
    return house.difference(cut)


def _u_shape(west: float, south: float, width: float, depth: float, *, wing_m: float) -> Polygon:
    """Return a U that opens south, its wings and back `wing_m` thick."""
    east, north = west + width, south + depth
    return Polygon(
        [
            (west, south), (west + wing_m, south), (west + wing_m, north - wing_m), (east - wing_m, north - wing_m),
            (east - wing_m, south), (east, south), (east, north), (west, north),
        ]
    )  # fmt: skip


def build_footprints(blocks: tuple[Block, ...], *, count: int, seed: int) -> tuple[Footprint, ...]:
    """Return `count` footprints, village houses thinned out where more would have fitted.

    Fewer than `count` come back only when the blocks have no room for more.
    """
    chance = Chance(seed, "footprints")
    footprints: list[Footprint] = []
    for number, block in enumerate(blocks):
        footprints += BlockBuilder(block, chance, number=number).build()
    return tuple(_thinned(footprints, blocks, count=count, chance=chance))


def _thinned(footprints: list[Footprint], blocks: tuple[Block, ...], *, count: int, chance: Chance) -> list[Footprint]:
    small = [
        index
        for index, footprint in enumerate(footprints)
        if footprint.kind in ("residential", "shop") and blocks[footprint.block].use != "estate"
    ]
    excess = max(0, len(footprints) - count)
    dropped = set(chance.shuffled(small)[:excess])
    return [footprint for index, footprint in enumerate(footprints) if index not in dropped]
