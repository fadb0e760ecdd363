"""Cameras: at the corners of crossings, looking at the crossing, and along streets, looking down the street."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import shapely
from shapely import Point, Polygon, STRtree

from geoservice.demo.buildings import Building
from geoservice.demo.chance import Chance
from geoservice.demo.model import CameraSeed
from geoservice.demo.plane import to_lonlat
from geoservice.demo.streets import ALLEY_WIDTH_M, Street, beside

CAMERA_COUNT = 120

#: Masts stand this far from the edge of the carriageway.
_KERB_M = 1.2
_SPACING_M = 105.0
#: No two masts stand closer than this.
_APART_M = 16.0
_AVENUE_M = 24.0


@dataclass(frozen=True)
class _Mast:
    """A place for a camera on the plane; the bearing is clockwise from north, in degrees."""

    place: Point
    bearing_deg: float
    kind: str


def mount_cameras(
    streets: Sequence[Street], buildings: Sequence[Building], *, outline: Polygon, seed: int
) -> tuple[CameraSeed, ...]:
    """Return CAMERA_COUNT cameras, crossings served first, then streets at random.

    None stands outside the outline, in a building or on a carriageway.
    """
    chance = Chance(seed, "cameras")
    wide = [street for street in streets if street.width_m > ALLEY_WIDTH_M]
    candidates = [*_at_crossings(wide, chance), *chance.shuffled(_along_streets(streets, chance))]
    inside = outline.buffer(-1.0)
    houses = STRtree([building.footprint.shape for building in buildings])
    roads = shapely.union_all([street.corridor(pavement_m=0.0) for street in streets])
    shapely.prepare([inside, roads])
    masts: list[_Mast] = []
    for mast in candidates:
        if not inside.covers(mast.place) or roads.contains(mast.place):
            continue
        if len(houses.query(mast.place, predicate="intersects")):
            continue
        if all(mast.place.distance(other.place) > _APART_M for other in masts):
            masts.append(mast)
    chosen = sorted(masts[:CAMERA_COUNT], key=lambda mast: (mast.place.x, mast.place.y))
    return tuple(_camera(number, mast, chance) for number, mast in enumerate(chosen, start=1))


def _camera(number: int, mast: _Mast, chance: Chance) -> CameraSeed:
    fov_deg, range_m = {
        "bullet": (float(chance.pick((42, 50, 58))), float(chance.pick((40, 50, 60)))),
        "dome": (float(chance.pick((90, 100, 110))), float(chance.pick((25, 30, 35)))),
        "ptz": (float(chance.pick((60, 65, 75))), float(chance.pick((60, 70, 80)))),
    }[mast.kind]
    status = chance.pick_weighted((("online", 0.92), ("offline", 0.05), ("maintenance", 0.03)))
    bearing = round(mast.bearing_deg + chance.between(-6, 6), 1) % 360
    return CameraSeed(f"C{number:03d}", mast.kind, to_lonlat(mast.place), bearing, fov_deg, range_m, status)


def _bearing_deg(start: Point, end: Point) -> float:
    return math.degrees(math.atan2(end.x - start.x, end.y - start.y)) % 360


def _at_crossings(streets: Sequence[Street], chance: Chance) -> list[_Mast]:
    """Return one mast at a corner of every crossing, and a second one across where two avenues meet."""
    masts = []
    for first, second in combinations(streets, 2):
        if not first.line.intersects(second.line):
            continue
        for crossing in shapely.get_parts(first.line.intersection(second.line)):
            avenues = (first.width_m >= _AVENUE_M) + (second.width_m >= _AVENUE_M)
            kind = "ptz" if avenues else "dome"
            sides = (1, -1) if avenues == 2 else (chance.pick((1, -1)),)
            for side in sides:
                shift = second.width_m / 2 + _KERB_M + 2
                at = first.line.project(crossing) + side * shift
                if not 0 <= at <= first.line.length:
                    at -= 2 * side * shift
                place = beside(first.line, at, offset_m=side * (first.width_m / 2 + _KERB_M))
                masts.append(_Mast(place, _bearing_deg(place, crossing), kind))
    return masts


def _along_streets(streets: Sequence[Street], chance: Chance) -> list[_Mast]:
    masts = []
    for street in streets:
        at = chance.between(30, 60)
        while at < street.line.length - 25:
            side = chance.pick((1, -1))
            place = beside(street.line, at, offset_m=side * (street.width_m / 2 + _KERB_M))
            look = street.line.interpolate(at + side * 30)
            kind = chance.pick_weighted((("bullet", 0.85), ("dome", 0.15)))
            masts.append(_Mast(place, _bearing_deg(place, look), kind))
            at += _SPACING_M * chance.between(0.75, 1.25)
    return masts
