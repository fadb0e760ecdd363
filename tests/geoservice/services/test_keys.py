"""Keys get another secret while the one before is still good; that they are used is written now and then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from geoservice.auth.model import Role
from geoservice.services.keys import KeyAmbiguous, KeyService, KeyUnknown
from layers.db.session import Database
from tests.factories import make_town

WEEK, YEAR = timedelta(days=7), timedelta(days=365)
Sql = Callable[..., list[Any]]


@pytest.fixture
def sql(database_url: str) -> Sql:
    def run(statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(database_url) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    with psycopg.connect(database_url) as connection:
        make_town(connection)
    return run


@pytest.fixture
def keys(database: Database, sql: Sql) -> KeyService:
    return KeyService(database)


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


# Another secret.


def test_both_secrets_are_good_until_the_overlap_ends(keys: KeyService, sql: Sql) -> None:
    before = keys.create(Role.READER, "wall", expires_at=in_days(30))

    after, ends, until = keys.rotate("wall", overlap=WEEK, lasts=YEAR)

    assert after.split("_")[1] == before.split("_")[1]
    assert after != before
    assert keys.identify(before) == keys.identify(after) is not None
    assert ends is not None
    assert abs(ends - in_days(365)) < timedelta(minutes=5)
    assert abs(until - in_days(7)) < timedelta(minutes=5)
    sql("UPDATE geoservice.api_key SET previous_until = now()")
    assert keys.identify(before) is None
    assert keys.identify(after) is not None


def test_a_secret_that_ends_before_the_overlap_is_not_made_longer_by_it(keys: KeyService) -> None:
    keys.create(Role.READER, "wall", expires_at=in_days(2))

    _, _, until = keys.rotate("wall", overlap=WEEK, lasts=YEAR)

    [key] = keys.keys()
    assert key.previous_until == until
    assert until < in_days(3)


def test_of_three_secrets_the_first_is_void(keys: KeyService) -> None:
    first = keys.create(Role.READER, "wall")
    second, ends, _ = keys.rotate("wall", overlap=WEEK, lasts=YEAR)
    third, _, _ = keys.rotate(first.split("_")[1], overlap=WEEK, lasts=YEAR)

    assert ends is None  # as before
    assert [keys.identify(one) is not None for one in (first, second, third)] == [False, True, True]


def test_without_an_overlap_the_secret_before_ends_at_once_and_with_it_a_revoked_key(keys: KeyService) -> None:
    first = keys.create(Role.READER, "wall", expires_at=in_days(2))
    second, ends, _ = keys.rotate("wall", overlap=timedelta(0), lasts=None)
    assert keys.identify(first) is None
    assert ends is not None
    assert ends < in_days(3)  # as it was
    third, _, _ = keys.rotate("wall", overlap=WEEK, lasts=YEAR)

    keys.revoke(third.split("_")[1])

    assert [keys.identify(one) for one in (second, third)] == [None, None]


def test_which_key_is_meant_is_clear_or_asked(keys: KeyService) -> None:
    keys.create(Role.READER, "twice")
    keys.create(Role.READER, "twice")
    gone = keys.create(Role.READER, "gone", expires_at=in_days(-1)).split("_")[1]

    with pytest.raises(KeyAmbiguous):
        keys.rotate("twice", overlap=WEEK, lasts=YEAR)
    for name in ("gone", gone, "nobody", ""):
        with pytest.raises(KeyUnknown):
            keys.rotate(name, overlap=WEEK, lasts=YEAR)
    keys.rotate(keys.keys()[0].id, overlap=WEEK, lasts=YEAR)


def test_a_rotation_leaves_an_entry_without_a_secret(keys: KeyService, sql: Sql) -> None:
    keys.create(Role.READER, "wall")
    after, _, _ = keys.rotate("wall", overlap=WEEK, lasts=YEAR)

    [(touched,)] = sql("SELECT touched FROM geoservice.audit_entry WHERE what = 'api_key_changed'")
    assert touched["columns"] == ["previous_sha256", "previous_until", "secret_sha256"]
    assert after.split("_", 2)[2] not in str(touched)


# Last use.


def written(keys: KeyService) -> list[datetime | None]:
    return [one.used_at for one in keys.keys()]


def test_that_a_key_is_used_is_written_once_in_some_minutes(keys: KeyService, database: Database, sql: Sql) -> None:
    key = keys.create(Role.READER, "wall")
    assert written(keys) == [None]
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def remember(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "key_use AS u (" in statement:
            statements.append(statement)

    for _ in range(5):
        assert keys.identify(key) is not None
    assert len(statements) == 1
    [used] = written(keys)
    assert used is not None

    sql("UPDATE geoservice.key_use SET used_at = used_at - interval '6 minutes'")
    keys.identify(key)
    assert len(statements) == 2
    [again] = written(keys)
    assert again is not None
    assert again >= used


def test_a_key_that_is_none_is_not_used(keys: KeyService) -> None:
    key = keys.create(Role.READER, "wall")
    keys.identify(key[:-1] + ("A" if key[-1] != "A" else "B"))
    keys.revoke(key.split("_")[1])
    keys.identify(key)

    assert written(keys) == [None]


def test_to_be_used_changes_nothing_that_is_held_announced_or_audited(keys: KeyService, sql: Sql) -> None:
    key = keys.create(Role.READER, "wall")
    before = sql("SELECT f::text, (SELECT count(*) FROM geoservice.audit_entry) FROM geoservice.fingerprints() AS f")

    keys.identify(key)

    assert before == sql(
        "SELECT f::text, (SELECT count(*) FROM geoservice.audit_entry) FROM geoservice.fingerprints() AS f"
    )


def test_where_nothing_may_be_written_a_key_is_known_all_the_same(keys: KeyService, database: Database) -> None:
    key = keys.create(Role.READER, "wall")

    @event.listens_for(database.engine, "begin")
    def as_a_standby(connection: Any) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    assert keys.identify(key) is not None
    event.remove(database.engine, "begin", as_a_standby)
    assert written(keys) == [None]
