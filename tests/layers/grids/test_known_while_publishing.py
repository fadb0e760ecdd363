"""What was known at an instant is told when no publication can change it any more, and is told again so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from layers.crs import Position
from layers.db.session import Database
from layers.errors import RefusedByDatabase, TookTooLong
from layers.grids.knowledge import known_since
from layers.grids.ownership import owner_of
from layers.grids.territory import grid_shape, grids_in_force
from tests.factories import Town, make_town, select_one
from tests.places import CENTRE
from tests.publishing import publish_turned

CENTRE_POSITION = Position(CENTRE.lon, CENTRE.lat)
A_MOMENT_S = 0.2


@pytest.fixture
def town(database_url: str) -> Town:
    with psycopg.connect(database_url) as connection:
        return make_town(connection)


@pytest.fixture
def publisher(database_url: str, town: Town) -> Iterator[Connection[Any]]:
    """Return a connection on which an edition was laid out that is not committed."""
    with psycopg.connect(database_url) as connection:
        publish_turned(connection, town.jurisdiction_id)
        yield connection


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.connect(database_url, pool_size=4)
    yield database
    database.close()


def clock(url: str) -> datetime:
    with psycopg.connect(url) as connection:
        now: datetime = select_one(connection, "SELECT clock_timestamp()")
    return now


def owner(database: Database, at: datetime, known_at: datetime) -> str | None:
    with database.transaction() as connection:
        return owner_of(connection, CENTRE_POSITION, at=at, known_at=known_at).grid_code


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(10)
    assert not thread.is_alive()


def test_an_answer_between_laying_out_and_commit_waits_and_stays(
    database_url: str, database: Database, publisher: Connection[Any]
) -> None:
    now = clock(database_url)
    told: list[str | None] = []

    with meanwhile(lambda: told.append(owner(database, now, now))) as asking:
        asking.join(A_MOMENT_S)
        waited = not told
        publisher.commit()

    assert waited
    assert told == [owner(database, now, now)]
    assert told[0] is not None
    assert "~" in told[0], "it is the edition that became known before"


def test_a_publication_that_fails_lets_the_answer_be_as_it_was(
    database_url: str, database: Database, publisher: Connection[Any]
) -> None:
    now = clock(database_url)
    told: list[str | None] = []

    with meanwhile(lambda: told.append(owner(database, now, now))):
        publisher.rollback()

    assert told[0] is not None
    assert "~" not in told[0]
    assert told == [owner(database, now, now)]


def test_a_publication_becomes_known_after_whoever_asks_at_that_moment(
    database_url: str, database: Database, town: Town
) -> None:
    def publish() -> None:
        with psycopg.connect(database_url) as connection:
            publish_turned(connection, town.jurisdiction_id)

    with database.transaction() as connection:
        now = clock(database_url)
        told = owner_of(connection, CENTRE_POSITION, at=now, known_at=now).grid_code
        publishing = threading.Thread(target=publish)
        publishing.start()
        publishing.join(A_MOMENT_S)
        assert publishing.is_alive()
        later = clock(database_url)
    publishing.join(10)

    assert told == owner(database, now, now)
    assert owner(database, now, later) == told, "it was not known while somebody asked"
    assert owner(database, later, clock(database_url)) != told


def test_who_asks_of_another_jurisdiction_does_not_wait(
    database_url: str, database: Database, publisher: Connection[Any]
) -> None:
    with psycopg.connect(database_url) as connection:
        other = select_one(connection, "SELECT max(id) + 1 FROM geoservice.jurisdiction")
    now = clock(database_url)

    with database.transaction(timeout_s=A_MOMENT_S) as connection_:
        assert owner_of(connection_, CENTRE_POSITION, at=now, known_at=now, jurisdiction_id=other).grid_code is None


def test_who_asks_what_is_known_now_does_not_wait(database: Database, publisher: Connection[Any], town: Town) -> None:
    with database.transaction(timeout_s=A_MOMENT_S) as connection:
        assert owner_of(connection, CENTRE_POSITION).grid_code is not None
        assert known_since(connection, town.jurisdiction_id) is not None


def test_nobody_waits_longer_than_a_statement_may_take(
    database_url: str, database: Database, publisher: Connection[Any]
) -> None:
    now = clock(database_url)

    with pytest.raises(TookTooLong), database.transaction(timeout_s=A_MOMENT_S) as connection:
        owner_of(connection, CENTRE_POSITION, at=now, known_at=now)


def test_what_will_be_known_is_not_known_yet(database_url: str, database: Database, town: Town) -> None:
    to_come = clock(database_url) + timedelta(minutes=1)
    code = str(select_code(database, town))

    for ask in (
        lambda one: owner_of(one, CENTRE_POSITION, known_at=to_come),
        lambda one: grids_in_force(one, jurisdiction_id=town.jurisdiction_id, known_at=to_come),
        lambda one: grid_shape(one, jurisdiction_id=town.jurisdiction_id, code=code, known_at=to_come),
    ):
        with pytest.raises(RefusedByDatabase, match="is not known here yet"), database.transaction() as connection:
            ask(connection)


def select_code(database: Database, town: Town) -> str:
    with database.transaction() as connection:
        return grids_in_force(connection, jurisdiction_id=town.jurisdiction_id)[0].code


def test_since_when_something_is_known_is_its_last_publication(
    database_url: str, database: Database, town: Town
) -> None:
    def known() -> datetime:
        with database.transaction() as connection:
            found = known_since(connection, town.jurisdiction_id)
        assert found is not None
        return found

    first, before = known(), clock(database_url)
    with psycopg.connect(database_url) as connection:
        publish_turned(connection, town.jurisdiction_id)

    assert first < before < known()
    assert owner(database, before, first) == owner(database, before, before)
    assert owner(database, before, known()) == owner(database, before, clock(database_url))
