"""Reasons say something and reports are not made in days to come: whoever writes them, in psql or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.factories import make_draft, make_incident, make_town, select_one

BLANK = (" ", "\u3000", "\u200b", "\u2060\ufeff", "...", "。。。", "\t", "\u00a0 ", "——", "\u3164", "👍")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        make_town(connection)
        yield connection


@pytest.mark.parametrize("blank", BLANK)
def test_a_blank_reason_is_none_wherever_the_database_keeps_one(connection: Connection[Any], blank: str) -> None:
    incident = make_incident(connection)
    statements = (
        "UPDATE geoservice.incident SET status = 'cancelled', step_reason = %s WHERE id = %s",
        "UPDATE geoservice.incident SET overrule_grid_code = 'a', overrule_reason = %s WHERE id = %s",
    )

    for statement in statements:
        with pytest.raises(psycopg.errors.CheckViolation, match="incident_reasons_say_something"):
            connection.execute(statement.encode(), [blank, incident["id"]])
    assert not select_one(connection, "SELECT geoservice.is_reason(%s)", blank)


def test_a_webhook_is_not_switched_off_without_words(connection: Connection[Any]) -> None:
    columns = "(jurisdiction_id, url, secret, label, topics, created_by, sent_up_to, disabled_at, disabled_reason)"
    known = select_one(connection, "SELECT id FROM geoservice.jurisdiction")

    with pytest.raises(psycopg.errors.CheckViolation, match="webhook_disabled_reason_check"):
        connection.execute(
            f"INSERT INTO geoservice.webhook {columns} VALUES"  # noqa: S608 - our own text
            " (%s, 'https://a.example/', 'whsec_a', 'a', '{}', 'a', 0, now(), '...')".encode(),
            [known],
        )


def test_of_a_reused_code_too(connection: Connection[Any]) -> None:
    edition = make_draft(connection, select_one(connection, "SELECT id FROM geoservice.jurisdiction"))

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO geoservice.reassigned_code (edition_id, code, reason) VALUES (%s, 'a', '...')", [edition]
        )


@pytest.mark.parametrize(
    "ahead", [timedelta(minutes=6), timedelta(days=1), timedelta(days=1000), timedelta(days=30000)]
)
def test_a_report_of_days_to_come_is_refused_with_a_sentence(connection: Connection[Any], ahead: timedelta) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="still to come") as refused:
        make_incident(connection, reported_at=datetime.now(UTC) + ahead)
    assert refused.value.diag.message_hint == (
        "Leave reported_at out for now, or put the clock right that it came from."
    )


@pytest.mark.parametrize("fast", [timedelta(seconds=1), timedelta(minutes=4, seconds=30)])
def test_a_clock_that_is_a_little_fast_means_now(connection: Connection[Any], fast: timedelta) -> None:
    incident = make_incident(connection, reported_at=datetime.now(UTC) + fast)

    assert incident["reported_at"] == incident["recorded_at"]
    assert incident["routed_at"] >= incident["reported_at"]
    assert incident["status"] == "reported"


def test_what_was_reported_before_keeps_its_day(connection: Connection[Any]) -> None:
    before = datetime.now(UTC) - timedelta(days=2)

    assert make_incident(connection, reported_at=before)["reported_at"] == before
