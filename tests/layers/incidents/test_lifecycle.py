"""Every pair of statuses through the back door: the database lets pass what the table says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from geoservice.domain.lifecycle.table import STEPS, Field, Status
from tests import places
from tests.factories import Town, insert, make_incident, make_town, select_one

#: Status pairs that the table allows. Reassigning stays within a status and is looked at by itself.
PAIRS = {
    (start, end)
    for step in STEPS
    for start in step.starts
    if (end := step.ends_from(start)) is not None and start is not end
}
NEEDING_A_REASON = {
    (start, step.ends) for step in STEPS if step.ends and Field.REASON in step.needs for start in step.starts
}
LINES = "SELECT rule, from_status, to_status, reason, officer_code FROM geoservice.incident_event ORDER BY id"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def town(connection: Connection[Any]) -> Town:
    town = make_town(connection)
    staff(connection, town, "G1", "B")
    staff(connection, town, "G2", "a")
    return town


def staff(connection: Connection[Any], town: Town, code: str, grid: str, role: str = "grid_officer") -> None:
    who = {"jurisdiction_id": town.jurisdiction_id, "code": code, "call_sign": code, "role": "grid_officer"}
    insert(connection, "staff", who)
    insert(connection, "posting", {"jurisdiction_id": town.jurisdiction_id, "staff_code": code, "grid_code": grid,
                                   "role": role, "valid_from": "2020-01-01"})  # fmt: skip


def in_status(connection: Connection[Any], town: Town, status: Status) -> dict[str, Any]:
    """Return an incident that is in a status: one with officers, but for the queue, where nobody is."""
    place = places.IN_HOLE if status is Status.REPORTED else places.CENTRE
    columns: dict[str, object] = {"status": status.value}
    if status is Status.CLOSED:
        columns["closed_at"] = datetime.now(UTC) - timedelta(hours=1)
    if status is Status.DUPLICATE:
        columns["duplicate_of"] = make_incident(connection)["id"]
    return make_incident(connection, place, **columns)


def change(connection: Connection[Any], incident: dict[str, Any], **columns: object) -> dict[str, Any]:
    sets = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"UPDATE geoservice.incident SET {sets} WHERE id = %s RETURNING *".encode(),  # noqa: S608 - our own
                       (*columns.values(), incident["id"]))  # fmt: skip
        row = cursor.fetchone()
    assert row is not None
    return row


def resolved(connection: Connection[Any]) -> dict[str, Any]:
    return change(connection, change(connection, make_incident(connection), status="accepted"), status="resolved")


def what_it_takes(connection: Connection[Any], end: Status) -> dict[str, object]:
    more: dict[str, object] = {"step_reason": "as told"}
    if end is Status.DISPATCHED:
        more["assigned_officer_code"] = "G2"
    if end is Status.DUPLICATE:
        more["duplicate_of"] = make_incident(connection)["id"]
    return more


def test_the_database_keeps_the_table_of_the_domain(connection: Connection[Any]) -> None:
    kept = set(
        connection.execute("SELECT rule, from_status, to_status, needs_reason FROM geoservice.lifecycle").fetchall()
    )

    assert kept == {
        (step.rule, start.value, (step.ends_from(start) or start).value, Field.REASON in step.needs)
        for step in STEPS if step.ends is not None for start in step.starts
    }  # fmt: skip


def test_a_status_follows_another_where_the_table_says_so(connection: Connection[Any], town: Town) -> None:
    pairs = [(start, end) for start in Status for end in Status if start is not end]
    assert set(pairs) > PAIRS
    for start, end in pairs:
        incident = in_status(connection, town, start)
        assert incident["status"] == start
        if (start, end) in PAIRS:
            changed = change(connection, incident, status=end.value, **what_it_takes(connection, end))

            assert changed["status"] == end
            assert (changed["closed_at"] is not None) == (end is Status.CLOSED)
            assert changed["status_since"] > incident["status_since"]
        else:
            with pytest.raises(psycopg.Error, match=f"that is {start} can not become {end}") as refused:
                change(connection, incident, status=end.value, **what_it_takes(connection, end))
            assert refused.value.sqlstate == "GS411"


def test_no_reason_no_step(connection: Connection[Any], town: Town) -> None:
    assert len(NEEDING_A_REASON) >= 9
    for start, end in sorted(NEEDING_A_REASON):
        incident = in_status(connection, town, start)

        with pytest.raises(psycopg.Error, match="needs a reason"):
            change(connection, incident, status=end.value, **what_it_takes(connection, end) | {"step_reason": None})


def test_a_report_is_dispatched_to_the_officer_posted_there_by_the_statement_that_stores_it(
    connection: Connection[Any], town: Town
) -> None:
    incident = make_incident(connection)

    assert (incident["status"], incident["officer_code"]) == ("dispatched", "G1")
    assert connection.execute(LINES).fetchall() == [("reported", None, "dispatched", None, "G1")]


def test_where_nobody_is_posted_a_report_waits_in_the_queue(connection: Connection[Any], town: Town) -> None:
    incident = make_incident(connection, places.IN_HOLE)

    assert (incident["status"], incident["officer_code"], incident["grid_code"]) == ("reported", None, "网")


def test_a_deputy_has_it_where_there_is_no_grid_officer(connection: Connection[Any], town: Town) -> None:
    staff(connection, town, "D1", "网", role="deputy")

    assert make_incident(connection, places.IN_HOLE)["officer_code"] == "D1"


def test_moving_the_pin_gives_an_accepted_incident_to_the_officer_there(
    connection: Connection[Any], town: Town
) -> None:
    incident = change(connection, make_incident(connection), status="accepted")

    moved = change(connection, incident, geom=places.BESIDE_HOLE.wkt)

    assert (moved["status"], moved["officer_code"], moved["grid_code"]) == ("dispatched", "G2", "a")


def test_moving_the_pin_to_where_nobody_is_posted_puts_it_in_the_queue(connection: Connection[Any], town: Town) -> None:
    incident = change(connection, make_incident(connection), status="accepted")

    moved = change(connection, incident, geom=places.IN_HOLE.wkt)

    assert (moved["status"], moved["officer_code"], moved["grid_code"]) == ("reported", None, "网")


def test_whom_a_person_named_keeps_it_while_the_grid_is_the_same(connection: Connection[Any], town: Town) -> None:
    named = change(connection, make_incident(connection), assigned_officer_code="G2", step_reason="knows the house")
    assert (named["officer_code"], named["step_rule"]) == ("G2", "reassigned")

    nearby = change(connection, named, geom=places.Place("in B too", *places.lonlat(2, 6), "B").wkt)
    assert nearby["officer_code"] == "G2"
    far = change(connection, named, geom=places.IN_HOLE.wkt)
    assert (far["officer_code"], far["assigned_officer_code"]) == (None, None)


def test_nobody_can_be_named_who_is_not_of_the_staff(connection: Connection[Any], town: Town) -> None:
    with pytest.raises(psycopg.Error, match="incident_assigned_to_staff"):
        change(connection, make_incident(connection), assigned_officer_code="X9", step_reason="a slip")


def test_one_rating_counts_and_closes_what_is_resolved(connection: Connection[Any], town: Town) -> None:
    rated = change(connection, resolved(connection), status="closed", rating=4, step_rule="rated")
    assert (rated["status"], rated["rating"], rated["step_rule"]) == ("closed", 4, "rated")
    for again in (5, None):
        with pytest.raises(psycopg.Error, match="rated already"):
            change(connection, rated, rating=again)


def test_what_was_verified_can_be_rated_within_seven_days(connection: Connection[Any], town: Town) -> None:
    now = datetime.now(UTC)
    young = make_incident(connection, status="closed", closed_at=now - timedelta(days=6))
    old = make_incident(connection, status="closed", closed_at=now - timedelta(days=8))

    assert change(connection, young, rating=3)["step_rule"] == "rated"
    for columns in ({"rating": 3}, {"status": "dispatched", "step_reason": "again"}):
        with pytest.raises(psycopg.Error, match="more than 7 days ago"):
            change(connection, old, **columns)


def test_reopened_it_goes_to_whoever_is_posted_now_without_its_rating(connection: Connection[Any], town: Town) -> None:
    closed = make_incident(connection, status="closed", closed_at=datetime.now(UTC), rating=1)
    connection.execute("DELETE FROM geoservice.posting WHERE staff_code = 'G1'")
    staff(connection, town, "G3", "B")

    again = change(connection, closed, status="dispatched", step_reason="not done")

    assert (again["status"], again["officer_code"], again["rating"], again["closed_at"]) == (
        "dispatched",
        "G3",
        None,
        None,
    )


def test_nothing_is_merged_into_a_duplicate_or_into_itself(connection: Connection[Any], town: Town) -> None:
    first, second, third = (make_incident(connection) for _ in range(3))
    merged = change(connection, second, status="duplicate", duplicate_of=first["id"])

    for incident, into in ((third, merged), (first, merged), (third, third)):
        with pytest.raises(psycopg.Error, match=r"must be one|into itself"):
            change(connection, incident, status="duplicate", duplicate_of=into["id"])


def test_what_was_resolved_a_week_ago_lapses(connection: Connection[Any], town: Town) -> None:
    old, young = (resolved(connection) for _ in range(2))
    connection.execute("ALTER TABLE geoservice.incident DISABLE TRIGGER USER")
    change(connection, old, status_since=datetime.now(UTC) - timedelta(days=7, minutes=1))
    connection.execute("ALTER TABLE geoservice.incident ENABLE TRIGGER USER")

    assert [select_one(connection, "SELECT geoservice.lapse_due()") for _ in range(2)] == [1, 0]
    found = dict(connection.execute("SELECT id, status FROM geoservice.incident").fetchall())
    assert (found[old["id"]], found[young["id"]]) == ("closed", "resolved")
    assert connection.execute(LINES).fetchall()[-1][:3] == ("lapsed", "resolved", "closed")
