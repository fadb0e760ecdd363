"""When a jurisdiction works: read and write its hours and holidays, and reckon with them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple

from geoservice.errors import CalendarRefused, GeoserviceError
from geoservice.reading.workbooks import read_sheet
from geoservice.records.calendars.model import CalendarDay, WorkingHours
from geoservice.records.calendars.queries import (
    calendar_days,
    put_calendar_days,
    put_working_hours,
    remove_calendar_day,
    work_done_at,
    working_hours,
)
from geoservice.services import lookups
from layers.db.session import Database
from layers.incidents.limits import OpenLimits, open_limits

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_STRETCH = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)
#: Of a file: twenty years of nothing but holidays.
DAYS_MAX = 7_500
_COLUMNS = ("day", "works_like", "label")


class CalendarDayUnknown(GeoserviceError):
    """The day is as its weekday: nothing else was written of it."""


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
        return self.days_between(jurisdiction_code, date(year, 1, 1), date(year + 1, 1, 1))

    def days_between(self, jurisdiction_code: str, first: date, end: date) -> tuple[CalendarDay, ...]:
        """Return the days from one to before another that are not as their weekday; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return calendar_days(connection, jurisdiction_id=jurisdiction.id, first=first, last=end)

    def set_hours(self, jurisdiction_code: str, hours: Sequence[WorkingHours], *, actor: str = "") -> None:
        """Replace when is worked in a week; raise JurisdictionUnknown, layers.errors.RefusedByDatabase."""
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            put_working_hours(connection, jurisdiction_id=jurisdiction.id, hours=hours)

    def add_days(self, jurisdiction_code: str, days: Sequence[CalendarDay], *, actor: str = "") -> None:
        """Write holidays and make-up days over what was written for the same days.

        Raises
        ------
        JurisdictionUnknown, layers.errors.RefusedByDatabase
        """
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            put_calendar_days(connection, jurisdiction_id=jurisdiction.id, days=days)

    def remove_day(self, jurisdiction_code: str, day: date, *, actor: str = "") -> None:
        """Have a day be as its weekday again; raise JurisdictionUnknown, CalendarDayUnknown."""
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            if not remove_calendar_day(connection, jurisdiction_id=jurisdiction.id, day=day):
                raise CalendarDayUnknown(day=day)

    def open_limits(self, jurisdiction_code: str, *, since: datetime) -> OpenLimits:
        """Return how many incidents in hand have a limit, and of how many it ends at an instant or later.

        A change of the calendar touches none that is due: what was promised stays. Those whose clock stands are
        reckoned by it when they go on. Raise JurisdictionUnknown.
        """
        with self._database.transaction() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            return open_limits(connection, jurisdiction_id=jurisdiction.id, since=since)

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


class SheetDays(NamedTuple):
    """Days as a workbook has them."""

    days: tuple[CalendarDay, ...]
    #: What a reader of the sheet would not see, such as rows that are hidden.
    remarks: tuple[str, ...]


def read_days(lines: Iterable[str]) -> tuple[CalendarDay, ...]:
    """Return the days of a CSV file with the columns day, works_like (empty on a holiday) and label.

    Raises
    ------
    CalendarRefused
        With the number of the line.
    """
    rows = csv.DictReader(lines)
    _require_columns(rows.fieldnames or ())
    return _days((rows.line_num, row) for row in rows)


def read_sheet_of_days(path: Path, *, sheet: str | None = None) -> SheetDays:
    """Return the days of a workbook with the same columns, below titles if there are any; cells may be dates.

    Parameters
    ----------
    sheet
        Its name; None: the one that is filled and not hidden.

    Raises
    ------
    CalendarRefused, FileRefused
        With the number of the row; what is wrong with the workbook.
    """
    read = read_sheet(path, sheet=sheet, header=[(name,) for name in _COLUMNS])
    if read.errors:  # it would be empty, and an empty one means a holiday
        raise CalendarRefused(reason="cells of the sheet hold an error, such as #N/A: enter what they should say")
    names = [name.strip().lower() for name in read.table.column_names]
    _require_columns(names)
    rows = (dict(zip(names, values, strict=True)) for values in zip(*read.table.to_pydict().values(), strict=True))
    return SheetDays(_days(zip(read.rows, rows, strict=True)), read.remarks)


def _require_columns(names: Sequence[str]) -> None:
    if not set(_COLUMNS) <= set(names):
        raise CalendarRefused(line=1, reason="the columns are day, works_like and label")


def _days(rows: Iterable[tuple[int, Mapping[str, str | None]]]) -> tuple[CalendarDay, ...]:
    """Return the days of rows with their numbers; raise CalendarRefused."""
    days: dict[date, CalendarDay] = {}
    for number, row in rows:
        if len(days) == DAYS_MAX:
            raise CalendarRefused(reason=f"a file has {DAYS_MAX} days at most")
        one = _day(number, row)
        if one.day in days:
            raise CalendarRefused(line=number, reason="a day is there twice")
        days[one.day] = one
    if not days:
        raise CalendarRefused(reason="the file has no rows")
    return tuple(days.values())


def _day(number: int, row: Mapping[str, str | None]) -> CalendarDay:
    like = (row["works_like"] or "").strip().lower()
    try:
        day = date.fromisoformat((row["day"] or "").strip())
        works_like = None if like == "" else WEEKDAYS.index(like) + 1
    except ValueError:
        reason = f"day is like 2026-10-01; works_like is empty or one of {', '.join(WEEKDAYS)}"
        raise CalendarRefused(line=number, reason=reason) from None
    return CalendarDay(day, works_like, (row["label"] or "").strip())
