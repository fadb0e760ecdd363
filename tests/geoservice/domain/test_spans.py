"""Spans of days begin and end with the days of a jurisdiction, and are compared with as much time before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from geoservice.domain.spans import Month, Span, SpanName, buckets_of, periods

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("name", "first", "last", "before_first", "before_last", "bucket"), [
    ("today", "2026-03-30", "2026-03-30", "2026-03-29", "2026-03-29", "hour"),
    ("week", "2026-03-24", "2026-03-30", "2026-03-17", "2026-03-23", "day"),
    ("thirty", "2026-03-01", "2026-03-30", "2026-01-30", "2026-02-28", "day"),
    ("month", "2026-03-01", "2026-03-30", "2026-02-01", "2026-02-28", "day"),
])  # fmt: skip
def test_a_span_by_its_name(
    name: SpanName, first: str, last: str, before_first: str, before_last: str, bucket: str
) -> None:
    span = Span.named(name, date(2026, 3, 30))
    told = [span.first, span.last, span.before.first, span.before.last]
    assert [one.isoformat() for one in told] == [first, last, before_first, before_last]
    assert span.bucket == bucket


@pytest.mark.parametrize(("month", "today", "first", "last", "before_first", "before_last"), [
    ("2026-03", "2026-05-09", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
    ("2026-11", "2026-12-01", "2026-11-01", "2026-11-30", "2026-10-01", "2026-10-31"),
    ("2026-01", "2026-01-14", "2026-01-01", "2026-01-14", "2025-12-01", "2025-12-14"),
    ("2026-03", "2026-03-31", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
    ("2026-06", "2026-05-09", "2026-06-01", "2026-06-30", "2026-05-01", "2026-05-31"),
])  # fmt: skip
def test_a_month_is_compared_with_the_one_before_as_far_as_it_has_come(
    month: str, today: str, first: str, last: str, before_first: str, before_last: str
) -> None:
    chosen = Month(date.fromisoformat(f"{month}-01"))
    span = chosen.span(date.fromisoformat(today))
    told = [span.first, span.last, span.before.first, span.before.last]
    assert [one.isoformat() for one in told] == [first, last, before_first, before_last]
    assert (chosen.name, chosen.before.after, chosen.after.before) == (month, chosen, chosen)


def test_what_is_not_over_is_compared_with_as_much_of_the_span_before() -> None:
    now = datetime(2026, 3, 30, 6, 30, tzinfo=UTC)  # 14:30 there
    period, before = periods(Span.named("week", date(2026, 3, 30)), SHANGHAI, now)
    assert (period.since, period.until) == (datetime(2026, 3, 23, 16, tzinfo=UTC), now)
    assert (before.since, before.until) == (
        datetime(2026, 3, 16, 16, tzinfo=UTC), datetime(2026, 3, 23, 6, 30, tzinfo=UTC),
    )  # fmt: skip


def test_what_is_over_is_compared_whole_and_days_may_have_23_hours() -> None:
    period, before = periods(Span(date(2026, 3, 29), date(2026, 3, 29)), BERLIN, datetime(2027, 1, 1, tzinfo=UTC))
    assert (period.until - period.since).total_seconds() == 23 * 3600
    assert (before.until - before.since).total_seconds() == 24 * 3600


def test_what_has_not_begun_is_empty() -> None:
    now = datetime(2026, 3, 30, 6, 30, tzinfo=UTC)
    period, before = periods(Span(date(2026, 5, 1), date(2026, 5, 2)), SHANGHAI, now)
    assert period.since == period.until
    assert before.since == before.until


@pytest.mark.parametrize(("first", "last", "count", "begins"), [
    (date(2026, 3, 4), date(2026, 3, 4), 24, datetime(2026, 3, 4)),
    (date(2026, 3, 4), date(2026, 3, 10), 7, datetime(2026, 3, 4)),
    (date(2026, 1, 1), date(2026, 3, 1), 9, datetime(2025, 12, 29)),
])  # fmt: skip
def test_buckets_cover_the_span(first: date, last: date, count: int, begins: datetime) -> None:
    buckets = buckets_of(Span(first, last))
    assert (len(buckets), buckets[0]) == (count, begins)
    assert buckets[-1].date() <= last
