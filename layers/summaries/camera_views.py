"""Which cameras see a place, and that of an incident."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from layers.cameras.model import CoveringCamera
from layers.crs import Position

_COVERING = text("""
    SELECT c.code, c.kind, c.status, st_distance(c.geom::geography, i.geom::geography) AS distance_m
      FROM geoservice.incident AS i
      JOIN geoservice.camera AS c ON c.jurisdiction_id = i.jurisdiction_id AND st_covers(c.sector, i.geom)
     WHERE i.id = :incident_id
     ORDER BY distance_m, c.code
""")

_SEEING = text("""
    SELECT c.code, c.kind, c.status, st_distance(c.geom::geography, p.geom::geography) AS distance_m
      FROM (SELECT st_setsrid(st_makepoint(:lon, :lat), 4326) AS geom) AS p
      JOIN geoservice.camera AS c ON st_covers(c.sector, p.geom)
     WHERE c.jurisdiction_id = :jurisdiction_id
     ORDER BY distance_m, c.code LIMIT :limit
""")


def cameras_seeing(
    connection: Connection, place: Position, *, jurisdiction_id: int, limit: int
) -> tuple[CoveringCamera, ...]:  # fmt: skip
    """Return the cameras of a jurisdiction that see a place, the nearest first."""
    asked = {"lon": place.lon, "lat": place.lat, "jurisdiction_id": jurisdiction_id, "limit": limit}
    return tuple(CoveringCamera(*row) for row in connection.execute(_SEEING, asked))


def cameras_covering(connection: Connection, incident_id: UUID) -> tuple[CoveringCamera, ...]:
    """Return the cameras that see an incident's place, the nearest first."""
    return tuple(CoveringCamera(*row) for row in connection.execute(_COVERING, {"incident_id": incident_id}))
