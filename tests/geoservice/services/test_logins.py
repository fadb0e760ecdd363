"""Logins for people: made, limited, given away and taken back; whatever else is in the cluster is left alone."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from shapely import Point
from sqlalchemy import make_url

from geoservice.auth.model import LoginRole
from geoservice.cli.advice import ADVICE
from geoservice.errors import GeoserviceError, in_words
from geoservice.services.logins import (
    LastLoginGrant,
    LoginGrantUnknown,
    LoginHasMore,
    LoginLimits,
    LoginNameRefused,
    LoginNotMadeHere,
    LoginOwnsThings,
    LoginsNotAllowed,
    LoginUnknown,
    extend_login,
    grant_login,
    login_grants,
    narrow_login,
    revoke_login,
)
from tests.factories import insert, make_building, make_draft, make_edition, make_jurisdiction, make_service

LIMITS = LoginLimits(connections=2, statement_s=30, idle_in_transaction_s=90)
ROLE = """
    SELECT r.rolpassword, r.rolsuper, r.rolconnlimit,
           ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid ORDER BY 1)
      FROM pg_authid AS r WHERE r.rolname = %s
"""


@pytest.fixture
def admin(database_url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def name(admin: Connection[Any]) -> Iterator[str]:
    """Return a name of a role that does not exist; it is gone afterwards, with what it owns."""
    name = f"anna_{os.getpid()}"
    yield name
    if admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None:
        for statement in ("REASSIGN OWNED BY {} TO CURRENT_USER", "DROP OWNED BY {}", "DROP ROLE {}"):
            admin.execute(sql.SQL(statement).format(sql.Identifier(name)))


def run(admin: Connection[Any], statement: str, name: str) -> None:
    admin.execute(sql.SQL(statement).format(sql.Identifier(name)))


def over_tcp(admin: Connection[Any], name: str, password: str) -> Connection[Any]:
    """Connect as QGIS does."""
    host = admin.info.host
    return psycopg.connect(
        host="127.0.0.1" if host.startswith("/") else host, port=admin.info.port, dbname=admin.info.dbname, user=name,
        password=password,
    )  # fmt: skip


def test_a_login_gets_in_reads_the_map_and_has_its_limits(database_url: str, admin: Connection[Any], name: str) -> None:
    password = grant_login(database_url, name, LoginRole.READER, LIMITS)

    with over_tcp(admin, name, password) as first, over_tcp(admin, name, password):
        first.execute("SELECT FROM jurisdiction")
        shown = [first.execute(f"SHOW {one}".encode()).fetchone()
                 for one in ("statement_timeout", "idle_in_transaction_session_timeout")]  # fmt: skip
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            over_tcp(admin, name, password)

    assert shown == [("30s",), ("90s",)]
    kept = admin.execute(ROLE, [name]).fetchone()
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$")
    assert password not in kept[0]


def test_repeated_it_gives_another_password_role_and_limits(
    database_url: str, admin: Connection[Any], name: str
) -> None:
    before = grant_login(database_url, name, LoginRole.READER, LIMITS)

    after = grant_login(database_url, name, LoginRole.ANALYST, LoginLimits(5, 1, 1))

    assert before != after
    found = admin.execute(ROLE, [name]).fetchone()
    assert found is not None
    assert (found[2], found[3]) == (5, ["geoservice_analyst"])
    with pytest.raises(psycopg.OperationalError, match="password"):
        over_tcp(admin, name, before)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param("CREATE ROLE {} LOGIN SUPERUSER PASSWORD 'geheim'", id="a superuser"),
        pytest.param("CREATE ROLE {} LOGIN PASSWORD 'geheim'", id="somebody else's login"),
        pytest.param("CREATE ROLE {} NOLOGIN", id="a group"),
        pytest.param("CREATE ROLE {} LOGIN PASSWORD 'geheim' IN ROLE geoservice_reader", id="one in our group"),
    ],
)
def test_a_role_that_was_not_made_here_is_left_alone(
    database_url: str, admin: Connection[Any], name: str, made: str
) -> None:
    run(admin, made, name)
    before = admin.execute(ROLE, [name]).fetchone()

    with pytest.raises(LoginNotMadeHere):
        grant_login(database_url, name, LoginRole.READER, LIMITS)
    with pytest.raises(LoginNotMadeHere):
        revoke_login(database_url, name)

    assert admin.execute(ROLE, [name]).fetchone() == before


def test_a_login_of_another_database_of_the_cluster_is_left_alone(
    database_url: str, cluster_url: str, name: str
) -> None:
    grant_login(database_url, name, LoginRole.READER, LIMITS)
    elsewhere = make_url(cluster_url).render_as_string(hide_password=False)

    with pytest.raises(LoginNotMadeHere):
        revoke_login(elsewhere, name)


def test_one_that_was_given_more_since_is_left_alone(database_url: str, admin: Connection[Any], name: str) -> None:
    grant_login(database_url, name, LoginRole.READER, LIMITS)
    run(admin, "ALTER ROLE {} CREATEDB", name)
    before = admin.execute(ROLE, [name]).fetchone()

    with pytest.raises(LoginHasMore):
        grant_login(database_url, name, LoginRole.READER, LIMITS)
    with pytest.raises(LoginHasMore):
        revoke_login(database_url, name)

    assert admin.execute(ROLE, [name]).fetchone() == before


def test_revoked_it_is_gone_and_its_sessions_are_over(database_url: str, admin: Connection[Any], name: str) -> None:
    password = grant_login(database_url, name, LoginRole.READER, LIMITS)

    with over_tcp(admin, name, password) as open_session:
        revoke_login(database_url, name)
        with pytest.raises(psycopg.OperationalError):
            open_session.execute("SELECT 1")

    assert admin.execute(ROLE, [name]).fetchone() is None
    with pytest.raises(LoginUnknown):
        revoke_login(database_url, name)


@pytest.mark.parametrize("refused", ["geoservice", "geoservice_service", "geoservice_app", "pg_monitor", "Anna", "a;b"])
def test_names_of_our_own_roles_are_refused(database_url: str, refused: str) -> None:
    with pytest.raises(LoginNameRefused):
        grant_login(database_url, refused, LoginRole.READER, LIMITS)
    with pytest.raises(LoginNameRefused):
        revoke_login(database_url, refused)


# What is advised works when it is followed.


def follow(admin: Connection[Any], error: GeoserviceError) -> None:
    """Run the statements of an advice."""
    for statement in re.findall(r"(?:COMMENT|ALTER|REASSIGN|DROP) [^;]*;", in_words(error, ADVICE) or ""):
        admin.execute(statement.encode())


def test_a_login_of_an_earlier_release_can_be_taken_in(database_url: str, admin: Connection[Any], name: str) -> None:
    run(admin, "CREATE ROLE {} LOGIN PASSWORD 'x' IN ROLE geoservice_reader", name)
    with pytest.raises(LoginNotMadeHere) as refused:
        grant_login(database_url, name, LoginRole.READER, LIMITS)

    follow(admin, refused.value)

    grant_login(database_url, name, LoginRole.READER, LIMITS)


def test_a_login_that_owns_something_can_go_after_that(database_url: str, admin: Connection[Any], name: str) -> None:
    grant_login(database_url, name, LoginRole.ANALYST, LIMITS)
    run(admin, "CREATE SCHEMA own AUTHORIZATION {}", name)
    with pytest.raises(LoginOwnsThings) as refused:
        revoke_login(database_url, name)

    follow(admin, refused.value)

    revoke_login(database_url, name)


def test_an_owner_that_may_not_make_roles_is_told_so(database_url: str, admin: Connection[Any], name: str) -> None:
    """The owner is a login that came over TCP: the socket lets in nobody but ours."""
    owner = f"owner_{os.getpid()}"
    run(admin, "CREATE ROLE {} LOGIN PASSWORD 'geheim'", owner)
    url = make_url(database_url)
    host = admin.info.host
    theirs = url.set(
        username=owner, password="geheim", host="127.0.0.1" if host.startswith("/") else host, port=admin.info.port,
        query={},
    ).render_as_string(hide_password=False)  # fmt: skip
    try:
        with pytest.raises(LoginsNotAllowed) as refused:
            grant_login(theirs, name, LoginRole.READER, LIMITS)
        follow(admin, refused.value)
        for group in ("geoservice_reader", "geoservice_analyst"):
            admin.execute(sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(*map(sql.Identifier, (group, owner))))
        # This one owns nothing here; an owner does.
        run(admin, "GRANT ALL ON geoservice.login_grant TO {}", owner)
        run(admin, "GRANT USAGE ON SCHEMA geoservice TO {}", owner)

        grant_login(theirs, name, LoginRole.READER, LIMITS)
        revoke_login(theirs, name)
    finally:
        for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
            run(admin, statement, owner)


def test_a_login_works_in_two_jurisdictions_as_different_roles(
    database_url: str, admin: Connection[Any], name: str
) -> None:  # fmt: skip
    """Where it is a reader it reads what readers do, and no more because it is an analyst elsewhere."""
    with psycopg.connect(database_url) as connection:
        places = {code: make_jurisdiction(connection, code=code) for code in ("edits", "reads", "other")}
        for place in places.values():
            make_service(connection, place)
            insert(connection, "incident", {"service_code": "light", "jurisdiction_id": place, "geom": HERE})
        connection.execute("UPDATE geoservice.jurisdiction SET visitors = 'closed'")
    password = grant_login(database_url, name, LoginRole.ANALYST, LIMITS, jurisdiction="edits")
    extend_login(database_url, name, LoginRole.READER, jurisdiction="reads")
    seen = "SELECT array_agg(DISTINCT j.code ORDER BY j.code) FROM geoservice.{} AS t JOIN geoservice.jurisdiction AS j"
    draft = "INSERT INTO geoservice.edition (jurisdiction_id, title) VALUES (%s, 'mine')"

    with over_tcp(admin, name, password) as connection:
        assert codes(connection, "SELECT array_agg(code ORDER BY code) FROM geoservice.jurisdiction") == [
            "edits", "reads",
        ]  # fmt: skip
        for table in ("incident", "served_incident"):
            assert codes(connection, f"{seen.format(table)} ON j.id = t.jurisdiction_id") == ["edits"], table
        connection.execute(draft.encode(), [places["edits"]])
        for place in ("reads", "other"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(draft.encode(), [places[place]])

    extend_login(database_url, name, LoginRole.ANALYST, jurisdiction="reads", valid_to=datetime(2020, 1, 1, tzinfo=UTC))
    with over_tcp(admin, name, password) as connection:  # that was over before it began
        assert codes(connection, f"{seen.format('incident')} ON j.id = t.jurisdiction_id") == ["edits"]

    narrow_login(database_url, name, LoginRole.ANALYST, jurisdiction="edits")
    with over_tcp(admin, name, password) as connection:
        assert codes(connection, "SELECT array_agg(code) FROM geoservice.jurisdiction") == ["reads"]
    assert {(one.role, one.jurisdiction) for one in login_grants(database_url) if one.login == name} == {
        ("reader", "reads"), ("analyst", "reads"),
    }  # fmt: skip
    with pytest.raises(LoginGrantUnknown):
        narrow_login(database_url, name, LoginRole.ANALYST, jurisdiction="edits")
    narrow_login(database_url, name, LoginRole.ANALYST, jurisdiction="reads")
    with pytest.raises(LastLoginGrant):
        narrow_login(database_url, name, LoginRole.READER, jurisdiction="reads")


#: What an analyst of `edits`, whose id is `{0}`, tries in `reads`, whose id is `{1}`: there he reads.
WRITES = (
    "INSERT INTO building (jurisdiction_id, code, geom) SELECT {1}, 'mine', geom FROM building WHERE code = 'edits'",
    "UPDATE building SET floors = 3 WHERE code = 'reads'",
    "DELETE FROM building WHERE code = 'reads'",
    "UPDATE building SET recorded_at = '2000-01-01' WHERE code = 'reads'",
    "UPDATE building SET grid_code = 'A' WHERE code = 'reads'",
    "UPDATE building SET change_id = (SELECT max(id) FROM change) WHERE code = 'reads'",
    "UPDATE building SET id = DEFAULT WHERE code = 'reads'",
    "UPDATE building SET jurisdiction_id = {1} WHERE code = 'edits'",
    "UPDATE building SET jurisdiction_id = {0} WHERE code = 'reads'",
    "INSERT INTO edition (jurisdiction_id, title) VALUES ({1}, 'mine')",
    "INSERT INTO incident (jurisdiction_id, service_code, source, geom)"
    " SELECT {1}, 'light', 'patrol', st_pointonsurface(geom) FROM building WHERE code = 'reads'",
    "INSERT INTO draft_grid (edition_id, code, geom) SELECT e.id, 'mine', b.geom FROM building AS b, drawn AS e"
    " WHERE b.code = 'reads' AND e.jurisdiction_id = {1}",
    "UPDATE draft_grid SET name = 'mine' WHERE edition_id = (SELECT id FROM drawn WHERE jurisdiction_id = {1})",
    "DELETE FROM grid WHERE edition_id = (SELECT id FROM drawn WHERE jurisdiction_id = {1})",
)
#: What he says of himself to be more.
CLAIMS = (
    "SELECT 1", "SET geoservice.jurisdictions = '{{{0},{1}}}'", "SET geoservice.told = 'households drafts sensitive'",
    "SET geoservice.post = '{1}'", "SET geoservice.actor = 'admin:root'",
)  # fmt: skip


def test_a_login_writes_nothing_where_it_reads(database_url: str, admin: Connection[Any], name: str) -> None:
    """Neither by moving what is its own there or what is not here, nor whatever it says of itself."""
    with psycopg.connect(database_url) as connection:
        places = {code: make_jurisdiction(connection, code=code) for code in ("edits", "reads")}
        for code, place in places.items():
            make_edition(connection, place)
            make_service(connection, place)
            make_building(connection, place, code=code)
            make_draft(connection, place)
        connection.execute("CREATE VIEW geoservice.drawn AS SELECT * FROM geoservice.edition WHERE status = 'draft'")
        connection.execute("GRANT SELECT ON geoservice.drawn TO geoservice_analyst")
    password = grant_login(database_url, name, LoginRole.ANALYST, LIMITS, jurisdiction="edits")
    extend_login(database_url, name, LoginRole.READER, jurisdiction="reads")
    ids = tuple(places.values())

    def stands() -> list[Any]:
        state = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM geoservice.{} AS t"
        tables = ("building", "edition", "incident", "grid")
        return [admin.execute(state.format(table).encode()).fetchone() for table in tables]

    before = stands()
    with over_tcp(admin, name, password) as connection:
        for claim, statement in itertools.product(CLAIMS, WRITES):
            with contextlib.suppress(psycopg.errors.DatabaseError), connection.transaction():
                connection.execute(claim.format(*ids).encode())
                connection.execute(statement.format(*ids).encode())
            assert stands() == before, (claim, statement)
        for role in ("several", "within", "everywhere", "app"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"SET ROLE geoservice_{role}".encode())
        connection.execute(WRITES[1].replace("reads", "edits").encode())
    assert stands() != before  # where he edits, he does


HERE = Point(91.75, 29.25)


def codes(connection: Connection[Any], query: str) -> list[str] | None:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]
