"""The meridian of 180 degrees, which is that of -180: shapes that lie across it are stored cut, and worked on whole.

Stored and sent, every longitude is -180 to 180, and what lies across is cut into parts (RFC 7946, 3.1.9). Whatever
measures or draws borders looks at them *whole*: longitudes 0 to 360, where the two parts meet and the cut is no border.
The database says the same in `migrations/schema/antimeridian.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, affinity
from shapely.geometry.base import BaseGeometry

from layers.crs import KEPT_DECIMALS, is_on_earth

Floats = NDArray[np.float64]
Geoms = NDArray[np.object_]

_HALF, _ROUND = 180.0, 360.0


def on_one_side(lon: float) -> float:
    """Return a longitude, which may be that of a whole shape, as it is stored: -180 to below 180."""
    return lon - _ROUND if lon >= _HALF else lon


def is_drawn_on_earth(lon: float, lat: float, beside: Iterable[BaseGeometry]) -> bool:
    """Return whether a place is on the earth, as shapes beside it are read: beyond 180 degrees if some of them are."""
    beyond = lon > _HALF and any(geom.bounds[2] > _HALF for geom in beside if not geom.is_empty)
    return is_on_earth(lon - _ROUND if beyond else lon, lat)


def places_at(lon: Floats, lat: Floats) -> Geoms:
    """Return (n,) positions as they meet stored shapes: points, on that meridian those on both sides of the cut.

    Ask whether an area intersects one, which for a point is whether it covers it.
    """
    places = np.asarray(shapely.points(lon, lat), dtype=object)
    for at in np.flatnonzero(np.abs(lon) == _HALF).tolist():
        places[at] = shapely.MultiPoint([(-_HALF, lat[at]), (_HALF, lat[at])])
    return places


def place_at(lon: float, lat: float) -> BaseGeometry:
    """Return one position as `places_at` does."""
    if abs(lon) == _HALF:
        return shapely.MultiPoint([(-_HALF, lat), (_HALF, lat)])
    return shapely.Point(lon, lat)


def lies_across(geoms: Sequence[BaseGeometry | None] | Geoms) -> bool:
    """Return whether shapes lie together only across that meridian, in whatever way they are written.

    They do when they are wider than half the earth one way round and not the other, or run on beyond 180 degrees.
    """
    if len(geoms) == 0:
        return False
    west, _, east, _ = shapely.total_bounds(geoms)
    if east - west < _HALF:
        return bool(west < -_HALF <= east or west <= _HALF < east)
    if not (west >= -_HALF and east <= _HALF):  # NaN, too
        return False
    of_parts = shapely.bounds(shapely.get_parts(geoms))
    if (of_parts[:, 2] - of_parts[:, 0] == _ROUND).any():  # all around the earth
        return False
    lon = eastward(shapely.get_coordinates(geoms)[:, 0])
    return bool(lon.max() - lon.min() < _HALF)


def whole(geoms: Sequence[BaseGeometry | None] | Geoms) -> Geoms:
    """Return shapes with longitudes 0 to 360, those parts of an area made one that meet on that meridian.

    For shapes that lie across, see `lies_across`: cut there, running beyond 180 degrees, or jumping from 180 to -180.
    """
    moved: Geoms = shapely.transform(np.asarray(geoms, dtype=object), _eastward)
    for at in np.flatnonzero(shapely.get_num_geometries(moved) > 1).tolist():
        if moved[at].geom_type == "MultiPolygon":
            moved[at] = _joined(moved[at])
    return moved


def cut(geom: BaseGeometry) -> BaseGeometry:
    """Return a shape as it is stored: what lies beyond 180 degrees put to the west, cut there if it lies across.

    What does not lie beyond is returned as it is. An area that is cut becomes a MultiPolygon in GEOS's normal form, so
    that the same area is always stored the same.
    """
    west, _, east, _ = geom.bounds if not geom.is_empty else (0.0, 0.0, 0.0, 0.0)
    if east <= _HALF:
        return geom
    if west >= _HALF:
        return shapely.transform(geom, _westward)
    halves = [geom.intersection(shapely.box(low, -90, low + _HALF, 90)) for low in (0.0, _HALF)]
    halves = [shapely.transform(half, _rounded_on_meridian) for half in halves]
    parts = shapely.get_parts([halves[0], shapely.transform(halves[1], _westward)])
    while (shapely.get_type_id(parts) > shapely.GeometryType.POLYGON).any():
        parts = shapely.get_parts(parts)
    dimension = shapely.get_dimensions(geom)
    kept = parts[shapely.get_dimensions(parts) == dimension]
    kinds = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}
    return shapely.normalize(kinds[int(dimension)](kept))


def stored(geom: BaseGeometry | None) -> BaseGeometry | None:
    """Return a shape as `cut` does; None for None."""
    return None if geom is None else cut(geom)


def for_look_ups(geoms: Sequence[BaseGeometry] | Geoms) -> tuple[Geoms, float | None]:
    """Return areas as look-ups need them, and the least longitude of positions to ask: 0 if they are whole, else -180.

    Areas that do not come within a kilometre of that meridian are returned as they are, with None. Where some do and
    some lie on the meridian of 0, so that no longitude is free to begin with, they are drawn once more on either side.
    """
    shapes = np.asarray(geoms, dtype=object)
    near = _is_near(shapes)
    if not near.any():
        return shapes, None
    if lies_across(shapes) or _is_free_at_0(shapes):
        return whole(shapes), 0.0
    repeated = shapes.copy()
    for at in np.flatnonzero(near).tolist():
        repeated[at] = _repeated(shapes[at])
    return repeated, -_HALF


def eastward(lon: Floats) -> Floats:
    """Return (n,) longitudes as those of whole shapes, 0 to 360."""
    return np.where(lon < 0, lon + _ROUND, lon)


def _eastward(coords: Floats) -> Floats:
    return np.column_stack((eastward(coords[:, 0]), coords[:, 1]))


def _westward(coords: Floats) -> Floats:
    return coords - (_ROUND, 0.0)


def _rounded_on_meridian(coords: Floats) -> Floats:
    """Return vertices with so many decimals where they are cut, that neighbours are cut at the same places."""
    lat = np.where(coords[:, 0] == _HALF, np.round(coords[:, 1], KEPT_DECIMALS), coords[:, 1])
    return np.column_stack((coords[:, 0], lat))


def _joined(geom: MultiPolygon) -> MultiPolygon:
    parts = shapely.get_parts(geom)
    west, _, east, _ = shapely.bounds(parts).T
    meets = (west <= _HALF) & (east >= _HALF)
    if not (meets & (west == _HALF)).any() or not (meets & (east == _HALF)).any() or not shapely.is_valid(parts).all():
        return geom
    joined = shapely.get_parts(shapely.union_all(parts[meets]))
    return MultiPolygon([*parts[~meets], *joined])


def _repeated(geom: BaseGeometry) -> BaseGeometry:
    if not shapely.is_valid(geom):
        return geom
    copies = [affinity.translate(geom, by) for by in (-_ROUND, 0.0, _ROUND)]
    around: BaseGeometry = shapely.union_all(copies).intersection(shapely.box(-_ROUND, -90, _ROUND, 90))
    return around


def _is_free_at_0(geoms: Geoms) -> bool:
    west, _, east, _ = shapely.bounds(shapely.get_parts(geoms)).T
    return bool(((west > 1) | (east < -1)).all())


def _is_near(geoms: Geoms) -> NDArray[np.bool_]:
    """Return which shapes come within a kilometre of that meridian; as is_near_antimeridian in the database."""
    west, south, east, north = shapely.bounds(geoms).T
    farthest = np.minimum(np.maximum(north, -south) + 0.01, 90.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = 1.010 / (111.3 * np.cos(np.radians(np.minimum(farthest, 89.999999))))
        return np.maximum(east, -west) + room >= _HALF
