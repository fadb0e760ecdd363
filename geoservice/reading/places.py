"""Where the features of a table are: geometries of a file, columns of coordinates, of pairs, of WKT."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.domain.importing.angles import AngleUnreadable, coordinate, may_be_minutes, pair
from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.values import is_empty
from geoservice.domain.importing.words import CRS_BY_WORD, plain
from geoservice.reading.crs import DEFAULT_CRS, require_sure, to_lonlat
from geoservice.reading.file_errors import CoordinateAlone, CoordinatesSwapped, CrsNotStated, DegreesNotSure
from geoservice.reading.file_tables import FileTable, text_of
from geoservice.reading.fitting import Fitted, fitted
from layers.layer import GeometryType, Layer

Geoms = NDArray[np.object_]
#: What GEOS reads without one thing in another without end.
_WKT = re.compile(r"\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\b[\sZM\d.,()eE+EMPTY-]*", re.IGNORECASE)
_EPSG = re.compile(r"epsg([0-9]{4,6})")
#: Names of pairs that begin with the latitude.
_LAT_FIRST = ("latlon", "latlng", "latitudelongitude", "纬经度", "纬度经度")


@dataclass
class Places:
    """Where features are, one entry each."""

    #: In the CRS of the file, as far as it was read; None where there is none.
    geoms: Geoms
    #: By place in the table: why there is none though something stands there.
    refused: dict[int, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def placed(table: FileTable, fields: Mapping[str, str], layer: Layer, choices: Choices) -> Fitted | None:
    """Return the geometries of a table in EPSG:4326, as the layer takes them; None when nothing says where they are.

    Raises
    ------
    FileRefused
        Of the CRS, see `to_lonlat` and `require_sure`; CoordinateAlone, CoordinatesSwapped, DegreesNotSure.
    """
    if choices.crs is None and table.wkb is None and "crs" in fields:
        choices = replace(choices, crs=_told_crs(table.column(fields["crs"]), fields["crs"]))
    found = _places(table, fields, choices)
    if found is None:
        return None
    with_z = _heights(found, keep_none=choices.drop_heights)
    flat = shapely.force_2d(found.geoms)
    stated = table.crs if table.wkb is not None else DEFAULT_CRS
    geoms, places = to_lonlat(flat, declared=choices.crs, stated=stated, allow_ballpark=choices.allow_ballpark)
    there = [geom for geom in geoms if geom is not None]
    if there:
        require_sure(places.name, there)
    found.remarks.append(f"Coordinates are {places.name}." + (f" {places.doubt}" if places.doubt else ""))
    done = fitted(geoms, layer)
    done.remarks[:0] = found.remarks
    done.refused = {**done.refused, **with_z, **found.refused}
    for place in with_z:
        done.geoms[place] = None
    return done


def geometry_of(table: FileTable, fields: Mapping[str, str], choices: Choices) -> GeometryType | None:
    """Return the geometry of a layer that holds what a table has; None when it has no places.

    Where points stand among others, what there is more of counts. Errors are those of `placed`.
    """
    found = _places(table, fields, choices)
    if found is None:
        return "Point" if "building" in fields else None
    dimensions = shapely.get_dimensions(found.geoms)
    points, lines, areas = (int((dimensions == number).sum()) for number in range(3))
    if points == lines == areas == 0:
        return None
    if points >= lines + areas:
        return "Point"
    return "Geometry" if lines and areas else "MultiLineString" if lines else "MultiPolygon"


def outside(geoms: Geoms, rows: Sequence[int], choices: Choices) -> tuple[int, int] | None:
    """Return how many lie beyond the jurisdiction, and the row of one: nobody refuses them, or looks for them there.

    Parameters
    ----------
    geoms
        EPSG:4326, one a row; None where there is none.
    """
    if choices.bbox is None:
        return None
    away = shapely.disjoint(geoms, shapely.box(*choices.bbox))
    return (int(away.sum()), rows[int(away.argmax())]) if away.any() else None


def _told_crs(cells: Sequence[object], header: str) -> str | None:
    """Return the CRS that all rows state; None when none does. Raise CrsNotStated for several, or one unknown."""
    words = {plain(text_of(cell)) for cell in cells if not is_empty(cell)}
    found = {CRS_BY_WORD.get(word) or _EPSG.sub(r"epsg:\1", word) for word in words}
    if len(found) > 1:
        raise CrsNotStated(column=header, hint="its rows state several, or words that nobody knows here")
    return found.pop() if found else None


def _places(table: FileTable, fields: Mapping[str, str], choices: Choices) -> Places | None:
    if table.wkb is not None:
        return _of_wkb(table.wkb)
    if "lon" in fields or "lat" in fields:
        if not {"lon", "lat"} <= set(fields):
            raise CoordinateAlone(found=", ".join(fields[name] for name in ("lon", "lat") if name in fields))
        texts = [[text_of(cell) if not is_empty(cell) else "" for cell in table.column(fields[name])]
                 for name in ("lon", "lat")]  # fmt: skip
        told = [f"Places from {fields['lon']} and {fields['lat']}."]
        return _of_texts(texts[0], texts[1], choices, told)
    if "wkt" in fields:
        return _of_wkt(table.column(fields["wkt"]), fields["wkt"])
    if "place" in fields:
        return _of_pairs(table.column(fields["place"]), fields["place"], choices)
    return None


def _of_wkb(wkb: Sequence[bytes | None]) -> Places:
    with np.errstate(invalid="ignore"):
        geoms = shapely.from_wkb(np.array([*wkb, None], dtype=object), on_invalid="ignore")[:-1]
    broken = {place: "its geometry is broken" for place, one in enumerate(wkb) if one and geoms[place] is None}
    return Places(geoms, broken)


def _of_wkt(cells: Sequence[object], header: str) -> Places:
    texts = [cell if isinstance(cell, str) and _WKT.fullmatch(cell) else None for cell in cells]
    with np.errstate(invalid="ignore"):
        geoms = shapely.from_wkt(np.array([*texts, None], dtype=object), on_invalid="ignore")[:-1]
    broken = {place: f"{header} is no WKT" for place, cell in enumerate(cells)
              if not is_empty(cell) and geoms[place] is None}  # fmt: skip
    return Places(geoms, broken, [f"Places from {header}, as WKT."])


def _of_pairs(cells: Sequence[object], header: str, choices: Choices) -> Places:
    first: list[str] = []
    second: list[str] = []
    broken: dict[int, str] = {}
    for place, cell in enumerate(cells):
        one, other = "", ""
        if not is_empty(cell):
            try:
                one, other = pair(text_of(cell))
            except AngleUnreadable:
                broken[place] = f"{header} is no pair of coordinates"
        first.append(one)
        second.append(other)
    lat_first = any(word in plain(header) for word in _LAT_FIRST)
    lons, lats = (second, first) if lat_first else (first, second)
    order = "latitude before longitude" if lat_first != choices.swapped else "longitude before latitude"
    places = _of_texts(lons, lats, choices, [f"Places from {header}, {order}."])
    places.refused |= broken
    return places


def _of_texts(lons: Sequence[str], lats: Sequence[str], choices: Choices, told: list[str]) -> Places:
    """Return points of two columns of text."""
    if choices.swapped:
        lons, lats = lats, lons
    in_degrees = choices.crs is None or not choices.crs.lower().startswith("epsg")
    if in_degrees and choices.degrees is None and may_be_minutes(_said(lons)) and may_be_minutes(_said(lats)):
        raise DegreesNotSure(examples=f"{_said(lons)[0]}, {_said(lats)[0]}")
    read = _reader(minutes=choices.degrees == "minutes")
    x, unread = _numbers(lons, read)
    y, more = _numbers(lats, read)
    refused = {place: "its coordinates can not be read" for place in (*unread, *more)}
    for place in np.flatnonzero(np.isnan(x) != np.isnan(y)).tolist():
        refused.setdefault(place, "it has one coordinate and not the other")
    nowhere = np.isnan(x) | np.isnan(y)
    unknown = (x == 0) & (y == 0)
    refused |= {place: "0, 0 is what a device says that does not know" for place in np.flatnonzero(unknown).tolist()}
    there = ~nowhere & ~unknown
    if in_degrees and not choices.swapped:
        _require_in_order(x[there], y[there], choices)
    geoms = np.full(len(x), None, dtype=object)
    geoms[there] = shapely.points(x[there], y[there])
    written = sum("°" in text or "度" in text or "′" in text or ":" in text for text in lons)
    if written:
        told.append(f"{written} coordinates were written in degrees, minutes and seconds.")
    return Places(geoms, refused, told)


def _reader(*, minutes: bool) -> Callable[[str], float]:
    def read(text: str) -> float:
        return coordinate(text, minutes=minutes)

    return read


def _numbers(texts: Sequence[str], read: Callable[[str], float]) -> tuple[NDArray[np.float64], list[int]]:
    values = np.full(len(texts), np.nan)
    unread = []
    for place, text in enumerate(texts):
        if text:
            try:
                values[place] = read(text)
            except (AngleUnreadable, OverflowError):
                unread.append(place)
    return values, unread


def _said(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text]


def _require_in_order(x: NDArray[np.float64], y: NDArray[np.float64], choices: Choices) -> None:
    """Raise CoordinatesSwapped when most can be true only the other way round."""
    if not len(x):
        return
    can_not_be = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    if choices.bbox is not None:
        west, south, east, north = choices.bbox
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        can_not_be |= ~inside & (y >= west) & (y <= east) & (x >= south) & (x <= north)
    if can_not_be.mean() > 0.5:
        raise CoordinatesSwapped(rows=int(can_not_be.sum()), of=len(x), example=f"{x[0]:.6g}, {y[0]:.6g}")


def _heights(found: Places, *, keep_none: bool) -> dict[int, str]:
    """Return the features that are refused for their heights, and remark on what is left out."""
    has_z, has_m = shapely.has_z(found.geoms), shapely.has_m(found.geoms)
    if has_m.any():
        found.remarks.append(f"Measures of {int(has_m.sum())} features were left out.")
    high = np.zeros(len(has_z), np.bool_)
    for place in np.flatnonzero(has_z).tolist():
        z = shapely.get_coordinates(found.geoms[place], include_z=True)[:, 2]
        high[place] = bool((z[~np.isnan(z)] != 0).any())
    flat = int((has_z & ~high).sum())
    if flat:
        found.remarks.append(f"Heights of {flat} features are all 0 and were left out.")
    if keep_none and high.any():
        found.remarks.append(f"Heights of {int(high.sum())} features were left out.")
        return {}
    return {place: "it has heights, which a layer of places has not" for place in np.flatnonzero(high).tolist()}
