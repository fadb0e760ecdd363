"""What is in hand, as maps draw it: where and how each matter stands, by when it is due; no words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

#: Due soon: less than this share of the limit is left, in working time.
SOON = 0.25
#: Row policies hide the table from visitors, who are told what the view tells. The bound of `urgency` is that of what
#: is open, as the index has it.
_OPEN = """
    SELECT f.id, st_x(f.geom) AS lon, st_y(f.geom) AS lat, f.status, f.service_code, f.source, f.grid_code,
           f.reported_at, f.late, i.officer_code, i.expected_at,
           coalesce(f.status = 'returned' OR i.waiting_since IS NOT NULL, false) AS stands,
           coalesce(i.sensitive, false) AS sensitive
      FROM geoservice.served_incident AS f
      LEFT JOIN geoservice.incident AS i ON i.id = f.id
     WHERE f.jurisdiction_id = :jurisdiction_id AND f.urgency < 2e11
"""
_PAGE = text(f"{_OPEN} AND f.id > :after ORDER BY f.id LIMIT :limit")
_THOSE = text(f"{_OPEN} AND f.id = ANY(:ids) ORDER BY f.id")
_COUNT = text("""
    SELECT count(*) FROM geoservice.served_incident AS f WHERE f.jurisdiction_id = :jurisdiction_id AND f.urgency < 2e11
""")
_SOON_BEFORE = text("""
    SELECT s.code,
           geoservice.work_done_at(s.jurisdiction_id, now(), s.limit_working_hours * 3600 * :share) AS soon_before
      FROM geoservice.service AS s
     WHERE s.jurisdiction_id = :jurisdiction_id AND s.limit_working_hours IS NOT NULL
""")
#: Whatever it has come to. An id that begins with something lies between two ids: the key's index finds it.
_BEGINNING = text("""
    SELECT f.id, f.service_name, f.service_name_en, f.status, f.grid_code, st_x(f.geom) AS lon, st_y(f.geom) AS lat,
           count(*) OVER () AS matched
      FROM geoservice.served_incident AS f
     WHERE f.jurisdiction_id = :jurisdiction_id AND f.id BETWEEN :first AND :last
     ORDER BY f.urgency, f.id LIMIT :limit
""")
_FIRST = UUID(int=0)
_DIGITS = 32


class InHand(NamedTuple):
    """A matter in hand."""

    id: UUID
    #: Degrees, EPSG:4326; so is lat. None where it is kept back.
    lon: float | None
    lat: float | None
    status: str
    service_code: str
    source: str
    grid_code: str | None
    reported_at: datetime
    late: bool
    #: Who has it, by when it is due, and whether its clock stands: told to whoever may read incidents.
    officer_code: str | None
    expected_at: datetime | None
    stands: bool
    #: Where it was reported is nobody's business but of those who may read incidents.
    sensitive: bool


def in_hand(
    connection: Connection, *, jurisdiction_id: int, after: UUID | None = None, limit: int
) -> tuple[InHand, ...]:  # fmt: skip
    """Return what is in hand in a jurisdiction, by id: those that come after one."""
    asked = {"jurisdiction_id": jurisdiction_id, "after": after or _FIRST, "limit": limit}
    return tuple(InHand(*row) for row in connection.execute(_PAGE, asked))


def in_hand_among(connection: Connection, ids: Sequence[UUID], *, jurisdiction_id: int) -> tuple[InHand, ...]:
    """Return which of some incidents are in hand in a jurisdiction, by id."""
    asked = {"jurisdiction_id": jurisdiction_id, "ids": list(ids)}
    return tuple(InHand(*row) for row in connection.execute(_THOSE, asked))


class NumberedIncident(NamedTuple):
    """An incident by its number, without its words."""

    id: UUID
    service_name: str
    service_name_en: str | None
    status: str
    grid_code: str | None
    #: Degrees, EPSG:4326; so is lat.
    lon: float
    lat: float


def incidents_numbered(
    connection: Connection, digits: str, *, jurisdiction_id: int, limit: int
) -> tuple[tuple[NumberedIncident, ...], int]:  # fmt: skip
    """Return incidents whose id begins with some hexadecimal digits, the most urgent first, and how many there are."""
    first, last = UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))
    asked = {"first": first, "last": last, "jurisdiction_id": jurisdiction_id, "limit": limit}
    rows = connection.execute(_BEGINNING, asked).all()
    return tuple(NumberedIncident(*row[:-1]) for row in rows), rows[0].matched if rows else 0


def count_in_hand(connection: Connection, *, jurisdiction_id: int) -> int:
    """Return how many are in hand in a jurisdiction."""
    found: int = connection.execute(_COUNT, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    return found


def soon_before(connection: Connection, *, jurisdiction_id: int) -> dict[str, datetime]:
    """Return, by service, the instant before which something must be due to be due soon now."""
    rows = connection.execute(_SOON_BEFORE, {"jurisdiction_id": jurisdiction_id, "share": SOON})
    return {row.code: row.soon_before for row in rows if row.soon_before is not None}
