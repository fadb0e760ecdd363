"""Positions of rows: from columns of numbers or text, or from WKB, in whatever CRS, to longitude and latitude."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError

from geoservice.engine.edges import Bools, Floats
from geoservice.services.assigning.errors import NotAPoint, NotNumbers
from geoservice.services.importing.crs import SHIFTED
from geoservice.services.importing.errors import CrsNotAccepted, CrsNotStated, CrsUnknown
from layers.crs import GEOGRAPHIC_NAMES, STORAGE_SRID, UnknownCrs, epsg_of

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
#: OGC 06-103r4, 8.2.4: byte order, type, two doubles.
POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
#: How GDAL calls the CRS of a GeoPackage layer that has none (srs_id 0 and -1).
_UNDEFINED = ("undefined", "unknown")
#: How far the way back from degrees may miss, in units of the CRS: farther, and the CRS can not be used there.
_BACK = 1e-3


def numbers(column: pa.Array | pa.ChunkedArray, name: str) -> Floats:
    """Return a column as (n,) doubles, NaN where it is null or says no number.

    Raises
    ------
    NotNumbers
        The column holds neither numbers nor text.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _said(column)
    elif pa.types.is_integer(column.type) or pa.types.is_decimal(column.type) or pa.types.is_floating(column.type):
        column = column.cast(pa.float64(), safe=False)
    elif not pa.types.is_null(column.type):
        raise NotNumbers(column=name, type=str(column.type))
    else:
        column = column.cast(pa.float64())
    if column.null_count:
        column = column.fill_null(np.nan)
    values: Floats = column.to_numpy(zero_copy_only=False)
    return values


def _said(text: pa.Array) -> pa.Array:
    text = pc.utf8_trim_whitespace(text)
    says = pc.match_substring_regex(text, _NUMBER)
    return pc.utf8_ltrim(pc.if_else(says, text, pa.scalar(None, text.type)), "+").cast(pa.float64())


def points(wkb: pa.Array, first_row: int) -> tuple[Floats, Floats]:
    """Return x and y of a column of WKB, NaN where there is none or the point is empty.

    Raises
    ------
    NotAPoint
        Something else than a point; it is named by its number.
    """
    if isinstance(wkb, pa.ChunkedArray):
        wkb = wkb.combine_chunks()
    if isinstance(wkb, pa.ExtensionArray):
        wkb = wkb.storage
    fast = _plain_points(wkb)
    if fast is not None:
        return np.ascontiguousarray(fast["x"]), np.ascontiguousarray(fast["y"])
    with np.errstate(invalid="ignore"):
        geoms = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
    kinds = shapely.get_type_id(geoms)
    other = (kinds != shapely.GeometryType.POINT) & ~pc.is_null(wkb).to_numpy(zero_copy_only=False)
    if other.any():
        at = int(np.argmax(other))
        found = "no geometry that can be read" if kinds[at] < 0 else shapely.GeometryType(int(kinds[at])).name.lower()
        raise NotAPoint(feature=first_row + at, found=found)
    geoms[shapely.is_empty(geoms)] = None
    return shapely.get_x(geoms), shapely.get_y(geoms)


def _plain_points(wkb: pa.Array) -> NDArray[Any] | None:
    """Return a view of WKB that is all points of two doubles, little-endian; None when some is something else."""
    if not pa.types.is_binary(wkb.type) or wkb.null_count or not len(wkb):
        return None
    _, offsets, values = wkb.buffers()
    starts = np.frombuffer(offsets, np.int32, count=len(wkb) + 1, offset=4 * wkb.offset)
    if starts[-1] - starts[0] != len(wkb) * POINT.itemsize or (np.diff(starts) != POINT.itemsize).any():
        return None
    found = np.frombuffer(values, POINT, count=len(wkb), offset=int(starts[0]))
    return found if (found["order"] == 1).all() and (found["type"] == 1).all() else None


