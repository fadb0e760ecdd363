"""Working time: thirty cases worked out by hand with a calendar on the wall, and a reckoning minute by minute."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection

from tests.factories import insert, make_jurisdiction, select_one

#: Half past eight to half past twelve, two to six, Monday to Friday: what a jurisdiction begins with.
SINCE = date(2026, 1, 1)
OFF = [date(2026, 9, day) for day in (25, 26, 27)] + [date(2026, 10, day) for day in range(1, 8)]
#: A Sunday and a Saturday.
MADE_UP = [date(2026, 9, 20), date(2026, 10, 10)]

#: Begins, hours of work, done. Shanghai, 2026: 1 September is a Tuesday, 1 October a Thursday.
CASES = [
    # One day, with its lunch.
    ("09-07 08:30", 4, "09-07 12:30"),
    ("09-07 08:30", 4.5, "09-07 14:30"),
    ("09-07 09:00", 4, "09-07 14:30"),
    ("09-07 08:30", 8, "09-07 18:00"),
    ("09-07 12:30", 1, "09-07 15:00"),
    ("09-07 13:00", 1, "09-07 15:00"),
    ("09-07 14:00", 0.25, "09-07 14:15"),
    # Nights.
    ("09-07 17:00", 4, "09-08 11:30"),
    ("09-07 20:00", 2, "09-08 10:30"),
    ("09-08 03:00", 8, "09-08 18:00"),
    ("09-08 00:00", 16, "09-09 18:00"),
    # Weekends.
    ("09-11 17:59", 1, "09-14 09:29"),
    ("09-12 10:00", 4, "09-14 12:30"),
    ("09-13 23:59", 8, "09-14 18:00"),
    ("09-11 08:30", 16, "09-14 18:00"),
    ("09-11 08:30", 40, "09-17 18:00"),
    # A Sunday that is worked, before Mid-Autumn.
    ("09-19 10:00", 4, "09-20 12:30"),
    ("09-18 17:00", 4, "09-20 11:30"),
    # Mid-Autumn, a Friday to Sunday.
    ("09-24 17:00", 4, "09-28 11:30"),
    ("09-25 09:00", 8, "09-28 18:00"),
    # Golden Week, and the Saturday that makes up for it.
    ("09-30 17:00", 4, "10-08 11:30"),
    ("09-30 18:00", 1, "10-08 09:30"),
    ("09-30 17:30", 0.5, "09-30 18:00"),
    ("09-30 08:30", 24, "10-09 18:00"),
    ("09-30 08:30", 32, "10-10 18:00"),
    ("09-30 08:30", 40, "10-12 18:00"),
    ("10-03 02:00", 4, "10-08 12:30"),
    ("10-10 12:00", 1, "10-10 14:30"),
    ("10-11 12:00", 0.25, "10-12 08:45"),
]
#: Reported, limit, paused, resumed, done: the clock stands in between.
PAUSES = [
    ("09-07 08:30", 8, "09-07 10:30", "09-08 08:30", "09-08 16:00"),  # six hours are left
    ("09-30 14:00", 8, "09-30 16:00", "10-08 14:00", "10-09 10:30"),  # six again; Golden Week in between
    ("09-07 08:30", 4, "09-07 20:00", "09-09 10:00", "09-09 10:00"),  # late already: due at once
    ("09-11 17:00", 2, "09-12 11:00", "09-13 11:00", "09-14 09:30"),  # paused over a Saturday: nothing is lost or won
]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def shanghai(connection: Connection[Any]) -> int:
    return made(connection)


def made(connection: Connection[Any], **columns: object) -> int:
    jurisdiction = make_jurisdiction(connection)
    for name, value in columns.items():
        connection.execute(f"UPDATE geoservice.jurisdiction SET {name} = %s".encode(), [value])  # noqa: S608 - our own
    days = [(day, None) for day in OFF] + [(day, 1) for day in MADE_UP]
    for day, works_like in days:
        insert(connection, "calendar_day", {"jurisdiction_id": jurisdiction, "day": day, "works_like": works_like,
                                            "label": "by decree"})  # fmt: skip
    connection.execute("SELECT geoservice.lay_out_working_time(%s, %s)", [jurisdiction, SINCE])
    return jurisdiction


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))


def done_at(connection: Connection[Any], jurisdiction: int, begins: datetime, hours: float) -> datetime | None:
    found: datetime | None = select_one(
        connection, "SELECT geoservice.work_done_at(%s, %s, %s)", jurisdiction, begins, hours * 3600
    )
    return found


def test_cases_worked_by_hand(connection: Connection[Any], shanghai: int) -> None:
    found = [(begins, hours, done_at(connection, shanghai, local(begins), hours)) for begins, hours, _ in CASES]

    assert found == [(begins, hours, local(done)) for begins, hours, done in CASES]
    assert len(CASES) + len(PAUSES) + 2 >= 30


def test_pauses_worked_by_hand(connection: Connection[Any], shanghai: int) -> None:
    for reported, limit, paused, resumed, done in PAUSES:
        due = done_at(connection, shanghai, local(reported), limit)
        left_s = select_one(connection, "SELECT geoservice.worked_s(%s, %s) - geoservice.worked_s(%s, %s)",
                            shanghai, due, shanghai, local(paused))  # fmt: skip
        again = done_at(connection, shanghai, local(resumed), left_s / 3600) if left_s > 0 else local(resumed)

        assert again == local(done), reported


def test_a_zone_whose_clocks_change(connection: Connection[Any]) -> None:
    berlin = made(connection, time_zone="Europe/Berlin")

    for begins, done in (("03-27 17:00", "03-30 11:30"), ("10-23 17:00", "10-26 11:30")):
        found = done_at(connection, berlin, local(begins, "Europe/Berlin"), 4)
        assert found == local(done, "Europe/Berlin")
    # The same begins as the world tells it: 08:30 in Berlin is 06:30 in summer.
    assert done_at(connection, berlin, datetime(2026, 9, 7, 6, 30, tzinfo=UTC), 4) == datetime(
        2026, 9, 7, 10, 30, tzinfo=UTC
    )


def minute_by_minute(begins: datetime, minutes: int) -> datetime:
    """Walk through the minutes of the calendar above until so many were worked."""
    now = begins.astimezone(ZoneInfo("Asia/Shanghai"))
    while minutes:
        works = now.date() in MADE_UP or (now.weekday() < 5 and now.date() not in OFF)
        clock = now.time()
        if works and (time(8, 30) <= clock < time(12, 30) or time(14) <= clock < time(18)):
            minutes -= 1
        now += timedelta(minutes=1)
    return now


@pytest.mark.slow
def test_any_begin_and_any_limit_equal_a_walk_through_the_minutes(connection: Connection[Any], shanghai: int) -> None:
    chance = random.Random(7)
    first = local("09-01 00:00")
    for _ in range(150):
        begins, minutes = first + timedelta(minutes=chance.randrange(60_000)), chance.randrange(1, 3_000)

        assert done_at(connection, shanghai, begins, minutes / 60) == minute_by_minute(begins, minutes), (
            begins,
            minutes,
        )


def test_a_holiday_entered_later_counts_from_then_on(connection: Connection[Any], shanghai: int) -> None:
    begins = local("10-14 17:00")
    assert done_at(connection, shanghai, begins, 2) == local("10-15 09:30")

    insert(connection, "calendar_day", {"jurisdiction_id": shanghai, "day": date(2026, 10, 15), "label": "local feast"})

    assert done_at(connection, shanghai, begins, 2) == local("10-16 09:30")


def test_beyond_the_calendar_nobody_knows(connection: Connection[Any], shanghai: int) -> None:
    assert done_at(connection, shanghai, local("09-07 08:30"), 9_999) is None
    assert done_at(connection, shanghai, datetime(2020, 1, 1, tzinfo=UTC), 8) is None


def test_hours_that_overlap_are_refused(connection: Connection[Any], shanghai: int) -> None:
    with pytest.raises(psycopg.Error, match="working_hours_do_not_overlap"):
        twice = {"jurisdiction_id": shanghai, "weekday": 1, "opens": "12:00", "closes": "13:00"}
        insert(connection, "working_hours", twice)
