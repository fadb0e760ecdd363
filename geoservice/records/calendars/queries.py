"""Reads and writes of working_hours and calendar_day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, text

from geoservice.records.calendars.model import CalendarDay, WorkingHours

_HOURS = text("""
    SELECT h.weekday, h.opens, nullif(h.closes, '24:00') AS closes FROM geoservice.working_hours AS h
     WHERE h.jurisdiction_id = :jurisdiction_id ORDER BY h.weekday, h.opens
""")
_DAYS = text("""
    SELECT c.day, c.works_like, c.label FROM geoservice.calendar_day AS c
     WHERE c.jurisdiction_id = :jurisdiction_id AND c.day >= :first AND c.day < :last ORDER BY c.day
""")
_PUT_DAYS = text("""
    INSERT INTO geoservice.calendar_day AS c (jurisdiction_id, day, works_like, label)
    SELECT :jurisdiction_id, d.day, d.works_like, d.label
      FROM unnest(CAST(:days AS date[]), CAST(:works_like AS smallint[]), CAST(:labels AS text[]))
        AS d (day, works_like, label)
        ON CONFLICT (jurisdiction_id, day) DO UPDATE SET works_like = excluded.works_like, label = excluded.label
""")
_REMOVE_DAY = text("DELETE FROM geoservice.calendar_day WHERE jurisdiction_id = :jurisdiction_id AND day = :day")
_CLEAR_HOURS = text("DELETE FROM geoservice.working_hours AS h WHERE h.jurisdiction_id = :jurisdiction_id")
_PUT_HOURS = text("""
    INSERT INTO geoservice.working_hours (jurisdiction_id, weekday, opens, closes)
    SELECT :jurisdiction_id, h.weekday, h.opens, coalesce(h.closes, '24:00')
      FROM unnest(CAST(:weekdays AS smallint[]), CAST(:opens AS time[]), CAST(:closes AS time[]))
        AS h (weekday, opens, closes)
""")
_WORK_LEFT = text("""
    SELECT t.instant, geoservice.worked_s(:jurisdiction_id, t.instant) - n.worked_s AS left_s
      FROM (SELECT geoservice.worked_s(:jurisdiction_id, now()) AS worked_s) AS n,
           unnest(CAST(:instants AS timestamptz[])) AS t (instant)
""")
_DONE_AT = text("SELECT geoservice.work_done_at(:jurisdiction_id, :begins, :work_s)")


def working_hours(connection: Connection, *, jurisdiction_id: int) -> tuple[WorkingHours, ...]:
    """Return when is worked in a week, Monday first."""
    rows = connection.execute(_HOURS, {"jurisdiction_id": jurisdiction_id})
    return tuple(WorkingHours(row.weekday, row.opens, row.closes) for row in rows)


def calendar_days(connection: Connection, *, jurisdiction_id: int, first: date, last: date) -> tuple[CalendarDay, ...]:
    """Return the days out of the ordinary from one day to before another."""
    rows = connection.execute(_DAYS, {"jurisdiction_id": jurisdiction_id, "first": first, "last": last})
    return tuple(CalendarDay(row.day, row.works_like, row.label) for row in rows)


def work_left_s(
    connection: Connection, *, jurisdiction_id: int, instants: Collection[datetime]
) -> dict[datetime, float | None]:  # fmt: skip
    """Return how many seconds of work lie between now and some instants; below zero of those that are past.

    None where the calendar is not laid out.
    """
    asked = {"jurisdiction_id": jurisdiction_id, "instants": list(instants)}
    return {row.instant: row.left_s for row in connection.execute(_WORK_LEFT, asked)}


def put_calendar_days(connection: Connection, *, jurisdiction_id: int, days: Sequence[CalendarDay]) -> None:
    """Write days out of the ordinary; those written before are replaced, others stay."""
    asked = {
        "jurisdiction_id": jurisdiction_id, "days": [one.day for one in days],
        "works_like": [one.works_like for one in days], "labels": [one.label for one in days],
    }  # fmt: skip
    connection.execute(_PUT_DAYS, asked)


def remove_calendar_day(connection: Connection, *, jurisdiction_id: int, day: date) -> bool:
    """Have a day be as its weekday again; return whether it was not."""
    return connection.execute(_REMOVE_DAY, {"jurisdiction_id": jurisdiction_id, "day": day}).rowcount == 1


def put_working_hours(connection: Connection, *, jurisdiction_id: int, hours: Sequence[WorkingHours]) -> None:
    """Write when is worked in a week, instead of what was written before; raise RefusedByDatabase when two overlap."""
    connection.execute(_CLEAR_HOURS, {"jurisdiction_id": jurisdiction_id})
    asked = {
        "jurisdiction_id": jurisdiction_id, "weekdays": [one.weekday for one in hours],
        "opens": [one.opens for one in hours], "closes": [one.closes for one in hours],
    }  # fmt: skip
    connection.execute(_PUT_HOURS, asked)


def renew_working_time(connection: Connection) -> int:
    """Carry calendars on that reach less than a year ahead; return how many."""
    done: int = connection.execute(text("SELECT geoservice.renew_working_time()")).scalar_one()
    return done


def work_done_at(
    connection: Connection, *, jurisdiction_id: int, begins: datetime, work_hours: float
) -> datetime | None:
    """Return when so many hours of work are done that begin at an instant; None beyond the calendar."""
    asked = {"jurisdiction_id": jurisdiction_id, "begins": begins, "work_s": work_hours * 3600}
    done: datetime | None = connection.execute(_DONE_AT, asked).scalar_one()
    return done
