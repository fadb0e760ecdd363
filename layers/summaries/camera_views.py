"""Which cameras see the place of an incident."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from layers.cameras.model import CoveringCamera

_COVERING = text("""
    SELECT c.code, c.kind, c.status, st_distance(c.geom::geography, i.geom::geography) AS distance_m
      FROM geoservice.incident AS i
      JOIN geoservice.camera AS c ON c.jurisdiction_id = i.jurisdiction_id AND st_covers(c.sector, i.geom)
     WHERE i.id = :incident_id
     ORDER BY distance_m, c.code
""")


def cameras_covering(connection: Connection, incident_id: UUID) -> tuple[CoveringCamera, ...]:
    """Return the cameras that see an incident's place, the nearest first."""
    return tuple(CoveringCamera(*row) for row in connection.execute(_COVERING, {"incident_id": incident_id}))
