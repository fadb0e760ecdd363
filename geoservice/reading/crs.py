"""Which CRS the coordinates of a file are in, whether that can be true, and the way to longitude and latitude."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError

from geoservice.reading.file_errors import CrsCanNotBeTrue, CrsNotStated, CrsNotSure, CrsUnknown, DatumNotSure
from layers.antimeridian import lies_across
from layers.crs import (
    GEOGRAPHIC_NAMES,
    SHIFTED_NAMES,
    STORAGE_SRID,
    Bbox,
    UnknownCrs,
    degrees_on_wgs84,
    epsg_of,
)
from layers.datum import ballpark_of
from layers.mainland import is_mainland

Floats = NDArray[np.float64]

#: What a format means when its file says nothing: GeoJSON by RFC 7946, GeoParquet by its specification.
DEFAULT_CRS = "OGC:CRS84"
#: Why nobody can be sure there.
_SHIFTED_MAPS = (
    "maps of Chinese web services (AMap, Tencent, DataV) are GCJ-02, 300 to 700 m off, whatever their files say; "
    "those of Baidu are bd09; what was surveyed, or comes from this service, is wgs84"
)
#: How GDAL calls the CRS of a GeoPackage layer that has none (srs_id 0 and -1).
_UNDEFINED = ("undefined", "unknown")
#: How far the way back from degrees may miss, in units of the CRS: farther, and the CRS can not be used there.
_BACK = 1e-3
#: How far edges of grids may lie from those of their outline and still be the same: 30 m; shifts are 100 to 700 m.
_FITS_DEG = 0.0003


class Placing:
    """The way from coordinates of one CRS to longitude and latitude; several threads may go it at once.

    Parameters
    ----------
    crs
        One that PROJ knows, or a name of SHIFTED_NAMES.
    allow_ballpark
        Whether places may be as far off as a datum is that PROJ knows no sure way from; see `layers.datum`.

    Raises
    ------
    CrsUnknown, DatumNotSure
        PROJ knows no way to WGS 84, or none that is sure anywhere.
    """

    def __init__(self, crs: pyproj.CRS | str, *, allow_ballpark: bool = False) -> None:
        self._shifted = crs if isinstance(crs, str) else None
        self._crs = None if isinstance(crs, str) or _is_lonlat(crs) else crs
        #: What the coordinates are taken for, as people write it.
        self.name = crs if isinstance(crs, str) else _name(crs)
        #: What to tell of places that are not sure, once there are some.
        self.doubt: str | None = None
        self._own = threading.local()
        self._allow_ballpark = allow_ballpark
        if self._crs is not None:
            self._transformer()
            self._ballpark = ballpark_of(self._crs, STORAGE_SRID)
            if self._ballpark is not None and not self._ballpark.sure_in:
                self._meet_doubt()

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return (n,) degrees, EPSG:4326; NaN where the coordinates name no place on the earth, or none in the CRS.

        Raises
        ------
        DatumNotSure
            Some lie where nobody knows the datum well enough.
        """
        lon, lat = x, y
        if self._shifted is not None:
            lon, lat = degrees_on_wgs84(x, y, crs=self._shifted)
        elif self._crs is not None:
            lon, lat = self._transformed(x, y)
        # Both comparisons are false for NaN.
        if not (on_earth := (np.abs(lon) <= 180) & (np.abs(lat) <= 90)).all():
            lon, lat = np.where(on_earth, lon, np.nan), np.where(on_earth, lat, np.nan)
        if self._crs is not None and self._ballpark is not None and self._ballpark.meets(lon, lat):
            self._meet_doubt()
        return lon, lat

    def _meet_doubt(self) -> None:
        if self._ballpark is None:
            return
        if not self._allow_ballpark:
            raise DatumNotSure(datum=self._ballpark.datum, crs=self.name, off_by=self._ballpark.off_by)
        self.doubt = self._ballpark.doubt

    @property
    def in_degrees(self) -> bool:
        """Whether coordinates are stored as they come."""
        return self._crs is None and self._shifted is None

    @property
    def is_shifted(self) -> bool:
        """Whether the CRS is one that is used in mainland China only."""
        return self._shifted is not None

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
            true = np.isclose(back_x, x, 1e-6, _BACK) & np.isclose(back_y, y, 1e-6, _BACK)
        return np.where(true, lon, np.nan), np.where(true, lat, np.nan)


def placing(declared: str | None, stated: str | None, *, in_file: bool, allow_ballpark: bool = False) -> Placing:
    """Return the way to longitude and latitude.

    Parameters
    ----------
    declared
        What the caller says: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `epsg:N`; wins.
    stated
        What the file says: a code, WKT or PROJJSON; without either, and `in_file` false, coordinates are degrees.
    in_file
        Whether the format can say it, so that a file which does not say is refused.
    allow_ballpark
        See `Placing`.

    Raises
    ------
    CrsNotStated, CrsUnknown, UnknownCrs, DatumNotSure
        Nobody says; the file, or the caller, names what nobody knows, or not well enough.
    """
    if declared is not None:
        return Placing(_declared(declared), allow_ballpark=allow_ballpark)
    if stated is not None:
        crs = _parsed(stated)
        if crs.name.lower().startswith(_UNDEFINED):
            raise CrsNotStated
        return Placing(crs, allow_ballpark=allow_ballpark)
    if in_file:
        raise CrsNotStated
    return Placing(pyproj.CRS.from_epsg(STORAGE_SRID))


