"""Reads of table camera."""

from __future__ import annotations

from sqlalchemy import Connection, text

from layers.cameras.model import CameraView
from layers.crs import Position

#: Half way to where its view ends. What sees all around, or nobody knows where to, stands in the middle itself.
#: How far it sees when nobody knows is what most do not exceed.
_VIEW = text("""
    SELECT c.code, st_x(m.middle) AS lon, st_y(m.middle) AS lat,
           least(CASE WHEN c.fov_deg < 360 AND c.sector IS NOT NULL THEN c.range_m / 2
                      ELSE coalesce(c.range_m, 100) END, 1000) AS accuracy_m
      FROM geoservice.camera AS c,
           LATERAL (SELECT CASE
               WHEN c.fov_deg = 360 OR c.sector IS NULL THEN c.geom
               ELSE st_project(c.geom::geography, c.range_m / 2, radians(c.bearing_deg))::geometry END) AS m (middle)
     WHERE c.jurisdiction_id = :jurisdiction_id AND c.code = :code
""")


def find_view(connection: Connection, *, jurisdiction_id: int, code: str) -> CameraView | None:
    """Return what a camera sees, or None."""
    row = connection.execute(_VIEW, {"jurisdiction_id": jurisdiction_id, "code": code}).one_or_none()
    return None if row is None else CameraView(row.code, Position(row.lon, row.lat), row.accuracy_m)
