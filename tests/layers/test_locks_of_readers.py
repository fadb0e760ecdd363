"""Nothing that a reader may call makes a writer wait: he tries every way, keeps what he got, and a report comes in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from geoservice.services.openings import find_openings
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls
from tests.analysts import OpenTown, open_town
from tests.conftest import as_service
from tests.factories import make_building, make_incident, publish, select_one, validate

ADVISORY = """
    SELECT p.proname, p.pronargs, array_to_string(p.proargtypes::regtype[], ',') FROM pg_proc AS p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname LIKE '%advisory%' ORDER BY 1, 3
"""
RELATIONS = """
    SELECT c.relname FROM pg_class AS c
     WHERE c.relnamespace = 'geoservice'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY 1
"""
FUNCTIONS_THAT_WAIT = """
    SELECT p.proname FROM pg_proc AS p
     WHERE p.pronamespace = 'geoservice'::regnamespace
       AND p.prosrc ~* 'advisory|lock_jurisdiction|lock_drawing|LOCK TABLE|FOR (KEY |NO KEY )?(SHARE|UPDATE)'
       AND has_function_privilege(%s, p.oid, 'EXECUTE')
"""
MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)  # fmt: skip
#: Commands that want a table for themselves. Some wait for it before they are refused.
COMMANDS = (
    "CREATE TRIGGER t BEFORE INSERT ON geoservice.incident EXECUTE FUNCTION tsvector_update_trigger()",
    "CREATE RULE r AS ON INSERT TO geoservice.incident DO INSTEAD NOTHING",
    "CREATE TEMP TABLE own (id uuid REFERENCES geoservice.incident)",
    "CREATE TEMP TABLE own () INHERITS (geoservice.incident)",
    "CREATE INDEX ON geoservice.incident (id)",
    "CREATE STATISTICS s ON id, geom FROM geoservice.incident",
    "CREATE POLICY p ON geoservice.incident",
    "ALTER TABLE geoservice.incident DISABLE TRIGGER ALL",
    "DROP TRIGGER route ON geoservice.incident",
    "DROP TABLE geoservice.incident",
    "TRUNCATE geoservice.incident",
    "REINDEX TABLE geoservice.incident",
    "CLUSTER geoservice.incident",
    "ANALYZE geoservice.incident",
    "COMMENT ON TABLE geoservice.incident IS 'x'",
    "GRANT SELECT ON geoservice.incident TO PUBLIC",
)
ROW_LOCKS = ("FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR UPDATE")
#: Whoever reads holds the weakest lock there is on what he reads; writers do not wait for it.
HELD = """
    SELECT DISTINCT l.locktype || ' ' || coalesce(l.relation::regclass::text, '') || ' ' || l.mode FROM pg_locks AS l
     WHERE l.pid = %s AND l.locktype NOT IN ('virtualxid', 'transactionid') AND l.mode <> 'AccessShareLock'
"""


@pytest.fixture(scope="module")
def town(cluster_url: str, template: str) -> Iterator[OpenTown]:
    with open_town(cluster_url, template) as town:
        prepare_database(DatabaseUrls(as_service(town.url), town.url))
        yield town


def attempts(admin: Connection[Any], town: OpenTown) -> list[sql.Composable]:
    """Return every statement by which a lock could be taken."""
    key = select_one(admin, "SELECT geoservice.publish_lock()")
    pair = f"{key}, {town.jurisdiction_id}"
    arguments = {"": "", "bigint": str(key << 32 | town.jurisdiction_id), "integer,integer": pair}
    advisory = [
        sql.SQL("SELECT pg_catalog.{}(%s)" % arguments[types]).format(sql.Identifier(name))  # noqa: UP031
        for name, _, types in admin.execute(ADVISORY).fetchall()
    ]
    assert len(advisory) == 21
    relations = [sql.Identifier("geoservice", name) for (name,) in admin.execute(RELATIONS).fetchall()]
    assert len(relations) > 40
    return [
        *advisory,
        *(sql.SQL(f"LOCK TABLE {{}} IN {mode} MODE NOWAIT").format(one) for one in relations for mode in MODES),
        *(sql.SQL(f"SELECT FROM {{}} {lock} NOWAIT").format(one) for one in relations for lock in ROW_LOCKS),
        sql.SQL("SELECT geoservice.lock_jurisdiction_shared(1)"),
        sql.SQL("SELECT geoservice.lock_jurisdiction_exclusive(1)"),
        sql.SQL("SELECT geoservice.lock_drawing(1)"),
        sql.SQL("SELECT geoservice.close_locks()"),
        sql.SQL("SELECT geoservice.wait_for_publications(now())"),
        sql.SQL("SELECT geoservice.publish_edition(1)"),
        *map(sql.SQL, COMMANDS),
    ]


def try_all(reader: Connection[Any], statements: list[sql.Composable]) -> None:
    """Run each, and keep what it got: only what was refused is taken back."""
    for statement in statements:
        reader.execute("SAVEPOINT before")
        try:
            reader.execute(statement)
        except psycopg.Error:
            reader.execute("ROLLBACK TO before")


def test_a_reader_tries_every_way_and_a_report_comes_in(town: OpenTown) -> None:
    with psycopg.connect(town.url) as admin, town.as_login(town.reader) as reader:
        try_all(reader, attempts(admin, town))

        held = [one for (one,) in admin.execute(HELD, [reader.info.backend_pid]).fetchall()]
        with psycopg.connect(
            as_service(town.url), options="-c role=geoservice_everywhere -c lock_timeout=3s"
        ) as service:
            report = make_incident(service)
            make_building(service, town.jurisdiction_id)
        with psycopg.connect(town.url, options="-c lock_timeout=3s") as publisher:
            validate(publisher, town.draft)
            publish(publisher, town.draft)
            publisher.rollback()

    assert report["grid_code"] is not None
    assert held == []


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_of_a_reader_waits_before_it_is_refused(town: OpenTown, command: str) -> None:
    """While one writes for minutes, who waits for the table keeps all others out."""
    with psycopg.connect(town.url) as writer, town.as_login(town.reader) as reader:
        make_incident(writer)
        reader.execute("SET lock_timeout = '300ms'")
        try:
            reader.execute(command.encode())
        except psycopg.Error as error:
            waited = isinstance(error, psycopg.errors.LockNotAvailable)
        else:
            waited = False  # ANALYZE leaves out what is not one's own, with a warning
        writer.rollback()

    assert not waited


def test_the_only_function_of_a_reader_that_takes_a_lock_gives_it_back_at_once(town: OpenTown) -> None:
    with psycopg.connect(town.url) as admin:
        found = admin.execute(FUNCTIONS_THAT_WAIT, [town.reader]).fetchall()

    assert found == [("wait_for_publications",)]


def test_neither_the_service_nor_an_analyst_takes_one_by_himself(town: OpenTown) -> None:
    for group in ("geoservice_app", "geoservice_analyst"):
        with (
            psycopg.connect(town.url, options=f"-c role={group}") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT pg_advisory_xact_lock(1)")


def test_where_they_are_open_it_is_told_with_what_closes_them(database_url: str) -> None:
    service = as_service(database_url)
    prepare_database(DatabaseUrls(service, database_url))
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")
        (opening,) = [one for one in find_openings(service) if "wait" in one.what]
        for statement in opening.statements:
            admin.execute(statement.encode())
        assert [one for one in find_openings(service) if "wait" in one.what] == []

        admin.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")  # as a restore may
    prepare_database(DatabaseUrls(service, database_url))

    assert [one for one in find_openings(service) if "wait" in one.what] == []
