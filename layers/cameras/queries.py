"""Reads of table camera."""

from __future__ import annotations

from sqlalchemy import Connection, text

from layers.db.features import feature_collection

_FEATURES = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT c.code, c.kind, c.bearing_deg, c.fov_deg, c.range_m, c.status, c.grid_code, c.geom
              FROM geoservice.camera AS c WHERE c.jurisdiction_id = :jurisdiction_id ORDER BY c.code) AS r
""")
_SECTORS = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT c.code, c.status, c.sector AS geom
              FROM geoservice.camera AS c WHERE c.jurisdiction_id = :jurisdiction_id ORDER BY c.code) AS r
""")


def features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return where the cameras of a jurisdiction stand, as GeoJSON points."""
    return feature_collection(connection, _FEATURES, {"jurisdiction_id": jurisdiction_id})


def sectors(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return what they see, as GeoJSON polygons."""
    return feature_collection(connection, _SECTORS, {"jurisdiction_id": jurisdiction_id})
