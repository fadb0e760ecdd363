"""Reads of tables staff and posting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from layers.staff.model import Member, NumberedPosting, Officer, Posting, PostingSpan

_ON_DUTY = text("""
    SELECT s.code, s.call_sign, p.role
      FROM geoservice.posting AS p
      JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
      JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
     WHERE p.jurisdiction_id = :jurisdiction_id
       AND p.grid_code = :grid_code
       AND daterange(p.valid_from, p.valid_to) @> (coalesce(:at, now()) AT TIME ZONE j.time_zone)::date
     ORDER BY geoservice.posting_rank(p.role), s.code
""")


def officers_on_duty(
    connection: Connection, *, jurisdiction_id: int, grid_code: str, at: datetime | None = None
) -> tuple[Officer, ...]:
    """Return who serves a grid on the day of `at` (today when None), the grid officer first."""
    asked = {"jurisdiction_id": jurisdiction_id, "grid_code": grid_code, "at": at}
    return tuple(Officer(row.code, row.call_sign, row.role) for row in connection.execute(_ON_DUTY, asked))


_STAFF_EXISTS = text(
    "SELECT EXISTS (SELECT FROM geoservice.staff AS s WHERE s.jurisdiction_id = :jurisdiction_id AND s.code = :code)"
)


def staff_exists(connection: Connection, *, jurisdiction_id: int, code: str) -> bool:
    """Return whether a jurisdiction has a member of staff."""
    return bool(connection.execute(_STAFF_EXISTS, {"jurisdiction_id": jurisdiction_id, "code": code}).scalar_one())


_POSTINGS = text("""
    SELECT p.jurisdiction_id, p.grid_code, s.code, s.call_sign, p.role, p.valid_from, p.valid_to
      FROM geoservice.posting AS p
      JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
     WHERE p.valid_to IS NULL OR p.valid_to > :since
     ORDER BY p.jurisdiction_id, p.grid_code,
              geoservice.posting_rank(p.role), s.code
""")


def postings_since(connection: Connection, since: date) -> tuple[Posting, ...]:
    """Return every posting that was not over on a day, by grid, the grid officer first."""
    return tuple(_posting(row) for row in connection.execute(_POSTINGS, {"since": since}))


_POSTED_NOW = text("""
    SELECT p.jurisdiction_id, p.grid_code, s.code, s.call_sign, p.role, p.valid_from, p.valid_to
      FROM geoservice.posting AS p
      JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
      JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
     WHERE p.jurisdiction_id = :jurisdiction_id AND p.grid_code = ANY(:grid_codes)
       AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
     ORDER BY p.grid_code, geoservice.posting_rank(p.role), s.code
""")


def posted_now(connection: Connection, *, jurisdiction_id: int, grid_codes: Sequence[str]) -> tuple[Posting, ...]:
    """Return who serves some grids today, by grid, the grid officer first."""
    asked = {"jurisdiction_id": jurisdiction_id, "grid_codes": list(grid_codes)}
    return tuple(_posting(row) for row in connection.execute(_POSTED_NOW, asked))


_POSTINGS_OF = text("""
    SELECT p.jurisdiction_id, p.grid_code, s.code, s.call_sign, p.role, p.valid_from, p.valid_to
      FROM geoservice.posting AS p
      JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
      JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
     WHERE p.jurisdiction_id = :jurisdiction_id AND p.staff_code = :staff_code
       AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
     ORDER BY p.grid_code, p.role
""")


def postings_of(connection: Connection, *, jurisdiction_id: int, staff_code: str) -> tuple[Posting, ...]:
    """Return which grids a member of staff serves today, by grid."""
    asked = {"jurisdiction_id": jurisdiction_id, "staff_code": staff_code}
    return tuple(_posting(row) for row in connection.execute(_POSTINGS_OF, asked))


_MEMBERS = text("""
    SELECT s.code, s.call_sign, s.role FROM geoservice.staff AS s
     WHERE s.jurisdiction_id = :jurisdiction_id AND (CAST(:code AS text) IS NULL OR s.code = :code)
     ORDER BY s.code
