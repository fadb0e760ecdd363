"""When a jurisdiction works: read and write its hours and holidays, and reckon with them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time

from geoservice.errors import CalendarRefused
from geoservice.records.calendars.model import CalendarDay, WorkingHours
from geoservice.records.calendars.queries import (
    calendar_days,
    put_calendar_days,
    put_working_hours,
    work_done_at,
    working_hours,
)
from geoservice.services import lookups
from layers.db.session import Database

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_STRETCH = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)
#: Of a file: twenty years of nothing but holidays.
DAYS_MAX = 7_500


class CalendarService:
    """The calendars of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hours(self, jurisdiction_code: str) -> tuple[WorkingHours, ...]:
        """Return when is worked in a week, Monday first; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return working_hours(connection, jurisdiction_id=jurisdiction.id)

    def days(self, jurisdiction_code: str, *, year: int) -> tuple[CalendarDay, ...]:
        """Return the days of a year that are not as their weekday; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            first, last = date(year, 1, 1), date(year + 1, 1, 1)
            return calendar_days(connection, jurisdiction_id=jurisdiction.id, first=first, last=last)

    def set_hours(self, jurisdiction_code: str, hours: Sequence[WorkingHours]) -> None:
        """Replace when is worked in a week; raise JurisdictionUnknown, layers.errors.RefusedByDatabase."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            put_working_hours(connection, jurisdiction_id=jurisdiction.id, hours=hours)

    def add_days(self, jurisdiction_code: str, days: Sequence[CalendarDay]) -> None:
        """Write holidays and make-up days over what was written for the same days; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            put_calendar_days(connection, jurisdiction_id=jurisdiction.id, days=days)

    def due(self, jurisdiction_code: str, begins: datetime, work_hours: float) -> datetime | None:
        """Return when so many hours of work are done; None beyond the calendar. Raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return work_done_at(connection, jurisdiction_id=jurisdiction.id, begins=begins, work_hours=work_hours)


def parse_hours(text: str) -> tuple[WorkingHours, ...]:
    """Return the hours that a line like `mon-fri 08:30-12:30 14:00-18:00` means; raise CalendarRefused."""
    days, *stretches = text.lower().split() or [""]
    first, _, last = days.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS or not stretches:
        raise CalendarRefused(hours=text, form="mon-fri 08:30-12:30 14:00-18:00")
    span = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
    if not span:
        raise CalendarRefused(hours=text, reason="a week begins with mon; write fri-sun and mon as two lines")
    return tuple(WorkingHours(day + 1, *_parse_hours(stretch, text)) for day in span for stretch in stretches)


def _parse_hours(stretch: str, text: str) -> tuple[time, time | None]:
    found = _STRETCH.fullmatch(stretch)
    parts = [] if found is None else [int(part) for part in found.groups()]
    ends_at_midnight = parts[2:] == [24, 0]
    if not parts or any(part > 59 for part in parts) or parts[0] > 23 or (parts[2] > 23 and not ends_at_midnight):
        raise CalendarRefused(hours=text, form="mon-fri 08:30-12:30 14:00-18:00")
    opens, closes = time(parts[0], parts[1]), None if ends_at_midnight else time(parts[2], parts[3])
    if closes is not None and closes <= opens:
        raise CalendarRefused(hours=text, reason="a stretch ends after it begins; work over midnight is two stretches")
    return opens, closes


def read_days(lines: Iterable[str]) -> tuple[CalendarDay, ...]:
    """Return the days of a CSV file with the columns day, works_like (empty on a holiday) and label.

    Raises
    ------
    CalendarRefused
        With the number of the line.
    """
    days = list(_rows(lines))
    if not days:
        raise CalendarRefused(reason="the file has no rows")
    if len({one.day for one in days}) < len(days):
        raise CalendarRefused(reason="a day is there twice")
    return tuple(days)


def _rows(lines: Iterable[str]) -> Iterator[CalendarDay]:
    rows = csv.DictReader(lines)
    if not {"day", "works_like", "label"} <= set(rows.fieldnames or ()):
        raise CalendarRefused(line=1, reason="the columns are day, works_like and label")
    for row in rows:
        if rows.line_num > DAYS_MAX:
            raise CalendarRefused(reason=f"a file has {DAYS_MAX} days at most")
        like = (row["works_like"] or "").strip().lower()
        try:
            day = date.fromisoformat((row["day"] or "").strip())
            works_like = None if like == "" else WEEKDAYS.index(like) + 1
        except ValueError:
            raise CalendarRefused(
                line=rows.line_num,
                reason=f"day is like 2026-10-01; works_like is empty or one of {', '.join(WEEKDAYS)}",
            ) from None
        yield CalendarDay(day, works_like, (row["label"] or "").strip())
