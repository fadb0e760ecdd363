"""Rights that end by their time leave an entry, once, late where nobody looked, with the true time of their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from geoservice.records.audit.queries import note_ended_rights
from geoservice.records.schedule.queries import next_due
from geoservice.services.clock import JOBS, Scheduler
from layers.db.session import Database
from tests.factories import make_town
from tests.geoservice.services.audit.tampering import seal_all
from tests.waiting import PATIENCE_S, wait_until

ENDED = """
    SELECT e.what, e.touched ->> 'ids', (e.touched ->> 'ended_at')::timestamptz, e.who, e.jurisdiction_id
      FROM geoservice.audit_entry AS e WHERE e.what LIKE '%%ended' ORDER BY e.id
"""
LONG_AGO = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
Entry = tuple[str, str, datetime, str, int | None]


@pytest.fixture
def superuser(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def here(superuser: psycopg.Connection[Any]) -> int:
    return int(make_town(superuser).jurisdiction_id)


@pytest.fixture
def entries(superuser: psycopg.Connection[Any]) -> Callable[[], list[Entry]]:
    return lambda: superuser.execute(ENDED.encode()).fetchall()


def make_key(superuser: psycopg.Connection[Any], number: int, here: int | None, **more: Any) -> str:
    """Make a key that reads; what is said of it, and of its grant, is in the past."""
    key_id = f"key{number:05}"
    superuser.execute(
        "INSERT INTO geoservice.api_key (id, secret_sha256, label, expires_at, revoked_at)"
        " VALUES (%s, %s, 'x', %s, %s)",
        [key_id, bytes(32), more.get("expires_at"), more.get("revoked_at")],
    )
    superuser.execute(
        "INSERT INTO geoservice.access_grant (key_id, role, jurisdiction_id, valid_from, valid_to)"
        " VALUES (%s, 'reader', %s, '2026-01-01', %s)", [key_id, here, more.get("valid_to")]
    )  # fmt: skip
    return key_id


def note(database: Database, most: int = 100) -> int:
    with database.transaction(actor="service") as connection:
        return note_ended_rights(connection, most)


def test_each_right_that_ended_leaves_one_entry_with_its_time(
    database: Database, superuser: psycopg.Connection[Any], here: int, entries: Callable[[], list[Entry]]
) -> None:
    make_key(superuser, 1, here, valid_to=LONG_AGO)
    make_key(superuser, 2, here, expires_at=LONG_AGO + timedelta(hours=1))
    make_key(superuser, 3, here, valid_to=datetime.now(UTC) + timedelta(days=1))
    superuser.execute(
        "INSERT INTO geoservice.account (login, password_hash, must_change, created_by, expires_at)"
        " VALUES ('desk-1', '$argon2id$', true, 'test', %s)", [LONG_AGO + timedelta(hours=2)]
    )  # fmt: skip
    superuser.execute("INSERT INTO geoservice.access_grant (login, role) VALUES ('desk-1', 'reader')")
    superuser.execute(
        "INSERT INTO geoservice.login_grant (login, jurisdiction_id, valid_to) VALUES ('gis', %s, %s)",
        [here, LONG_AGO + timedelta(hours=3)],
    )

    assert note(database) == 4
    assert entries() == [
        ("access_grant_ended", '["key00001 reader"]', LONG_AGO, "service", here),
        ("api_key_ended", '["key00002"]', LONG_AGO + timedelta(hours=1), "service", here),
        ("account_ended", '["desk-1"]', LONG_AGO + timedelta(hours=2), "service", None),
        ("login_grant_ended", '["gis"]', LONG_AGO + timedelta(hours=3), "service", here),
    ]
    assert note(database) == 0
    assert len(entries()) == 4


def test_what_was_taken_back_before_ended_otherwise(
    database: Database, superuser: psycopg.Connection[Any], here: int
) -> None:
    before = LONG_AGO - timedelta(days=1)
    make_key(superuser, 1, here, valid_to=LONG_AGO, revoked_at=before)
    make_key(superuser, 2, here, expires_at=LONG_AGO, revoked_at=before)
    make_key(superuser, 3, here, valid_to=LONG_AGO)
    superuser.execute(
        "UPDATE geoservice.access_grant SET revoked_at = %s, revoked_by = 'test' WHERE key_id = 'key00003'", [before]
    )

    assert note(database) == 0


def test_another_end_is_told_again(
    database: Database, superuser: psycopg.Connection[Any], here: int, entries: Callable[[], list[Entry]]
) -> None:
    """The owner of the database may put an end off that was told, in SQL."""
    key, later = make_key(superuser, 1, here, expires_at=LONG_AGO), LONG_AGO + timedelta(days=9)
    assert note(database) == 1
    superuser.execute("UPDATE geoservice.api_key SET expires_at = %s WHERE id = %s", [later, key])

    assert note(database) == 1
    assert [entry[2] for entry in entries()] == [LONG_AGO, later]


def test_a_piece_at_a_time(database: Database, superuser: psycopg.Connection[Any], here: int) -> None:
    for number in range(5):
        make_key(superuser, number, here, expires_at=LONG_AGO)

    assert [note(database, 2) for _ in range(4)] == [2, 2, 1, 0]


def test_two_at_once_write_one_entry_each(
    database: Database, superuser: psycopg.Connection[Any], here: int, entries: Callable[[], list[Entry]]
) -> None:
    """Whatever keeps clocks from doing a job twice, the table of what was noted does so too."""
    for number in range(30):
        make_key(superuser, number, here, valid_to=LONG_AGO + timedelta(minutes=number))
    ready, noted = threading.Barrier(2), []

    def run() -> None:
        ready.wait()
        noted.append(note(database))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sum(noted) == 30
    assert len(entries()) == 30


def test_two_clocks_note_what_ended_while_nobody_looked_and_what_ends_then(
    database: Database, superuser: psycopg.Connection[Any], here: int, entries: Callable[[], list[Entry]]
) -> None:
    """As after a restart: what ended before is told late, and what ends later when it does, once each."""
    make_key(superuser, 1, here, valid_to=LONG_AGO)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    make_key(superuser, 2, here, valid_to=soon)
    jobs = [job for job in JOBS if job.name == "ended_rights"]
    for _ in range(2):  # started, stopped, and started again
        clocks = [Scheduler(database, jobs) for _ in range(2)]
        threads = [threading.Thread(target=one.run) for one in clocks]
        for one in threads:
            one.start()
        wait_until(lambda: len(entries()) == 2, "both are entered")
        for clock in clocks:
            clock.stop()
        for one in threads:
            one.join(PATIENCE_S)

    assert [(entry[1], entry[2]) for entry in entries()] == [
        ('["key00001 reader"]', LONG_AGO), ('["key00002 reader"]', soon)
    ]  # fmt: skip


def test_when_a_right_ends_is_foreseen(database: Database, superuser: psycopg.Connection[Any], here: int) -> None:
    at = datetime.now(UTC) + timedelta(hours=5)
    make_key(superuser, 1, here, valid_to=at)
    make_key(superuser, 2, here, valid_to=at + timedelta(hours=1))
    superuser.execute("UPDATE geoservice.api_key SET expires_at = 'infinity' WHERE id = 'key00002'")
    before = datetime.now(UTC)

    with database.transaction() as connection:
        ends_s = next_due(connection).ends_s

    assert ends_s is not None
    assert before <= at - timedelta(seconds=ends_s) <= datetime.now(UTC)


def test_they_are_sealed_like_others(database: Database, superuser: psycopg.Connection[Any], here: int) -> None:
    make_key(superuser, 1, here, valid_to=LONG_AGO)
    note(database)
    seal_all(database)

    sealed = superuser.execute(
        "SELECT count(*) FROM geoservice.audit_seal AS s JOIN geoservice.audit_entry AS e ON e.id = s.entry_id"
        " WHERE e.what = 'access_grant_ended'"
    ).fetchone()
    assert sealed == (1,)
