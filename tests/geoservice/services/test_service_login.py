"""The login that serves: it has what it works as and nothing else; what is more is told with what takes it away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from sqlalchemy import exc, make_url, text

from geoservice.embedded.config import SERVICE_LOGIN
from geoservice.services.openings import Opening, find_openings, of_login
from geoservice.services.service_login import MEMBERSHIPS, prepare_service_login
from layers.db.session import Database
from tests.conftest import as_service

#: Ways back to more rights, for a statement that somebody else got in.
WAYS_BACK = (
    "RESET ROLE",
    "SET ROLE NONE",
    "SET LOCAL ROLE NONE",
    "SELECT set_config('role', 'none', false)",
    "RESET ALL",
    "DISCARD ALL",
    "SET SESSION AUTHORIZATION DEFAULT",
)
#: What whoever owns the database or is a superuser can do, and nobody else.
DEEDS = (
    "ALTER TABLE geoservice.grid DISABLE TRIGGER ALL",
    "DROP TABLE geoservice.api_key",
    "CREATE TABLE geoservice.x (id int)",
    "CREATE SCHEMA x",
    "CREATE ROLE x",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET ROLE geoservice",
    "SET SESSION AUTHORIZATION geoservice",
    "SET session_replication_role = 'replica'",
)
#: PostgreSQL's own, of what keeps words in its log; and one that some set to find slow statements.
DEFAULTS = {
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_error_verbosity": "default",
    "log_parameter_max_length": -1,
    "log_min_duration_statement": 1000,
}


@pytest.mark.parametrize("way", WAYS_BACK)
def test_nothing_comes_back_when_the_role_is_reset(database: Database, way: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(way))
        who = connection.execute(text("SELECT session_user::text, current_user::text")).one()
        rights = connection.execute(
            text("SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolinherit FROM pg_roles"
                 " WHERE rolname = current_user")
        ).one()  # fmt: skip
        refused = {deed for deed in (*DEEDS, "SELECT FROM geoservice.jurisdiction") if _is_refused(connection, deed)}

    assert who[0] == SERVICE_LOGIN
    assert refused >= set(DEEDS)
    if who[1] == SERVICE_LOGIN:
        assert not any(rights)
        assert "SELECT FROM geoservice.jurisdiction" in refused, "it inherits what it works as"


def _is_refused(connection: Any, deed: str) -> bool:
    try:
        connection.execute(text(deed))
    except exc.DBAPIError as error:
        return "permission denied" in str(error) or "must be" in str(error)
    return False


def test_it_owns_nothing(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        owned = connection.execute(
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = %s::regrole AND deptype = 'o'", [SERVICE_LOGIN]
        ).fetchone()

    assert owned == (0,)


def test_nothing_stands_open_for_it(database_url: str) -> None:
    assert [one for one in find_openings(as_service(database_url)) if SERVICE_LOGIN in one.what] == []


def test_whoever_serves_as_the_owner_is_told_so(database_url: str) -> None:
    told = [one.sentence() for one in find_openings(database_url)]

    assert "GEOSERVICE_DATABASE_OWNER_URL" in told[0]


def test_a_log_that_keeps_words_is_told_and_the_lines_that_are_told_close_it(database_url: str) -> None:
    """What a PostGIS of one's own does unless told."""
    service = as_service(database_url)
    name = sql.Identifier(str(make_url(database_url).database))
    with psycopg.connect(database_url, autocommit=True) as admin:
        for setting, value in DEFAULTS.items():
            admin.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.Identifier(setting), value))
        (opening,) = [one for one in find_openings(service) if one.what.startswith("PostgreSQL's log")]
        assert all(setting in opening.what for setting in DEFAULTS)

        for statement in opening.statements:
            admin.execute(statement.encode())

    assert [one for one in find_openings(service) if one.what.startswith("PostgreSQL's log")] == []


@pytest.fixture
def spare(database_url: str) -> Iterator[str]:
    """Return the URL of a login that does not exist yet; it is removed afterwards."""
    name = f"spare_{os.getpid()}"
    yield make_url(as_service(database_url)).set(username=name, password="geheim").render_as_string(hide_password=False)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def login(url: str) -> str:
    return str(make_url(url).username)


def test_a_login_that_is_missing_is_made_with_its_password_and_memberships(database_url: str, spare: str) -> None:
    for _ in range(2):
        prepare_service_login(database_url, spare)

    with psycopg.connect(database_url) as connection:
        made = connection.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolinherit,"
            " rolcanlogin, rolpassword LIKE 'SCRAM-SHA-256$%%', rolpassword LIKE '%%geheim%%'"
            " FROM pg_authid WHERE rolname = %s", [login(spare)]
        ).fetchone()  # fmt: skip
        groups = connection.execute(
            "SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = %s::regrole", [login(spare)]
        ).fetchall()
    assert made == (False, True, True, False)
    assert [sorted(named) for (named,) in groups] == [sorted(MEMBERSHIPS)]


def test_a_login_that_is_there_keeps_what_it_has_and_what_is_too_much_is_told(database_url: str, spare: str) -> None:
    """The lines that are told close what they name."""
    name = sql.Identifier(login(spare))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB IN ROLE pg_monitor").format(name))
        prepare_service_login(database_url, spare)

        found = _openings_as(connection, login(spare))
        assert any("may make databases" in one.what for one in found)
        assert any("inherits" in one.what for one in found)
        assert any("pg_monitor" in one.what for one in found)

        for one in found:
            for statement in one.statements:
                connection.execute(statement.encode())
        assert _openings_as(connection, login(spare)) == []


def _openings_as(admin: Connection[Any], name: str) -> list[Opening]:
    """Ask in the place of a login that the socket does not let in."""
    admin.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(name)))
    try:
        return [one for one in of_login(admin) if name in one.what]
    finally:
        admin.execute("RESET SESSION AUTHORIZATION")
