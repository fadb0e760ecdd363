"""The plane of a position: what a degree measures there, and how far borders are. The same formulas as owner_of's."""

from __future__ import annotations

import math

import numpy as np

from geoservice.engine.edges import Floats

# WGS 84 (EPSG:7030): semi-major axis in metres and first eccentricity squared.
_SEMI_MAJOR_M = 6378137.0
_ECCENTRICITY2 = 0.00669437999014
#: Metres per degree at the equator of a sphere, and of a meridian whose swell is one.
_LON_M = _SEMI_MAJOR_M * (math.pi / 180)
_LAT_M = _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) * (math.pi / 180)
#: A degree of longitude has no length at the poles: latitudes are kept this near to them, 11 cm.
_HIGHEST_LAT = 89.999999
#: Distances that round to the same number of steps are equal: a micrometre decides nothing. As grid_nearest in SQL.
STEPS_PER_METRE = 1e6


def in_steps(metres: Floats) -> Floats:
    """Return distances in whole steps, as floats."""
    return np.rint(metres * STEPS_PER_METRE)


def lon_degree_m(lat: Floats) -> Floats:
    """Return the metres per degree of longitude at latitudes. Source: Snyder 1987, USGS PP 1395, p. 24-25."""
    cosine = np.cos(np.radians(np.minimum(np.abs(lat), _HIGHEST_LAT)))
    return _SEMI_MAJOR_M * cosine / np.sqrt(_swell(lat)) * (np.pi / 180)


def lat_degree_m(lat: Floats) -> Floats:
    """Return the metres per degree of latitude at latitudes. Source: Snyder 1987, USGS PP 1395, p. 24-25."""
    swell = _swell(lat)
    return _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / (swell * np.sqrt(swell)) * (np.pi / 180)


def degrees_m(lat: Floats) -> tuple[Floats, Floats]:
    """Return the metres per degree of longitude and of latitude at latitudes; one cosine for both."""
    cosine = np.cos(np.radians(np.minimum(np.abs(lat), _HIGHEST_LAT)))
    swell = 1 - _ECCENTRICITY2 * (1 - cosine * cosine)
    root = np.sqrt(swell)
    lon_m = cosine / root
    lon_m *= _LON_M
    swell *= root
    return lon_m, _LAT_M / swell


def lon_degree_m_at(lat: float) -> float:
    """Return the metres per degree of longitude at one latitude."""
    cosine = math.cos(math.radians(min(abs(lat), _HIGHEST_LAT)))
    return _SEMI_MAJOR_M * cosine / math.sqrt(_swell_at(lat)) * (math.pi / 180)


def lat_degree_m_at(lat: float) -> float:
    """Return the metres per degree of latitude at one latitude."""
    swell = _swell_at(lat)
    return _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / (swell * math.sqrt(swell)) * (math.pi / 180)


def degrees_m_at(lat: float) -> tuple[float, float]:
    """Return the metres per degree of longitude and of latitude at one latitude; as `degrees_m`."""
    cosine = math.cos(math.radians(min(abs(lat), _HIGHEST_LAT)))
    swell = 1 - _ECCENTRICITY2 * (1 - cosine * cosine)
    root = math.sqrt(swell)
    return cosine / root * _LON_M, _LAT_M / (swell * root)


def _swell_at(lat: float) -> float:
    sine = math.sin(math.radians(lat))
    return 1 - _ECCENTRICITY2 * sine * sine


def _swell(lat: Floats) -> Floats:
    return 1 - _ECCENTRICITY2 * np.sin(np.radians(lat)) ** 2


def distance2_m(ends: Floats, lon: Floats, lat: Floats, lon_m: Floats, lat_m: Floats) -> Floats:
    """Return the squared distances in metres of positions to edges, one to one, in planes of so many metres per degree.

    Parameters
    ----------
    ends
        (n, 4): longitude and latitude of both ends.

    Notes
    -----
    Beyond an end it is the distance to that end, computed from nothing else: equal for all edges that end there.
    """
    ax, ay = (ends[:, 0] - lon) * lon_m, (ends[:, 1] - lat) * lat_m
    bx, by = (ends[:, 2] - lon) * lon_m, (ends[:, 3] - lat) * lat_m
    ex, ey = bx - ax, by - ay
    length2 = ex * ex + ey * ey
    foot = -(ax * ex + ay * ey)
    across = ax * ey - ay * ex
    beside = across * across / np.maximum(length2, 1e-300)
    before_b = np.where(foot >= length2, bx * bx + by * by, beside)
    return np.where(foot <= 0, ax * ax + ay * ay, before_b)
