"""The clock of an incident: it runs in working time, stands while somebody else is asked, and is found late once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests import places
from tests.factories import Town, insert, make_incident, make_town, select_one
from tests.layers.incidents.test_lifecycle import change, staff

ALL_WEEK = """
    INSERT INTO geoservice.working_hours (jurisdiction_id, weekday, opens, closes)
    SELECT %s, weekday, '00:00', '24:00' FROM generate_series(1, 7) AS weekday
"""
LIMIT = timedelta(hours=4)
LATE = "SELECT rule, reason FROM geoservice.incident_event WHERE rule = 'overdue'"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def town(connection: Connection[Any]) -> Town:
    """A town that never sleeps, so that working time is the clock's; lights are mended within four hours."""
    town = make_town(connection)
    connection.execute("DELETE FROM geoservice.working_hours")
    connection.execute(ALL_WEEK, [town.jurisdiction_id])
    connection.execute("UPDATE geoservice.service SET limit_working_hours = 4")
    staff(connection, town, "G1", "B")
    return town


def reported(connection: Connection[Any], ago: timedelta = timedelta()) -> dict[str, Any]:
    return make_incident(connection, reported_at=datetime.now(UTC) - ago)


def test_a_report_is_expected_to_be_resolved_within_its_limit(connection: Connection[Any], town: Town) -> None:
    incident = reported(connection)

    assert incident["expected_at"] == incident["reported_at"] + LIMIT
    resolved = change(connection, change(connection, incident, status="accepted"), status="resolved")
    assert resolved["expected_at"] == incident["expected_at"]


def test_a_service_without_a_limit_expects_nothing(connection: Connection[Any], town: Town) -> None:
    insert(connection, "service", {"jurisdiction_id": town.jurisdiction_id, "code": "lost", "name": "Lost and found"})

    assert make_incident(connection, service_code="lost")["expected_at"] is None


def test_the_clock_stands_while_it_is_returned(connection: Connection[Any], town: Town) -> None:
    incident = reported(connection, ago=timedelta(hours=3))
    before = datetime.now(UTC)
    back = change(connection, incident, status="returned", step_reason="not ours")
    left, after = timedelta(seconds=back["work_left_s"]), datetime.now(UTC)
    assert back["expected_at"] is None
    assert before <= incident["expected_at"] - left <= after
    connection.execute("SELECT pg_sleep(0.2)")

    before = datetime.now(UTC)
    again = change(connection, back, status="dispatched", assigned_officer_code="G1", step_reason=None)

    assert before + left <= again["expected_at"] <= datetime.now(UTC) + left
    assert again["expected_at"] > incident["expected_at"] + timedelta(seconds=0.2)
    assert again["work_left_s"] is None


def test_the_clock_stands_while_the_reporter_is_asked(connection: Connection[Any], town: Town) -> None:
    incident = reported(connection, ago=timedelta(hours=2))
    before = datetime.now(UTC)
    asked = change(connection, incident, waiting_since=datetime.now(UTC), step_reason="Which floor?")
    assert (asked["expected_at"], asked["step_rule"]) == (None, "asked")
    connection.execute("SELECT pg_sleep(0.2)")

    answered = change(connection, asked, waiting_since=None, step_reason="The third")

    stood_at_most = datetime.now(UTC) - before
    assert timedelta(seconds=0.2) <= answered["expected_at"] - incident["expected_at"] <= stood_at_most


def test_what_is_late_is_found_once(connection: Connection[Any], town: Town) -> None:
    late, in_time = reported(connection, ago=timedelta(hours=5)), reported(connection)

    assert [select_one(connection, "SELECT geoservice.mark_overdue()") for _ in range(2)] == [1, 0]

    found = dict(connection.execute("SELECT id, overdue_at IS NOT NULL FROM geoservice.incident").fetchall())
    assert found == {late["id"]: True, in_time["id"]: False}
    change(connection, change(connection, late, status="returned", step_reason="not ours"),
           status="dispatched", assigned_officer_code="G1")  # fmt: skip
    assert select_one(connection, "SELECT geoservice.mark_overdue()") == 0
    assert connection.execute(LATE).fetchall() == [("overdue", None)]


def test_nobody_makes_late_what_is_in_time(connection: Connection[Any], town: Town) -> None:
    incident = reported(connection)

    assert change(connection, incident, overdue_at=datetime.now(UTC))["overdue_at"] is None
    assert change(connection, incident, expected_at=datetime.now(UTC))["expected_at"] == incident["expected_at"]


def test_reopened_the_clock_begins_anew(connection: Connection[Any], town: Town) -> None:
    ago = [datetime.now(UTC) - timedelta(days=days) for days in (2, 1)]
    closed = make_incident(connection, places.CENTRE, reported_at=ago[0], status="closed", closed_at=ago[1])

    before = datetime.now(UTC)
    again = change(connection, closed, status="dispatched", step_reason="it is dark again")

    assert before + LIMIT <= again["expected_at"] <= datetime.now(UTC) + LIMIT
