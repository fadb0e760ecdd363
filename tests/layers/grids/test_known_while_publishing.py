"""What was known at an instant is told when no publication can change it any more, and is told again so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from sqlalchemy import text

from layers.crs import Position
from layers.db.session import Database
from layers.errors import RefusedByDatabase, TookTooLong
from layers.grids.knowledge import known_since
from layers.grids.ownership import owner_of
from layers.grids.territory import grid_shape, grids_in_force
from tests.factories import Town, make_draft, make_jurisdiction, make_town, publish, select_one, validate
from tests.places import CENTRE
from tests.publishing import publish_turned, wait_for_locks

#: Every row of the territory of one jurisdiction waits for a lock of the test.
SLOW_LAYING_OUT = """
    CREATE FUNCTION public.wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock(1); RETURN new; END $$;
    CREATE TRIGGER wait_here BEFORE INSERT ON geoservice.territory FOR EACH ROW WHEN (new.jurisdiction_id = %s)
        EXECUTE FUNCTION public.wait_here()
"""
ADVISORY_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
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


def publish_town_anew(url: str, town: Town) -> None:
    with psycopg.connect(url) as connection:
        publish_turned(connection, town.jurisdiction_id)


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


def test_a_publication_becomes_known_after_whoever_asked_and_does_not_wait_for_him(
    database_url: str, database: Database, town: Town
) -> None:
    with database.transaction() as connection:
        now = clock(database_url)
        told = owner_of(connection, CENTRE_POSITION, at=now, known_at=now).grid_code
        with psycopg.connect(database_url) as publisher:
            publish_turned(publisher, town.jurisdiction_id)
        again = owner_of(connection, CENTRE_POSITION, at=now, known_at=now).grid_code

    assert told == again == owner(database, now, now)
    later = clock(database_url)
    assert owner(database, later, later) != told


def test_who_asks_holds_no_lock_however_many_jurisdictions_there_are(database_url: str, database: Database) -> None:
    with psycopg.connect(database_url) as connection:
        for number in range(5):
            make_jurisdiction(connection, code=f"t{number}")
    now = clock(database_url)

    with database.transaction() as asking:
        owner_of(asking, CENTRE_POSITION, at=now, known_at=now)
        held = asking.execute(text(ADVISORY_LOCKS)).scalar_one()

    assert held == 0


def test_where_jurisdictions_overlap_none_becomes_known_after_another_with_an_earlier_instant(
    database_url: str, database: Database, town: Town
) -> None:
    with psycopg.connect(database_url) as connection:
        before = make_jurisdiction(connection, code="a town")
        draft = make_draft(connection, before)
        validate(connection, draft)
        connection.execute((SLOW_LAYING_OUT % before).encode())

    def publish_slowly() -> None:
        with psycopg.connect(database_url) as slow:
            publish(slow, draft)

    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(1)")
        with meanwhile(publish_slowly), ThreadPoolExecutor(1) as pool:
            wait_for_locks(database_url, 1)
            other = pool.submit(publish_town_anew, database_url, town)
            wait([other], A_MOMENT_S)
            now = clock(database_url)
            with database.transaction(one_view=True) as connection_:
                told = owner_of(connection_, CENTRE_POSITION, at=now)
                assert told.jurisdiction_id is not None
                known = known_since(connection_, told.jurisdiction_id)
            assert known is not None
            holder.rollback()

    assert owner(database, now, known) == told.grid_code


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
        return grids_in_force(connection, jurisdiction_id=town.jurisdiction_id)[0]["code"]


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
