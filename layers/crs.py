"""Reference systems: the SRIDs, the position, the bounding box, and what a sender may declare."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyproj
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError

from layers.datum import Ballpark, DatumUnsure, ballpark_of
from layers.errors import LayerError
from layers.shifted import FROM_WGS84, Floats, shifted_back

#: EPSG code of everything stored: longitude and latitude on WGS 84.
STORAGE_SRID = 4326
#: Of degrees that are read from files: a tenth of a millimetre, so that the same file read again is the same.
KEPT_DECIMALS = 9
#: EPSG code of what tiles are cut in: WGS 84 / Pseudo-Mercator.
WEB_MERCATOR_SRID = 3857
#: CGCS2000 / 3-degree Gauss-Kruger by central meridian (75 to 135 degrees east, every 3): the codes follow each other.
_FIRST_ZONE_SRID, _FIRST_MERIDIAN, _LAST_MERIDIAN = 4534, 75, 135
#: What a sender may declare beside epsg:N. CGCS2000 is WGS 84 to a few centimetres.
GEOGRAPHIC_NAMES = {"wgs84": 4326, "cgcs2000": 4490}
#: What else: systems of Chinese map services, without an EPSG code and hundreds of metres off.
SHIFTED_NAMES = tuple(FROM_WGS84)
_EPSG = re.compile(r"epsg:([1-9][0-9]{3,5})", re.ASCII)


class Position(NamedTuple):
    """Longitude and latitude in degrees, EPSG:4326, always in this order."""

    lon: float
    lat: float


class Bbox(NamedTuple):
    """A rectangle in degrees, EPSG:4326."""

    west: float
    south: float
    east: float
    north: float


class UnknownCrs(LayerError):
    """The declared CRS is not known: use wgs84, cgcs2000, gcj02, bd09 or epsg:N."""


class OffTheEarth(LayerError):
    """The coordinates are not on the earth: longitude is -180 to 180, latitude -90 to 90, in this order."""


class OutsideCrs(LayerError):
    """The coordinates do not lie where the declared CRS can be used."""


class OutsideMainland(LayerError):
    """The place lies outside mainland China, where nothing is shifted: coordinates there are WGS 84, so say wgs84."""


@dataclass(frozen=True)
class DeclaredPosition:
    """A position as it was sent and as it is stored."""

    x: float
    y: float
    crs: str
    position: Position

    @property
    def is_unknown(self) -> bool:
        """Return whether it is exactly 0, 0, as sent or as stored: a device that does not know where it is says so."""
        return (0, 0) in ((self.x, self.y), self.position)


def is_on_earth(lon: float, lat: float) -> bool:
    """Return whether the pair is a longitude and latitude; False for NaN and infinity."""
    return -180 <= lon <= 180 and -90 <= lat <= 90


@functools.lru_cache(maxsize=64)
def _transformer(epsg: int) -> pyproj.Transformer:
    try:
        crs = pyproj.CRS.from_epsg(epsg)
        if len(crs.axis_info) != 2 or not (crs.is_projected or crs.is_geographic):
            raise UnknownCrs(crs=f"epsg:{epsg}")  # heights, geocentric and local systems name no place on a map
        return pyproj.Transformer.from_crs(crs, STORAGE_SRID, always_xy=True)
    except (CRSError, ProjError) as exc:
        raise UnknownCrs(crs=f"epsg:{epsg}") from exc


@functools.lru_cache(maxsize=64)
def ballpark_between(epsg: int) -> Ballpark | None:
    """Return what is not sure between the CRS of an EPSG code and WGS 84, None when nothing is; raise UnknownCrs."""
    _transformer(epsg)
    return ballpark_of(pyproj.CRS.from_epsg(epsg), STORAGE_SRID)


def gauss_kruger_zone(lon: float) -> int | None:
    """Return the EPSG code of the 3-degree zone of CGCS2000 that a longitude lies in; None outside China's zones."""
    meridian = 3 * round(lon / 3)
    if not _FIRST_MERIDIAN <= meridian <= _LAST_MERIDIAN:
        return None
    return _FIRST_ZONE_SRID + (meridian - _FIRST_MERIDIAN) // 3


def epsg_of(crs: str) -> int:
    """Return the EPSG code of a declared CRS; raise UnknownCrs for anything else, and for what has none."""
    if crs in GEOGRAPHIC_NAMES:
        return GEOGRAPHIC_NAMES[crs]
    match = _EPSG.fullmatch(crs)
    if match is None:
        raise UnknownCrs(crs=crs)
    return int(match[1])


def declared_position(x: float, y: float, *, crs: str = "wgs84") -> DeclaredPosition:
    """Return where coordinates in a declared CRS lie on WGS 84.

    Parameters
    ----------
    x, y
        Longitude and latitude in degrees, or easting and northing in the units of the CRS.
    crs
        `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `epsg:N`.

    Raises
    ------
    UnknownCrs
        The CRS is none of these.
    OffTheEarth
        Degrees out of range; `swapped` in the fields says that the other order would fit.
    OutsideCrs
        PROJ can not transform the pair.
    OutsideMainland
        The CRS is GCJ-02 or BD-09, and the place lies where nobody uses them.
    layers.datum.DatumUnsure
        The CRS is of an old datum, and the place lies where no way from it is sure.
    """
    if crs in SHIFTED_NAMES:
        return DeclaredPosition(x, y, crs, _shifted_position(x, y, crs))
    epsg = epsg_of(crs)
    if epsg in GEOGRAPHIC_NAMES.values():
        _require_degrees(x, y)
        return DeclaredPosition(x, y, crs, Position(-180.0 if x == 180 else x, y))
    transformer, ballpark = _transformer(epsg), ballpark_between(epsg)
    lon, lat = transformer.transform(x, y)
    if not (math.isfinite(lon) and math.isfinite(lat) and is_on_earth(lon, lat)):
        raise OutsideCrs(x=x, y=y, crs=crs)
    # Far outside its area a projection still answers, but the way back leads elsewhere.
    back = transformer.transform(lon, lat, direction=TransformDirection.INVERSE)
    if not all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-3) for a, b in zip(back, (x, y), strict=True)):
        raise OutsideCrs(x=x, y=y, crs=crs)
    if ballpark is not None and ballpark.meets(np.array([lon]), np.array([lat])):
        raise DatumUnsure(crs=crs, datum=ballpark.datum, off_by=ballpark.off_by)
    return DeclaredPosition(x, y, crs, Position(lon, lat))


def degrees_on_wgs84(lon: Floats, lat: Floats, *, crs: str) -> tuple[Floats, Floats]:
    """Return where (n,) degrees of a declared CRS lie, as `declared_position` says it of one.

    Parameters
    ----------
    crs
        `wgs84`, `cgcs2000`, `gcj02` or `bd09`.

    Returns
    -------
    (n,) longitude and latitude, EPSG:4326; NaN where GCJ-02 or BD-09 is declared and the place is not in the mainland.
    """
    return shifted_back(lon, lat, crs=crs) if crs in SHIFTED_NAMES else (lon, lat)


def _require_degrees(x: float, y: float) -> None:
    if not is_on_earth(x, y):
        raise OffTheEarth(x=x, y=y, swapped=is_on_earth(y, x))


def _shifted_position(x: float, y: float, crs: str) -> Position:
    _require_degrees(x, y)
    # By way of arrays of one: the same operations as for many, so the same result to the last digit.
    lon, lat = shifted_back(np.array([x]), np.array([y]), crs=crs)
    if np.isnan(lon[0]):
        raise OutsideMainland(x=x, y=y, crs=crs)
    return Position(float(lon[0]), float(lat[0]))
