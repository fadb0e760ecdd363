"""Reads of table basemap_feature."""

from __future__ import annotations

from sqlalchemy import Connection, text

from layers.db.features import feature_collection

_FEATURES = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT f.kind, f.name, f.name_en, f.geom
              FROM geoservice.basemap_feature AS f
             WHERE f.jurisdiction_id = :jurisdiction_id ORDER BY f.kind, f.id) AS r
""")


def features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return the base map of a jurisdiction as GeoJSON."""
    return feature_collection(connection, _FEATURES, {"jurisdiction_id": jurisdiction_id})
