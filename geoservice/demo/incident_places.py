"""Where the demo's incidents happen: on grid borders, in streets and at buildings, all inside the outline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import shapely
from shapely import LineString, MultiPolygon, Point, STRtree
from shapely.geometry.base import BaseGeometry

from geoservice.demo.buildings import Building
from geoservice.demo.chance import Chance
from geoservice.demo.model import GridSeed
from geoservice.demo.plane import to_lonlat, to_plane
from geoservice.demo.services import Setting
from geoservice.demo.streets import Street, beside

#: How far from the border an incident "on the border" is reported at most, and how far all others keep away.
_ON_BORDER_M = 0.9
_OFF_BORDER_M = 2.5


@dataclass(frozen=True)
class Place:
    """A place of an incident."""

    #: EPSG:4326.
    position: Point
    #: An address, or a street with 路段.
    name: str
    setting: Setting


def tripoints(grids: Sequence[GridSeed]) -> list[Point]:
    """Return the vertices, EPSG:4326, at which three or more grids meet, west to east."""
    owners: dict[tuple[float, float], int] = {}
    for grid in grids:
        for lon, lat in {tuple(vertex) for vertex in shapely.get_coordinates(grid.geom).tolist()}:
            owners[lon, lat] = owners.get((lon, lat), 0) + 1
    return [Point(vertex) for vertex, count in sorted(owners.items()) if count >= 3]


class PlaceFinder:
    """Finds places of each sort by chance."""

    def __init__(
        self,
        grids: Sequence[GridSeed],
        outline: MultiPolygon,
        *,
        streets: Sequence[Street],
        buildings: Sequence[Building],
        seed: int,
    ) -> None:
        self._chance = Chance(seed, "incident places")
        self._grids = grids
        self._outline = outline
        self._streets = [street for street in streets if outline.intersects(to_lonlat(street.line))]
        self._street_tree = STRtree([street.line for street in self._streets])
        self._buildings = buildings
        shared = [first.geom.boundary.intersection(second.geom.boundary) for first, second in combinations(grids, 2)]
        self._borders: BaseGeometry = to_plane(shapely.line_merge(shapely.union_all([_lines(part) for part in shared])))
        self._rims: BaseGeometry = shapely.union_all([self._borders, to_plane(outline.boundary)])
        shapely.prepare([self._outline, self._rims])

    def corner(self) -> Place:
        """Return the first vertex at which three grids meet, exactly."""
        position = tripoints(self._grids)[0]
        return Place(position, self._street_name(to_plane(position)), "street")

    def on_border(self) -> Place:
        """Return a place within a metre of a border between grids."""
        return self._first_fitting(self._by_a_border, near=True)

    def in_street(self) -> Place:
        """Return a place on a carriageway or pavement, away from borders."""
        return self._first_fitting(self._in_a_street, near=False)

    def at_building(self) -> Place:
        """Return a place just outside a building's wall."""
        while True:
            building = self._chance.pick(self._buildings)
            walk = building.footprint.shape.buffer(self._chance.between(0.8, 3.5), join_style="mitre").exterior
            position = to_lonlat(walk.interpolate(self._chance.between(0, 1), normalized=True))
            if self._fits(position, near=False):
                return Place(position, building.seed.address, "building")

    def _first_fitting(self, draw: Callable[[], Point], *, near: bool) -> Place:
        while True:
            place = draw()
            position = to_lonlat(place)
            if self._fits(position, near=near):
                return Place(position, self._street_name(place), "street")

    def _by_a_border(self) -> Point:
        lines = shapely.get_parts(self._borders)
        line = self._chance.pick_weighted([(line, line.length) for line in lines])
        offset = self._chance.between(-_ON_BORDER_M, _ON_BORDER_M)
        return beside(line, self._chance.between(0, line.length), offset_m=offset)

    def _in_a_street(self) -> Point:
        street = self._chance.pick_weighted([(street, street.line.length) for street in self._streets])
        at, side = self._chance.between(0, street.line.length), self._chance.between(-0.5, 0.5)
        return beside(street.line, at, offset_m=side * street.width_m)

    def _fits(self, position: Point, *, near: bool) -> bool:
        distance_m = to_plane(position).distance(self._rims)
        return self._outline.covers(position) and (near or distance_m > _OFF_BORDER_M)

    def _street_name(self, place: Point) -> str:
        return f"{self._streets[int(self._street_tree.nearest(place))].name}路段"


def _lines(geom: BaseGeometry) -> BaseGeometry:
    """Return the lines of an intersection of borders, which may also meet in points."""
    return shapely.union_all([part for part in shapely.get_parts(geom) if isinstance(part, LineString)])
