"""Spans of whole days, as the days of a jurisdiction go, each with the same span before it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

SpanName = Literal["today", "week", "thirty", "month"]
#: How spans are grouped that are told over time: as date_trunc of PostgreSQL has it, weeks from Monday on (ISO 8601).
Bucket = Literal["hour", "day", "week"]
#: With what a span is compared: the days just before it, the same days of the month before, or all of that month.
Compared = Literal["days", "same_days", "month"]
#: The longest: two years.
MOST_DAYS = 731
#: Days that are told one by one; more are told by weeks.
_DAYS_APART = 31


@dataclass(frozen=True)
class Period:
    """From an instant to before another; UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Span:
    """Some days, one after the other."""

    first: date
    last: date
    compared: Compared = "days"

    @classmethod
    def named(cls, name: SpanName, today: date) -> Span:
        """Return a span that ends today."""
        if name == "month":
            return cls(today.replace(day=1), today, "same_days")
        days = {"today": 1, "week": 7, "thirty": 30}[name]
        return cls(today - timedelta(days=days - 1), today)

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Span:
        """Return what it is compared with; of the month before as many days as that has."""
        if self.compared == "days":
            return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))
        whole = Month.of(self.first - timedelta(days=1)).whole
        if self.compared == "month":
            return Span(whole.first, whole.last)
        return Span(whole.first, min(whole.last, whole.first + timedelta(days=self.last.day - 1)))

    @property
    def bucket(self) -> Bucket:
        """Return by what it is told over time."""
        return "hour" if self.days == 1 else "day" if self.days <= _DAYS_APART else "week"

    def period(self, zone: ZoneInfo) -> Period:
        """Return its instants, whole days."""
        return Period(_midnight(self.first, zone), _midnight(self.last + timedelta(days=1), zone))


@dataclass(frozen=True, order=True)
class Month:
    """A month of the calendar."""

    first: date

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month of a day."""
        return cls(day.replace(day=1))

    @property
    def before(self) -> Month:
        """Return the month before it."""
        return Month.of(self.first - timedelta(days=1))

    @property
    def after(self) -> Month:
        """Return the month after it."""
        return Month.of(self.first + timedelta(days=31))

    @property
    def name(self) -> str:
        """Return how addresses call it, as in 2026-11."""
        return f"{self.first:%Y-%m}"

    @property
    def whole(self) -> Span:
        """Return all its days, which are compared with all of the month before."""
        longest = calendar.monthrange(self.first.year, self.first.month)[1]
        return Span(self.first, self.first.replace(day=longest), "month")

    def span(self, today: date) -> Span:
        """Return its days as far as they have come; those of a month that is over, or to come, are all."""
        return Span.named("month", today) if Month.of(today) == self else self.whole


def periods(span: Span, zone: ZoneInfo, now: datetime) -> tuple[Period, Period]:
    """Return the instants of a span as far as they are past, and those of the span before up to the same time of day.

    So a day that is half over is compared with half a day.
    """
    whole, before = span.period(zone), span.before.period(zone)
    if now >= whole.until:
        return whole, before
    there = now.astimezone(zone)
    days_back = span.last - span.before.last
    same_time = datetime.combine(there.date() - days_back, there.timetz().replace(tzinfo=None), zone).astimezone(UTC)
    until = max(now, whole.since)
    return Period(whole.since, until), Period(before.since, min(max(same_time, before.since), before.until))


def buckets_of(span: Span) -> tuple[datetime, ...]:
    """Return where each hour, day or week of a span begins, by the clocks there, without a zone."""
    first = datetime.combine(span.first, time())
    if span.bucket == "hour":
        return tuple(first + timedelta(hours=hour) for hour in range(24))
    if span.bucket == "day":
        return tuple(first + timedelta(days=day) for day in range(span.days))
    monday = first - timedelta(days=first.weekday())
    return tuple(monday + timedelta(weeks=week) for week in range((span.last - monday.date()).days // 7 + 1))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
