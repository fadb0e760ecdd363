"""Which incidents in hand have a limit: what a change of a calendar or a service is about."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

_LIMITS = text("""
    SELECT count(*) FILTER (WHERE i.expected_at IS NOT NULL) AS due,
           count(*) FILTER (WHERE i.expected_at >= :since) AS due_since,
           count(*) FILTER (WHERE i.work_left_s IS NOT NULL) AS standing
      FROM geoservice.incident AS i
     WHERE i.jurisdiction_id = :jurisdiction_id AND geoservice.is_open(i.status)
""")


class OpenLimits(NamedTuple):
    """How many incidents in hand have a limit."""

    #: They have an instant by which they are due, and keep it.
    due: int
    #: Of these, due at an instant or later.
    due_since: int
    #: Their clock stands: what is left of their limit is reckoned anew when they go on.
    standing: int


def open_limits(connection: Connection, *, jurisdiction_id: int, since: datetime) -> OpenLimits:
    """Return how many incidents in hand have a limit, and of how many it ends at an instant or later."""
    row = connection.execute(_LIMITS, {"jurisdiction_id": jurisdiction_id, "since": since}).one()
    return OpenLimits(row.due, row.due_since, row.standing)
