"""GeoJSON geometries of bodies: read into shapes, or refused in a sentence."""

from __future__ import annotations

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.web.parsing import InvalidInput

#: RFC 7946, 3.1; the reader takes Features for geometries, too.
_GEOMETRIES = frozenset({
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
})  # fmt: skip


def shape_of(geometry: object) -> BaseGeometry:
    """Return the shape that a GeoJSON geometry says, of two dimensions and not empty; in whichever CRS it is told.

    Raises
    ------
    InvalidInput
        It is no such geometry.
    """
    geom = find_shape(geometry)
    if geom is None or geom.is_empty or geom.has_z:
        detail = "write a GeoJSON geometry of two dimensions, with closed rings"
        raise InvalidInput([{"pointer": "#/geometry", "code": "geometry", "detail": detail}])
    return geom


def find_shape(geometry: object) -> BaseGeometry | None:
    """Return the shape that a GeoJSON geometry says; None when it says none."""
    try:
        told = isinstance(geometry, dict) and geometry.get("type") in _GEOMETRIES
        return shapely.from_geojson(orjson.dumps(geometry)) if told else None
    except (TypeError, ValueError, shapely.errors.GEOSException):
        return None
