"""How surely a CRS leads to WGS 84: old datums are known to PROJ by name only, and would be taken as they are."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.transformer import TransformerGroup

from layers.errors import LayerError

Floats = NDArray[np.float64]

#: CGCS2000 is WGS 84 to a few centimetres, though PROJ has no transformation that says so.
_SURE = ("China 2000",)
#: Datums of China that were measured from an origin on the ground; the parameters between them and WGS 84 were never
#: published for the whole country.
_OFF_BY = {name: "about 60 to 100 m" for name in ("Xian 1980", "Beijing 1954", "New Beijing")}
_OFF_BY_UNKNOWN = "nobody states how far; of old datums 100 m and more are common"
_OFF_BY_OF_FILE = "the file has parameters of its own (TOWGS84), and nobody states how good they are"
#: PROJ's word for taking coordinates of one datum for those of another.
_BALLPARK = "ballpark"
#: Degrees, about 5 m: a datum that is as near as that loses little by being taken for WGS 84 outside its area.
_NEAR_DEG = 5e-5


class Area(NamedTuple):
    """A rectangle in degrees; east is less than west across the antimeridian."""

    west: float
    south: float
    east: float
    north: float


class DatumUnsure(LayerError):
    """No sure way leads from the datum of this CRS to WGS 84: have the places transformed to CGCS2000 by a surveyor."""


class Ballpark(NamedTuple):
    """What is not sure about the way to WGS 84."""

    datum: str
    #: How far off places may be, in words.
    off_by: str
    #: Where the way is known all the same.
    sure_in: tuple[Area, ...]

    @property
    def doubt(self) -> str:
        """Return what to tell of places that were taken all the same."""
        return f"Places may be off, as was allowed: the datum is {self.datum}, {self.off_by}."

    def meets(self, lon: Floats, lat: Floats) -> bool:
        """Return whether some of (n,) degrees lie where the way is not sure; NaN lies nowhere."""
        left = np.isfinite(lon) & np.isfinite(lat)
        for area in self.sure_in:
            after, before = lon >= area.west, lon <= area.east
            between = after & before if area.west <= area.east else after | before
            left &= ~(between & (lat >= area.south) & (lat <= area.north))
        return bool(left.any())


def ballpark_of(crs: pyproj.CRS, stored: int) -> Ballpark | None:
    """Return what is not sure about the way from a CRS to that of everything stored, and back.

    None when PROJ knows one of stated accuracy. It takes some milliseconds: keep it.

    Parameters
    ----------
    stored
        EPSG code of a CRS on WGS 84.
    """
    plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    geodetic = plain.geodetic_crs or plain
    datum = geodetic.datum.name if geodetic.datum is not None else geodetic.name
    if datum in _SURE:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that better ones would need grids which are not installed
        ways = TransformerGroup(crs, stored, always_xy=True).transformers
    unsure = [way for way in ways if not _is_sure(way)]
    sure = [way for way in ways if _is_sure(way)]
    if not unsure or any(_is_near(way, unsure[0]) for way in sure):
        return None
    off_by = _OFF_BY_OF_FILE if crs.is_bound else _OFF_BY.get(datum, _OFF_BY_UNKNOWN)
    areas = [way.area_of_use for way in sure if way.area_of_use is not None]
    return Ballpark(datum[:100], off_by, tuple(Area(*area.bounds) for area in areas))


def _is_sure(way: pyproj.Transformer) -> bool:
    # PROJ says -1 of what nobody measured.
    return way.accuracy is not None and way.accuracy >= 0 and _BALLPARK not in way.description.lower()


def _is_near(sure: pyproj.Transformer, unsure: pyproj.Transformer) -> bool:
    """Return whether both lead to the same place in the middle of where one is sure."""
    area = sure.area_of_use
    if area is None or area.west > area.east:
        return False
    lon, lat = (area.west + area.east) / 2, (area.south + area.north) / 2
    there = unsure.transform(*sure.transform(lon, lat, direction="INVERSE"))
    return bool(abs(there[0] - lon) <= _NEAR_DEG and abs(there[1] - lat) <= _NEAR_DEG)
