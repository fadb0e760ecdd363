"""Holidays and make-up days as the General Office of the State Council set them on 4 November 2025."""

from __future__ import annotations

from datetime import date, timedelta

from geoservice.records.calendars.model import CalendarDay

_MONDAY = 1
#: First and last day off.
_OFF_2026 = (
    ("元旦", date(2026, 1, 1), date(2026, 1, 3)),
    ("春节", date(2026, 2, 15), date(2026, 2, 23)),
    ("清明节", date(2026, 4, 4), date(2026, 4, 6)),
    ("劳动节", date(2026, 5, 1), date(2026, 5, 5)),
    ("端午节", date(2026, 6, 19), date(2026, 6, 21)),
    ("中秋节", date(2026, 9, 25), date(2026, 9, 27)),
    ("国庆节", date(2026, 10, 1), date(2026, 10, 7)),
)
_MADE_UP_2026 = (
    date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
)  # fmt: skip


def holidays() -> tuple[CalendarDay, ...]:
    """Return the days of 2026 that are not as their weekday."""
    off = [
        CalendarDay(first + timedelta(days=number), None, label)
        for label, first, last in _OFF_2026
        for number in range((last - first).days + 1)
    ]
    return tuple(
        sorted([*off, *(CalendarDay(day, _MONDAY, "调休上班") for day in _MADE_UP_2026)], key=lambda one: one.day)
    )
