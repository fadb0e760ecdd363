"""A partition made by hand and named places on it, so that no test has to invent numbers.

The unit is 1/1024 degree, which a double holds exactly: what is meant to lie on a border does. All EPSG:4326.

    10 +---------+-------------------+
       |    B    |  a   +------+     |
       |         |      | 网   |     |       island of "9"
     5 +         +------+------+-----+
       |         |   10     |   9    |         +---+
     0 +---------+----------+--------+         +---+
       0         4          7        10        12  14
"""

from __future__ import annotations

from dataclasses import dataclass

import pyproj
import shapely
from shapely import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

WEST, SOUTH, UNIT = 91.75, 29.25, 2.0**-10
GEOD = pyproj.Geod(ellps="WGS84")


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Return the longitude and latitude of a pair in units of the drawing above."""
    return WEST + x * UNIT, SOUTH + y * UNIT


def area(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """Return a rectangle of the drawing."""
    return box(*lonlat(x0, y0), *lonlat(x1, y1))


def multi(geom: BaseGeometry) -> MultiPolygon:
    """Return a polygon or multipolygon as a multipolygon."""
    return geom if isinstance(geom, MultiPolygon) else MultiPolygon([geom])


#: Byte order is 10 < 9 < B < a < 网; numbers would say 9 < 10 and a dictionary a < B.
GRIDS: dict[str, MultiPolygon] = {
    # A border has its vertices on both sides: B ends in one where a and 10 meet.
    "B": multi(Polygon([lonlat(0, 0), lonlat(4, 0), lonlat(4, 5), lonlat(4, 10), lonlat(0, 10)])),
    "a": multi(
        Polygon(
            [lonlat(4, 5), lonlat(7, 5), lonlat(10, 5), lonlat(10, 10), lonlat(4, 10)],
            [[lonlat(6, 7), lonlat(6, 9), lonlat(8, 9), lonlat(8, 7)]],
        )
    ),
    "10": multi(area(4, 0, 7, 5)),
    "9": MultiPolygon([area(7, 0, 10, 5), area(12, 0, 14, 2)]),
    "网": multi(area(6, 7, 8, 9)),
}
OUTLINE: MultiPolygon = multi(shapely.coverage_union_all(list(GRIDS.values())))


@dataclass(frozen=True)
class Place:
    """A named position and who owns it, by hand."""

    name: str
    lon: float
    lat: float
    owner: str | None
    method: str = "covers"

    @property
    def wkt(self) -> str:
        """Return it as EWKT."""
        return f"SRID=4326;POINT({self.lon!r} {self.lat!r})"


def beside(x: float, y: float, *, azimuth_deg: float, distance_m: float) -> tuple[float, float]:
    """Return the position at a geodesic distance from one of the drawing."""
    lon, lat, _ = GEOD.fwd(*lonlat(x, y), azimuth_deg, distance_m)
    return float(lon), float(lat)


CENTRE = Place("centre of B", *lonlat(2, 5), "B")
ON_BORDER = Place("border of B and a", *lonlat(4, 7), "B")
ON_BORDER_OF_NUMBERS = Place("border of 10 and 9", *lonlat(7, 2), "10")
AT_TRIPOINT = Place("corner of B, a and 10", *lonlat(4, 5), "10")
AT_TRIPOINT_OF_NUMBERS = Place("corner of 10, 9 and a", *lonlat(7, 5), "10")
IN_HOLE = Place("hole of a, filled by 网", *lonlat(7, 8), "网")
ON_HOLE_EDGE = Place("edge of the hole", *lonlat(6, 8), "a")
ON_HOLE_CORNER = Place("corner of the hole", *lonlat(8, 9), "a")
BESIDE_HOLE = Place("a, between hole and rim", *lonlat(9, 8), "a")
ON_ISLAND = Place("second part of 9", *lonlat(13, 1), "9")
BETWEEN_PARTS = Place("between the parts of 9", *lonlat(11, 1), None, "none")
ON_RIM = Place("rim of the outline", *lonlat(0, 3), "B")
AT_RIM_CORNER = Place("corner of the outline", *lonlat(10, 10), "a")
OUTSIDE_NEAR = Place("24.9 m west of B", *beside(0, 3, azimuth_deg=270, distance_m=24.9), "B", "nearest")
OUTSIDE_BEYOND = Place("25.1 m west of B", *beside(0, 3, azimuth_deg=270, distance_m=25.1), None, "none")
#: Straight below the end of the border of 10 and 9: both are equally near.
OUTSIDE_BETWEEN = Place("10 m south of 10 and 9", *beside(7, 0, azimuth_deg=180, distance_m=10), "10", "nearest")
FAR = Place("far away", 0.0, 0.0, None, "none")

PLACES = (
    CENTRE, ON_BORDER, ON_BORDER_OF_NUMBERS, AT_TRIPOINT, AT_TRIPOINT_OF_NUMBERS, IN_HOLE, ON_HOLE_EDGE,
    ON_HOLE_CORNER, BESIDE_HOLE, ON_ISLAND, BETWEEN_PARTS, ON_RIM, AT_RIM_CORNER, OUTSIDE_NEAR, OUTSIDE_BEYOND,
    OUTSIDE_BETWEEN, FAR,
)  # fmt: skip
