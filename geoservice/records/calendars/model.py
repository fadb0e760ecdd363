"""Working hours and days out of the ordinary, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True)
class WorkingHours:
    """Work on a day of the week, local time."""

    #: ISO 8601: 1 is Monday.
    weekday: int
    opens: time
    #: None: the end of the day.
    closes: time | None


@dataclass(frozen=True)
class CalendarDay:
    """A day that is not as its weekday."""

    day: date
    #: The weekday whose hours it has; None: nobody works.
    works_like: int | None
    label: str
