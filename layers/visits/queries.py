"""Reads and writes of table visit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from layers.crs import Position
from layers.visits.model import NewVisit, Visit

_INSERT = text("""
    INSERT INTO geoservice.visit (jurisdiction_id, building_code, geom, staff_code, kind, outcome, at)
    VALUES (:jurisdiction_id, :building_code,
            st_setsrid(st_makepoint(CAST(:lon AS double precision), CAST(:lat AS double precision)), 4326),
            :staff_code, :kind, :outcome, :at)
    RETURNING id
""")
_VISITS = text("""
    SELECT v.id, v.building_code, st_x(v.geom) AS lon, st_y(v.geom) AS lat, v.grid_code, v.staff_code,
           v.kind, v.outcome, v.at
      FROM geoservice.visit AS v
     WHERE v.jurisdiction_id = :jurisdiction_id
       AND (CAST(:id AS bigint) IS NULL OR v.id = :id)
       AND (CAST(:grids AS text[]) IS NULL OR v.grid_code = ANY(:grids))
       AND (CAST(:since AS timestamptz) IS NULL OR v.at >= :since)
       AND (CAST(:until AS timestamptz) IS NULL OR v.at < :until)
       AND (CAST(:before AS bigint) IS NULL OR v.id < :before)
     ORDER BY v.id DESC LIMIT :limit
""")


@dataclass(frozen=True)
class VisitSearch:
    """Which visits are meant; what is None does not matter."""

    id: int | None = None
    #: Codes.
    grids: Collection[str] | None = None
    #: Half-open.
    since: datetime | None = None
    until: datetime | None = None
    #: Those noted earlier than one.
    before: int | None = None


def insert_visit(connection: Connection, visit: NewVisit, *, jurisdiction_id: int, staff_code: str) -> int:
    """Note a visit and return its number; raise RefusedByDatabase."""
    lon, lat = visit.position or (None, None)
    number: int = connection.execute(_INSERT, {
        "jurisdiction_id": jurisdiction_id, "building_code": visit.building_code, "lon": lon, "lat": lat,
        "staff_code": staff_code, "kind": visit.kind, "outcome": visit.outcome, "at": visit.at,
    }).scalar_one()  # fmt: skip
    return number


def find_visits(
    connection: Connection, search: VisitSearch, *, jurisdiction_id: int, limit: int
) -> tuple[Visit, ...]:  # fmt: skip
    """Return visits, the one noted last first."""
    asked = {
        "jurisdiction_id": jurisdiction_id, "id": search.id, "since": search.since, "until": search.until,
        "grids": None if search.grids is None else list(search.grids), "before": search.before, "limit": limit,
    }  # fmt: skip
    return tuple(
        Visit(
            row.kind, row.outcome, row.at, row.building_code,
            None if row.lon is None else Position(row.lon, row.lat), row.id, row.grid_code, row.staff_code,
        )
        for row in connection.execute(_VISITS, asked)
    )  # fmt: skip
