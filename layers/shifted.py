"""GCJ-02 and BD-09: the systems of Chinese map services, which are WGS 84 shifted by some hundred metres.

Neither has an EPSG code or a published definition. The formulas are those that everybody uses since they became known
in 2010, the constants those of coordtransform (github.com/wandergis/coordtransform, MIT); its examples are among the
tests. The way back has no formula: it is found by repeating the way there until nothing changes, so that both together
lead to the same place within a micrometre. Implementations that stop after one step miss by up to 3.5 m.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from layers.mainland import is_mainland

Floats = NDArray[np.float64]
Way = Callable[[Floats, Floats], tuple[Floats, Floats]]

#: Krasovsky 1940, in metres, and the square of its eccentricity: what the shift is scaled with.
_SEMI_MAJOR_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
#: Where the polynomial of the shift has its origin, degrees.
_ORIGIN = (105.0, 35.0)
#: BD-09: GCJ-02 in polar form, waved a little, then moved by so many degrees.
_BD09_MOVED = (0.0065, 0.006)
_BD09_WAVE = np.pi * 3000.0 / 180.0
#: Each leaves 0.6 % of the error of GCJ-02 (0.7 km at first) and 2 % of that of BD-09 (1.5 km): nanometres after seven.
_REPETITIONS = 7


def gcj02_of_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 longitude and latitude of (n,) degrees on WGS 84; the formula is applied anywhere.

    Source: wgs84togcj02 of coordtransform.
    """
    x, y = lon - _ORIGIN[0], lat - _ORIGIN[1]
    east_m, north_m = _shift_m(x, y)
    sin_lat = np.sin(np.radians(lat))
    flattening = 1 - _ECCENTRICITY_2 * sin_lat * sin_lat
    radius_m = _SEMI_MAJOR_AXIS_M / np.sqrt(flattening)
    meridian_m = radius_m * (1 - _ECCENTRICITY_2) / flattening
    return lon + np.degrees(east_m / (radius_m * np.cos(np.radians(lat)))), lat + np.degrees(north_m / meridian_m)


def _shift_m(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return how far the shift goes to the east and to the north, in metres, at x, y degrees from the origin."""
    root = np.sqrt(np.abs(x))
    both = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east = both + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)
    east = east + 150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)
    north = both + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)
    north = north + 160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + east * 2 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + north * 2 / 3
    return east_m, north_m


def bd09_of_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return BD-09 longitude and latitude of (n,) degrees of GCJ-02.

    Source: gcj02tobd09 of coordtransform.
    """
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD09_WAVE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD09_WAVE)
    return radius * np.cos(angle) + _BD09_MOVED[0], radius * np.sin(angle) + _BD09_MOVED[1]


def bd09_of_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return BD-09 longitude and latitude of (n,) degrees on WGS 84."""
    return bd09_of_gcj02(*gcj02_of_wgs84(lon, lat))


#: The way from WGS 84 to each system that may be declared.
FROM_WGS84: dict[str, Way] = {"gcj02": gcj02_of_wgs84, "bd09": bd09_of_wgs84}


def shifted_back(lon: Floats, lat: Floats, *, crs: str) -> tuple[Floats, Floats]:
    """Return (n,) degrees on WGS 84 of coordinates in a shifted system.

    Parameters
    ----------
    lon, lat
        (n,) degrees; anything may stand in them.
    crs
        A key of FROM_WGS84.

    Returns
    -------
    (n,) longitude and latitude, EPSG:4326; NaN where the place lies outside mainland China, where nobody shifts, and
    where the coordinates are NaN or infinite.
    """
    with np.errstate(all="ignore"):  # what is no place of the mainland may overflow: it is left out below
        found_lon, found_lat = _inverse(FROM_WGS84[crs], lon, lat)
        there = is_mainland(found_lon, found_lat)
    return np.where(there, found_lon, np.nan), np.where(there, found_lat, np.nan)


def _inverse(way: Way, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    # The count is fixed, so that a position comes out the same whatever stands beside it.
    found_lon, found_lat = lon, lat
    for _ in range(_REPETITIONS):
        again_lon, again_lat = way(found_lon, found_lat)
        found_lon, found_lat = found_lon + (lon - again_lon), found_lat + (lat - again_lat)
    return found_lon, found_lat
