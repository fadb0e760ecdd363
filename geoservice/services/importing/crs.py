"""Which CRS a file's coordinates are in, whether that can be true, and the way to longitude and latitude."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from geoservice.services.importing.errors import CrsCanNotBeTrue, CrsNotAccepted, CrsNotStated, CrsUnknown
from layers.crs import GEOGRAPHIC_NAMES, STORAGE_SRID, UnknownCrs, epsg_of

#: Shifted systems without an EPSG code; what they hold looks like degrees and lies hundreds of metres off.
SHIFTED = ("gcj02", "gcj-02", "bd09", "bd-09")
#: How GDAL calls the CRS of a GeoPackage layer that has none (srs_id 0 and -1).
_UNDEFINED = ("undefined", "unknown")


def to_lonlat(geoms: Any, *, declared: str | None, stated: str | None) -> tuple[Any, str]:
    """Return geometries in EPSG:4326 and the name of the CRS they came in.

    Parameters
    ----------
    geoms
        Array of 2D geometries, None where there is none.
    declared
        What the caller says: `wgs84`, `cgcs2000` or `epsg:N`; wins.
    stated
        What the file says: a code, WKT or PROJJSON.

    Raises
    ------
    CrsNotStated, CrsUnknown, UnknownCrs, CrsNotAccepted
        Nobody says; the file, or the caller, names what nobody knows; it is one of the shifted systems.
    CrsCanNotBeTrue
        Most coordinates are no degrees though they should be, or PROJ can not bring them to the earth.
    """
    crs = _declared(declared) if declared is not None else _stated(stated)
    name = _name(crs)
    placed = geoms if _is_lonlat(crs) else shapely.transform(geoms, _Lonlat(crs))
    coords = shapely.get_coordinates(placed)
    # A few wild vertices are findings of their grids; when most are wild, the CRS is wrong.
    on_earth = (np.abs(coords) <= (180, 90)).all(axis=1)
    if len(coords) and on_earth.mean() < 0.5:
        raise CrsCanNotBeTrue(crs=name, **_extent(shapely.get_coordinates(geoms)))
    return placed, name


class _Lonlat:
    """The function that takes coordinates of a CRS to longitude and latitude, in this order."""

    def __init__(self, crs: pyproj.CRS) -> None:
        try:
            self._transformer = pyproj.Transformer.from_crs(crs, STORAGE_SRID, always_xy=True)
        except ProjError as exc:
            raise CrsUnknown(crs=crs.name) from exc

    def __call__(self, coords: np.ndarray) -> np.ndarray:
        return np.column_stack(self._transformer.transform(coords[:, 0], coords[:, 1]))


def _declared(name: str) -> pyproj.CRS:
    if name.lower() in SHIFTED:
        raise CrsNotAccepted(crs=name)
    epsg = epsg_of(name.lower())
    try:
        return _parsed(f"EPSG:{epsg}")
    except CrsUnknown as exc:
        raise UnknownCrs(crs=name) from exc


def _stated(text: str | None) -> pyproj.CRS:
    if text is None:
        raise CrsNotStated
    crs = _parsed(text)
    if crs.name.lower().startswith(_UNDEFINED):
        raise CrsNotStated
    return crs


def _parsed(text: str) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_user_input(text)
    except CRSError as exc:
        raise CrsUnknown(crs=text[:100]) from exc
    if not (crs.is_geographic or crs.is_projected or crs.is_compound):
        raise CrsUnknown(crs=crs.name)
    return crs.to_2d()


def _is_lonlat(crs: pyproj.CRS) -> bool:
    """Return whether coordinates of this CRS are stored as they are: WGS 84, and CGCS2000 within centimetres."""
    same = {STORAGE_SRID, *GEOGRAPHIC_NAMES.values()}
    return crs.to_epsg() in same or crs.to_authority() == ("OGC", "CRS84")


def _name(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def _extent(coords: np.ndarray) -> dict[str, object]:
    finite = coords[np.isfinite(coords).all(axis=1)]
    if len(finite) == 0:
        return {"x": "no number", "y": "no number"}
    low, high = finite.min(axis=0), finite.max(axis=0)
    extent: dict[str, object] = {"x": f"{low[0]:.6g} to {high[0]:.6g}", "y": f"{low[1]:.6g} to {high[1]:.6g}"}
    if max(abs(low[1]), abs(high[1])) <= 180 and max(abs(low[0]), abs(high[0])) <= 90:
        extent["hint"] = "latitude seems to come before longitude"
    return extent
