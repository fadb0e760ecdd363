"""Reads of table outbox, and the numbering of what was committed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from geoservice.records.outbox.model import Event, Kept

_NUMBER = text("SELECT geoservice.number_outbox()")
#: The head as it was before, from which the function counts on.
_NUMBER_SOME = text("SELECT coalesce(geoservice.number_outbox() - h.number, 0) FROM geoservice.outbox_head AS h")
_NUMBER_ALL = text("SELECT geoservice.number_outbox(most => NULL, waits => true)")
_FORGET = text("SELECT geoservice.forget_told()")
_KEPT = text("""
    SELECT coalesce((SELECT min(o.number) FROM geoservice.outbox AS o), h.number + 1) AS first, h.number AS last
      FROM geoservice.outbox_head AS h
""")
_AFTER = text("""
    SELECT o.number, coalesce(e.at, o.at) AS at, o.topic, o.payload, o.jurisdiction_id, j.code AS jurisdiction_code,
           coalesce(j.visitors = 'closed', false) AS closed,
           e.incident_id, e.rule, e.service_code, e.from_status, e.to_status, e.from_grid_code, e.to_grid_code,
           e.officer_code, e.edition_id, e.method, e.rating, e.original_status
      FROM geoservice.outbox AS o
      LEFT JOIN geoservice.jurisdiction AS j ON j.id = o.jurisdiction_id
      LEFT JOIN geoservice.incident_event AS e ON e.id = o.incident_event_id
     WHERE o.number > :number
     ORDER BY o.number LIMIT :limit
""")


def number_outbox(connection: Connection) -> int | None:
    """Give numbers to what was committed since; return the last one given, None while somebody else gives them."""
    last: int | None = connection.execute(_NUMBER).scalar_one()
    return last


def number_some(connection: Connection) -> int:
    """Give numbers to what was committed since; return to how many, at most 5,000."""
    given: int = connection.execute(_NUMBER_SOME).scalar_one()
    return given


def number_all(connection: Connection) -> None:
    """Give numbers to all that was committed up to now, after whoever gives them at this moment."""
    connection.execute(_NUMBER_ALL)


def forget_told(connection: Connection) -> int:
    """Remove what happened more than 30 days ago from the outbox; return how many rows, at most 5,000."""
    gone: int = connection.execute(_FORGET).scalar_one()
    return gone


def kept_events(connection: Connection) -> Kept:
    """Return which events are kept."""
    row = connection.execute(_KEPT).one()
    return Kept(row.first, row.last)


def events_after(connection: Connection, number: int, *, limit: int) -> tuple[Event, ...]:
    """Return the events that follow the one of a number, in their order."""
    return tuple(_event(row) for row in connection.execute(_AFTER, {"number": number, "limit": limit}))


def _event(row: Row[Any]) -> Event:
    kind, data = row.topic, row.payload
    if data is None:
        kind = f"incident.{row.rule.replace(' ', '_')}"
        data = {
            "incident": str(row.incident_id), "service": row.service_code, "status": row.to_status,
            "from_status": row.from_status, "grid": row.to_grid_code, "from_grid": row.from_grid_code,
            "officer": row.officer_code, "edition": row.edition_id, "method": row.method, "rating": row.rating,
            "original_status": row.original_status,
        }  # fmt: skip
    return Event(row.number, row.at, kind, row.jurisdiction_id, row.jurisdiction_code, data, row.closed)