def to_lonlat(
    geoms: Any, *, declared: str | None, stated: str | None, allow_ballpark: bool = False
) -> tuple[Any, Placing]:
    """Return geometries in EPSG:4326 and the way they came.

    Parameters
    ----------
    geoms
        Array of 2D geometries, None where there is none.
    declared, stated, allow_ballpark
        See `placing`.

    Raises
    ------
    CrsNotStated, CrsUnknown, UnknownCrs, DatumNotSure
        See `placing`.
    CrsCanNotBeTrue
        Most coordinates are no degrees though they should be, or PROJ can not bring them to the earth; or GCJ-02 or
        BD-09 is declared and a vertex lies outside mainland China, where nobody uses them.
    """
    coords = shapely.get_coordinates(geoms)
    try:
        places = placing(declared, stated, in_file=True, allow_ballpark=allow_ballpark)
    except CrsNotStated as exc:
        raise CrsNotStated(**_hint(coords)) from exc
    if places.in_degrees:
        placed_coords = coords  # a few wild vertices are findings of their grids, told with their numbers
    else:
        placed_coords = np.column_stack(places(coords[:, 0], coords[:, 1]))
    on_earth = (np.abs(placed_coords) <= (180, 90)).all(axis=1)
    if places.is_shifted:
        _require_mainland(coords, on_earth, places.name)
    # When most are wild, the CRS is wrong.
    if len(coords) and on_earth.mean() < 0.5 and not lies_across(geoms):
        raise CrsCanNotBeTrue(crs=places.name, **_extent(coords))
    if places.in_degrees:
        return geoms, places
    # Infinite where there is no place: a ring that begins with NaN would not be closed.
    placed_coords[~on_earth] = np.inf
    return shapely.set_coordinates(np.array(geoms, dtype=object), placed_coords), places


def require_sure(crs: str, geoms: Any, bbox: Bbox | None = None) -> None:
    """Raise CrsNotSure when a file's CRS is only its format's default, in a country where that is often not true.

    Portals of China publish GCJ-02 as GeoJSON, which is WGS 84 by its standard; nothing in the file tells. Elsewhere
    the default is taken at its word.

    Parameters
    ----------
    crs
        What the coordinates were taken for.
    geoms
        Geometries, EPSG:4326 if that was true.
    bbox
        Of the area they are to fill, when it is known: it vouches for them where they share an edge in the west or
        east and one in the south or north. A shift moves both, if not by the same.
    """
    if crs != DEFAULT_CRS:
        return
    bounds = shapely.total_bounds(np.array(geoms, dtype=object))
    if bbox is not None:
        west, south, east, north = (np.abs(bounds - bbox) <= _FITS_DEG).tolist()
        if (west or east) and (south or north):
            return
    if is_mainland((bounds[[0]] + bounds[[2]]) / 2, (bounds[[1]] + bounds[[3]]) / 2)[0]:
        raise CrsNotSure(why=_SHIFTED_MAPS)


def _require_mainland(coords: NDArray[np.float64], placed: NDArray[np.bool_], crs: str) -> None:
    """Raise CrsCanNotBeTrue when degrees lie outside; what is no degrees is told otherwise."""
    outside = ~placed & (np.abs(coords) <= (180, 90)).all(axis=1)
    if outside.any():
        x, y = coords[np.argmax(outside)].tolist()
        raise CrsCanNotBeTrue(crs=crs, x=x, y=y, why="this lies outside mainland China, where nothing is shifted")


def _declared(name: str) -> pyproj.CRS | str:
    known = name.lower().replace("gcj-02", "gcj02").replace("bd-09", "bd09")
    if known in SHIFTED_NAMES:
        return known
    try:
        return _parsed(f"EPSG:{epsg_of(known)}")
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


def _is_lonlat(crs: pyproj.CRS) -> bool:
    """Return whether coordinates of this CRS are stored as they are: WGS 84, and CGCS2000 within centimetres."""
    same = {STORAGE_SRID, *GEOGRAPHIC_NAMES.values()}
    return crs.to_epsg() in same or crs.to_authority() == ("OGC", "CRS84")


def _name(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def _hint(coords: NDArray[np.float64]) -> dict[str, object]:
    """Return what the numbers look like, for who has to find out."""
    if len(coords) == 0 or is_mainland(coords[:, 0], coords[:, 1]).mean() < 0.5:
        return {}
    return {"hint": f"the numbers look like degrees in China: {_SHIFTED_MAPS}"}


def _extent(coords: NDArray[np.float64]) -> dict[str, object]:
    finite = coords[np.isfinite(coords).all(axis=1)]
    if len(finite) == 0:
        return {"x": "no number", "y": "no number"}
    low, high = finite.min(axis=0), finite.max(axis=0)
    extent: dict[str, object] = {"x": f"{low[0]:.6g} to {high[0]:.6g}", "y": f"{low[1]:.6g} to {high[1]:.6g}"}
    if max(abs(low[1]), abs(high[1])) <= 180 and max(abs(low[0]), abs(high[0])) <= 90:
        extent["hint"] = "latitude seems to come before longitude"
    return extent
