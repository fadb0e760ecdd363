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
    #: Whether it is compared with the same days of the month before, and not with the days just before it.
    by_month: bool = False

    @classmethod
    def named(cls, name: SpanName, today: date) -> Span:
        """Return a span that ends today."""
        if name == "month":
            return cls(today.replace(day=1), today, by_month=True)
        days = {"today": 1, "week": 7, "thirty": 30}[name]
        return cls(today - timedelta(days=days - 1), today)

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Span:
        """Return as many days before it: those just before, or those of the month before, as far as that goes."""
        if not self.by_month:
            return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))
        first = (self.first - timedelta(days=1)).replace(day=1)
        longest = calendar.monthrange(first.year, first.month)[1]
        return Span(first, first.replace(day=min(self.last.day, longest)))

    @property
    def bucket(self) -> Bucket:
        """Return by what it is told over time."""
        return "hour" if self.days == 1 else "day" if self.days <= _DAYS_APART else "week"

    def period(self, zone: ZoneInfo) -> Period:
        """Return its instants, whole days."""
        return Period(_midnight(self.first, zone), _midnight(self.last + timedelta(days=1), zone))


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
