"""Reads of table organisation."""

from __future__ import annotations

from sqlalchemy import Connection, text

from layers.db.features import feature_collection

_FEATURES = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT f.code, f.name, f.name_en, f.kind, f.grid_code, f.geom
              FROM geoservice.organisation AS f WHERE f.jurisdiction_id = :jurisdiction_id ORDER BY f.code) AS r
""")


def features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return the organisations of a jurisdiction as GeoJSON."""
    return feature_collection(connection, _FEATURES, {"jurisdiction_id": jurisdiction_id})
