"""Streets on the plane: the plan jittered, smoothed and turned, and the alleys that cut large faces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry
from shapely.ops import split, substring

from geoservice.demo.chance import Chance
from geoservice.demo.names import ALLEY_NAMES, ALLEY_NAMES_EN
from geoservice.demo.plan import RIVER, STREETS, TURN_DEG, PlannedStreet, Points

#: How far a planned point may be shifted either way: enough to look grown, too little to close a block.
_JITTER_M = 3.0
ALLEY_WIDTH_M = 7.0
#: A street's end farther than this beyond its last crossing is a real end, nearer it is overshoot.
_OVERSHOOT_M = 20.0


@dataclass(frozen=True)
class Street:
    """A centre line on the plane, in metres."""

    name: str
    name_en: str
    width_m: float
    line: LineString
    border: bool = False

    def corridor(self, *, pavement_m: float) -> Polygon:
        """Return the strip that the street and its pavements take up."""
        return self.line.buffer(self.width_m / 2 + pavement_m, cap_style="flat", join_style="round", quad_segs=4)


def _smooth(points: np.ndarray, *, rounds: int = 3) -> np.ndarray:
    """Return the line with its corners cut `rounds` times and its ends kept.

    Source: Chaikin 1974, doi:10.1016/0146-664X(74)90028-8.
    """
    for _ in range(rounds):
        before, after = points[:-1], points[1:]
        cuts = np.empty((2 * len(before), 2))
        cuts[0::2] = 0.75 * before + 0.25 * after
        cuts[1::2] = 0.25 * before + 0.75 * after
        points = np.vstack([points[:1], cuts[1:-1], points[-1:]])
    return points


def turned(geom: BaseGeometry) -> BaseGeometry:
    """Return a geometry of the plan where the turn of the town puts it."""
    return rotate(geom, TURN_DEG, origin=(0, 0))


def _grown_line(points: Points, chance: Chance) -> LineString:
    jittered = [
        (x + chance.between(-_JITTER_M, _JITTER_M), y + chance.between(-_JITTER_M, _JITTER_M)) for x, y in points
    ]
    return turned(LineString(_smooth(np.array(jittered))))


def midstream(seed: int) -> LineString:
    """Return the middle line of the river, from north to south."""
    return _grown_line(RIVER, Chance(seed, "river"))


def planned_streets(seed: int) -> tuple[Street, ...]:
    """Return the streets of the plan, with their overshoot."""
    chance = Chance(seed, "streets")

    def grown(planned: PlannedStreet) -> Street:
        line = _grown_line(planned.points, chance)
        return Street(planned.name, planned.name_en, planned.width_m, line, planned.border)

    return tuple(grown(planned) for planned in STREETS)


def trimmed(street: Street, others: Iterable[Street]) -> Street:
    """Return the street without the short ends that overshoot its first and last crossing."""
    crossings = [street.line.intersection(other.line) for other in others if other is not street]
    distances = sorted(
        street.line.project(Point(point)) for crossing in crossings for point in shapely.get_coordinates(crossing)
    )
    length = street.line.length
    # A hand's breadth of overshoot stays, so that the two still cross for whoever asks.
    start = distances[0] - 0.1 if distances and distances[0] < _OVERSHOOT_M else 0.0
    end = distances[-1] + 0.1 if distances and length - distances[-1] < _OVERSHOOT_M else length
    line = substring(street.line, start, end)
    return Street(street.name, street.name_en, street.width_m, line, street.border)


def faces_between(lines: Iterable[LineString]) -> list[Polygon]:
    """Return the faces that the lines enclose, west to east; loose ends enclose nothing."""
    noded = shapely.unary_union(list(lines))
    faces = shapely.polygonize(shapely.get_parts(noded).tolist())
    return sorted(shapely.get_parts(faces).tolist(), key=lambda face: (face.centroid.x, face.centroid.y))


class AlleyCutter:
    """Cuts faces by alleys across their long side until none is larger than wanted."""

    def __init__(self, seed: int) -> None:
        self._chance = Chance(seed, "alleys")
        self._names = list(zip(ALLEY_NAMES, ALLEY_NAMES_EN, strict=True))
        self.alleys: list[Street] = []

    def cut(self, face: Polygon, *, largest_m2: float) -> None:
        """Add the alleys of one face to `alleys`."""
        if face.area <= largest_m2 or not self._names:
            return
        line = self._across(face)
        pieces = sorted(split(face, line).geoms, key=lambda piece: piece.area)
        if len(pieces) != 2 or pieces[0].area < largest_m2 / 6:
            return
        name, name_en = self._names.pop(0)
        inside = line.intersection(face)
        if face.area < 1.5 * largest_m2 and self._chance.happens(0.3):
            # A blind alley: it stops in the yard and divides nothing.
            self._add(name, name_en, substring(inside, 0, 0.62, normalized=True))
            return
        self._add(name, name_en, inside)
        for piece in pieces:
            self.cut(piece, largest_m2=largest_m2)

    def _add(self, name: str, name_en: str, line: LineString) -> None:
        self.alleys.append(Street(name, name_en, ALLEY_WIDTH_M, line))

    def _across(self, face: Polygon) -> LineString:
        """Return a slightly bent line across the face's long side, reaching out of it at both ends."""
        corners = shapely.get_coordinates(face.minimum_rotated_rectangle)[:4]
        if np.hypot(*(corners[1] - corners[0])) < np.hypot(*(corners[2] - corners[1])):
            corners = np.roll(corners, -1, axis=0)
        first = self._chance.between(0.4, 0.6)
        second = first + self._chance.between(-0.07, 0.07)
        start = corners[0] + first * (corners[1] - corners[0])
        end = corners[3] + second * (corners[2] - corners[3])
        along = (corners[1] - corners[0]) * self._chance.between(-0.035, 0.035)
        bend = start + (end - start) * self._chance.between(0.35, 0.65) + along
        reach = (end - start) * 0.1
        return LineString([start - reach, start, bend, end, end + reach])


def beside(line: LineString, at: float, *, offset_m: float) -> Point:
    """Return the point `offset_m` to the left of a line (right when negative), `at` metres along it."""
    ends = [line.interpolate(max(0.0, at - 0.5)), line.interpolate(min(line.length, at + 0.5))]
    start, end = shapely.get_coordinates(ends)
    east, north = (end - start) / np.hypot(*(end - start))
    foot = line.interpolate(at)
    return Point(foot.x - north * offset_m, foot.y + east * offset_m)