def wkb_points(lon: Floats, lat: Floats) -> pa.Array:
    """Return positions as WKB points, null where they are NaN."""
    cells = np.empty(len(lon), POINT)
    cells["order"], cells["type"], cells["x"], cells["y"] = 1, 1, lon, lat
    offsets = np.arange(len(lon) + 1, dtype=np.int32) * POINT.itemsize
    array = pa.Array.from_buffers(pa.binary(), len(lon), [None, pa.py_buffer(offsets), pa.py_buffer(cells)])
    nowhere = np.isnan(lon)
    return pc.if_else(pa.array(~nowhere), array, pa.scalar(None, pa.binary())) if nowhere.any() else array


class Placing:
    """The way from coordinates of one CRS to longitude and latitude; several threads may go it at once."""

    def __init__(self, crs: pyproj.CRS | None) -> None:
        self._crs = crs
        self._own = threading.local()
        if crs is not None:
            self._transformer()

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return (n,) degrees, EPSG:4326; NaN where the coordinates name no place on the earth."""
        lon, lat = (x, y) if self._crs is None else self._transformed(x, y)
        # Both comparisons are false for NaN.
        if not (on_earth := (np.abs(lon) <= 180) & (np.abs(lat) <= 90)).all():
            lon, lat = np.where(on_earth, lon, np.nan), np.where(on_earth, lat, np.nan)
        return lon, lat

    @property
    def in_degrees(self) -> bool:
        """Whether coordinates are stored as they come."""
        return self._crs is None

    def _transformer(self) -> pyproj.Transformer:
        # PROJ's transformers belong to one thread each.
        if not hasattr(self._own, "transformer"):
            try:
                self._own.transformer = pyproj.Transformer.from_crs(self._crs, STORAGE_SRID, always_xy=True)
            except ProjError as exc:
                raise CrsUnknown(crs=str(self._crs)[:100]) from exc
        transformer: pyproj.Transformer = self._own.transformer
        return transformer

    def _transformed(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        transformer = self._transformer()
        with np.errstate(invalid="ignore"):
            lon, lat = transformer.transform(x, y)
            # Far outside its area a projection still answers, but the way back leads elsewhere.
            back_x, back_y = transformer.transform(lon, lat, direction="INVERSE")
            true: Bools = np.isclose(back_x, x, 1e-6, _BACK) & np.isclose(back_y, y, 1e-6, _BACK)
        return np.where(true, lon, np.nan), np.where(true, lat, np.nan)


def placing(declared: str | None, stated: str | None, *, in_file: bool) -> Placing:
    """Return the way to longitude and latitude.

    Parameters
    ----------
    declared
        What the caller says: `wgs84`, `cgcs2000` or `epsg:N`; wins.
    stated
        What the file says; without either, and `in_file` false, coordinates are degrees.
    in_file
        Whether the format can say it, so that a file which does not say is refused.

    Raises
    ------
    CrsNotStated, CrsUnknown, UnknownCrs, CrsNotAccepted
        Nobody says; the file, or the caller, names what nobody knows; it is one of the shifted systems.
    """
    if declared is not None:
        return Placing(_unless_degrees(_declared(declared)))
    if stated is not None:
        crs = _parsed(stated)
        if crs.name.lower().startswith(_UNDEFINED):
            raise CrsNotStated
        return Placing(_unless_degrees(crs))
    if in_file:
        raise CrsNotStated
    return Placing(None)


def _declared(name: str) -> pyproj.CRS:
    if name.lower() in SHIFTED:
        raise CrsNotAccepted(crs=name)
    try:
        return _parsed(f"EPSG:{epsg_of(name.lower())}")
    except CrsUnknown as exc:
        raise UnknownCrs(crs=name) from exc


def _parsed(text: str) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_user_input(json.loads(text) if text.startswith("{") else text)
    except (CRSError, ValueError) as exc:
        raise CrsUnknown(crs=text[:100]) from exc
    if not (crs.is_geographic or crs.is_projected or crs.is_compound):
        raise CrsUnknown(crs=crs.name)
    return crs.to_2d()


def _unless_degrees(crs: pyproj.CRS) -> pyproj.CRS | None:
    """Return None for a CRS whose coordinates are stored as they are: WGS 84, and CGCS2000 within centimetres."""
    same = {STORAGE_SRID, *GEOGRAPHIC_NAMES.values()}
    return None if crs.to_epsg() in same or crs.to_authority() == ("OGC", "CRS84") else crs
