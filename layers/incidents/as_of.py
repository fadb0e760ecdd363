"""Incidents as of an instant that is past, as maps draw them: how each stood then, told by its history; no words."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

#: Who had it is told to whoever sees the incident itself: row policies hide the table from others.
_PAGE = text("""
    SELECT f.id, st_x(f.geom) AS lon, st_y(f.geom) AS lat, f.status, f.service_code, f.source, f.grid_code,
           f.reported_at, f.late, CASE WHEN i.id IS NOT NULL THEN f.officer_code END AS officer_code,
           f.in_hand, f.closed_at
      FROM geoservice.incidents_as_of(:jurisdiction_id, :since, :until, :after, :limit) AS f
      LEFT JOIN geoservice.incident AS i ON i.id = f.id
     ORDER BY f.id
""")
_COUNT = text("SELECT count(*) FROM geoservice.incidents_as_of(:jurisdiction_id, :since, :until, NULL, NULL)")


class IncidentAsOf(NamedTuple):
    """An incident as it stood at the end of a span in which it was in hand, reported or closed."""

    id: UUID
    #: Degrees, EPSG:4326; so is lat. None where its history tells no place.
    lon: float | None
    lat: float | None
    status: str
    service_code: str
    source: str
    grid_code: str | None
    reported_at: datetime
    #: Found late by then, and neither resolved nor done with.
    late: bool
    #: Told to whoever may read incidents.
    officer_code: str | None
    in_hand: bool
    #: When it was closed, where it was closed then; None: it was not.
    closed_at: datetime | None


def incidents_as_of(
    connection: Connection, *, jurisdiction_id: int, since: datetime, until: datetime, after: UUID | None = None,
    limit: int,
) -> tuple[IncidentAsOf, ...]:  # fmt: skip
    """Return what was in hand before an instant, or reported or closed since another, by id: those after one."""
    asked = {"jurisdiction_id": jurisdiction_id, "since": since, "until": until, "after": after, "limit": limit}
    return tuple(IncidentAsOf(*row) for row in connection.execute(_PAGE, asked))


def count_as_of(connection: Connection, *, jurisdiction_id: int, since: datetime, until: datetime) -> int:
    """Return how many these are."""
    asked = {"jurisdiction_id": jurisdiction_id, "since": since, "until": until}
    found: int = connection.execute(_COUNT, asked).scalar_one()
    return found