""")


def members(connection: Connection, *, jurisdiction_id: int, code: str | None = None) -> tuple[Member, ...]:
    """Return the staff of a jurisdiction by code, or whoever has a code."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code}
    return tuple(Member(*row) for row in connection.execute(_MEMBERS, asked))


_CALLED = text("""
    SELECT s.code, s.call_sign, s.role,
           ARRAY(SELECT p.grid_code FROM geoservice.posting AS p
                  WHERE p.jurisdiction_id = s.jurisdiction_id AND p.staff_code = s.code
                    AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
                  ORDER BY p.grid_code) AS grids,
           count(*) OVER () AS matched
      FROM geoservice.staff AS s JOIN geoservice.jurisdiction AS j ON j.id = s.jurisdiction_id
     WHERE s.jurisdiction_id = :jurisdiction_id
       AND (lower(s.code) = :words OR strpos(replace(lower(s.call_sign), ' ', ''), :words) > 0)
     ORDER BY lower(s.code) <> :words, strpos(replace(lower(s.call_sign), ' ', ''), :words), s.code LIMIT :limit
""")


def members_called(
    connection: Connection, words: str, *, jurisdiction_id: int, limit: int
) -> tuple[tuple[tuple[Member, tuple[str, ...]], ...], int]:
    """Return staff whose call sign holds words in small letters without blanks, or whose code they are, and how many.

    Each comes with the grids served today, by code.
    """
    asked = {"words": words, "jurisdiction_id": jurisdiction_id, "limit": limit}
    rows = connection.execute(_CALLED, asked).all()
    found = tuple((Member(row.code, row.call_sign, row.role), tuple(row.grids)) for row in rows)
    return found, rows[0].matched if rows else 0


_NUMBERED = text("""
    SELECT p.id, p.staff_code, p.grid_code, p.role, p.valid_from, p.valid_to
      FROM geoservice.posting AS p
     WHERE p.jurisdiction_id = :jurisdiction_id
       AND (CAST(:id AS bigint) IS NULL OR p.id = :id)
       AND (CAST(:day AS date) IS NULL OR daterange(p.valid_from, p.valid_to) @> CAST(:day AS date))
     ORDER BY p.grid_code, geoservice.posting_rank(p.role), p.valid_from, p.staff_code
""")


def numbered_postings(
    connection: Connection, *, jurisdiction_id: int, id: int | None = None, day: date | None = None
) -> tuple[NumberedPosting, ...]:
    """Return the postings of a jurisdiction by grid, the grid officer first; those of a day, or that of an id."""
    rows = connection.execute(_NUMBERED, {"jurisdiction_id": jurisdiction_id, "id": id, "day": day})
    return tuple(NumberedPosting(row.id, PostingSpan(*row[1:])) for row in rows)


_TODAY = text("SELECT (now() AT TIME ZONE j.time_zone)::date FROM geoservice.jurisdiction AS j WHERE j.id = :id")


_HOME_OF_POSTING = text("""
    SELECT j.code FROM geoservice.posting AS p JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
     WHERE p.id = :id
""")


def jurisdiction_of_posting(connection: Connection, number: int) -> str | None:
    """Return the code of the jurisdiction of a posting; None: there is none of this number."""
    found: str | None = connection.execute(_HOME_OF_POSTING, {"id": number}).scalar_one_or_none()
    return found


def today_in(connection: Connection, jurisdiction_id: int) -> date:
    """Return which day it is in a jurisdiction."""
    today: date = connection.execute(_TODAY, {"id": jurisdiction_id}).scalar_one()
    return today


def _posting(row: Row[Any]) -> Posting:
    officer = Officer(row.code, row.call_sign, row.role)
    return Posting(row.jurisdiction_id, row.grid_code, officer, row.valid_from, row.valid_to)
