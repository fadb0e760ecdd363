"""The metric CRS of a jurisdiction: check the one that is given, or choose one that fits the outline."""

from __future__ import annotations

import pyproj
from pyproj.exceptions import CRSError

from geoservice.errors import MetricCrsRefused
from layers.crs import Bbox, Position

#: CGCS2000 / 3-degree Gauss-Kruger without a zone number in the easting: EPSG:4534 (75 E) to EPSG:4554 (135 E).
_GK_FIRST_EPSG, _GK_FIRST_MERIDIAN, _GK_LAST_MERIDIAN = 4534, 75, 135
#: Roughly China's mainland; only the choice of a zone depends on it.
_CHINA = Bbox(73.5, 18.0, 135.1, 53.6)
#: WGS 84 / UTM: EPSG:326xx in the north, 327xx in the south.
_UTM_NORTH, _UTM_SOUTH = 32600, 32700


def fitting_srid(centre: Position, *, time_zone: str) -> int:
    """Return the EPSG code of a metric CRS for a place.

    In China the 3-degree Gauss-Kruger zone of CGCS2000, elsewhere the UTM zone. A rectangle around China holds parts
    of its neighbours, so the time zone decides.
    """
    chinese = time_zone in ("Asia/Shanghai", "Asia/Urumqi", "PRC")
    if chinese and _CHINA.west <= centre.lon <= _CHINA.east and _CHINA.south <= centre.lat <= _CHINA.north:
        meridian = min(max(round(centre.lon / 3) * 3, _GK_FIRST_MERIDIAN), _GK_LAST_MERIDIAN)
        return _GK_FIRST_EPSG + (meridian - _GK_FIRST_MERIDIAN) // 3
    zone = min(int((centre.lon + 180) // 6) + 1, 60)
    return (_UTM_NORTH if centre.lat >= 0 else _UTM_SOUTH) + zone


def require_metric(srid: int, centre: Position) -> None:
    """Raise MetricCrsRefused unless the CRS is projected and made for this place."""
    try:
        crs = pyproj.CRS.from_epsg(srid)
    except CRSError as exc:
        raise MetricCrsRefused(epsg=srid) from exc
    area = crs.area_of_use
    if not crs.is_projected:
        raise MetricCrsRefused(epsg=srid, name=crs.name)
    if crs.axis_info and any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        raise MetricCrsRefused(epsg=srid, name=crs.name, unit=crs.axis_info[0].unit_name)
    if area is None:
        return
    if not (area.south <= centre.lat <= area.north and _within_longitudes(centre.lon, area.west, area.east)):
        raise MetricCrsRefused(epsg=srid, name=crs.name, made_for=area.name)


def _within_longitudes(lon: float, west: float, east: float) -> bool:
    return west <= lon <= east if west <= east else lon >= west or lon <= east  # an area across 180 degrees
