"""Reads of table basemap_feature."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

from layers.db.features import feature_collection

_FEATURES = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT f.kind, f.name, f.name_en, f.geom
              FROM geoservice.basemap_feature AS f
             WHERE f.jurisdiction_id = :jurisdiction_id ORDER BY f.kind, f.id) AS r
""")

_STREETS = text("""
    SELECT st_asbinary(f.geom) FROM geoservice.basemap_feature AS f
     WHERE f.jurisdiction_id = :jurisdiction_id AND f.kind = 'street'
       AND geometrytype(f.geom) IN ('LINESTRING', 'MULTILINESTRING')
     ORDER BY f.id
""")


def streets_of(connection: Connection, jurisdiction_id: int) -> list[BaseGeometry]:
    """Return the centre lines of the streets of a jurisdiction, EPSG:4326."""
    stored = connection.execute(_STREETS, {"jurisdiction_id": jurisdiction_id}).scalars()
    return [shapely.from_wkb(bytes(line)) for line in stored]


def features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return the base map of a jurisdiction as GeoJSON."""
    return feature_collection(connection, _FEATURES, {"jurisdiction_id": jurisdiction_id})
