"""The drawing board: a plane in metres east and north of the community's centre, and the way back to lon/lat.

Everything is designed on this plane; `to_lonlat` is the only way off it. The map is linear, so straight stays straight
and what met on the plane meets in degrees.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

G = TypeVar("G", bound=BaseGeometry)

CENTRE_LON = 91.77
CENTRE_LAT = 29.24

# WGS 84 (EPSG:7030): semi-major axis in metres and inverse flattening.
_SEMI_MAJOR_M = 6378137.0
_FLATTENING = 1 / 298.257223563

#: Decimals of a degree that are kept: about a centimetre, as RFC 7946 and GeoReport writers use.
DECIMALS = 7


def _metres_per_degree() -> tuple[float, float]:
    """Return the length in metres of one degree of longitude and of latitude at the centre."""
    eccentricity2 = _FLATTENING * (2 - _FLATTENING)
    sine = math.sin(math.radians(CENTRE_LAT))
    swell = 1 - eccentricity2 * sine * sine
    prime_vertical_m = _SEMI_MAJOR_M / math.sqrt(swell)
    meridian_m = prime_vertical_m * (1 - eccentricity2) / swell
    parallel_m = prime_vertical_m * math.cos(math.radians(CENTRE_LAT))
    return math.radians(parallel_m), math.radians(meridian_m)


METRES_PER_DEGREE = np.array(_metres_per_degree())
_CENTRE = np.array([CENTRE_LON, CENTRE_LAT])


def _degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(_CENTRE + metres / METRES_PER_DEGREE, DECIMALS)


def _metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    return (degrees - _CENTRE) * METRES_PER_DEGREE


def to_lonlat(geom: G) -> G:
    """Return a geometry of the plane in EPSG:4326, every vertex rounded to 1e-7 degrees.

    Equal vertices stay equal, so geometries that share vertices on the plane share them in lon/lat. Rings start at
    their lowest vertex and run counter-clockwise (RFC 7946), however GEOS happened to build them.
    """
    degrees = shapely.transform(geom, _degrees)
    if shapely.get_dimensions(degrees) == 2:
        return shapely.orient_polygons(shapely.normalize(degrees))
    return degrees


def to_plane(geom: G) -> G:
    """Return an EPSG:4326 geometry in metres east and north of the centre; good to 0.1 m within a kilometre."""
    return shapely.transform(geom, _metres)
