"""What the roles that are handed out can not do: change what is in force, forge history, or act as the owner."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from sqlalchemy import make_url

from tests import places
from tests.conftest import clone_database
from tests.factories import (
    make_building,
    make_camera,
    make_draft,
    make_household,
    make_incident,
    make_organisation,
    make_town,
    select_one,
)

GROUPS = ("geoservice_reader", "geoservice_analyst", "geoservice_everywhere")
#: A table of the town that a role may read or not; its rows are what must not change.
STATE = """
    SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
        SELECT e::text AS line FROM geoservice.edition AS e WHERE status <> 'draft'
        UNION ALL SELECT g::text FROM geoservice.grid AS g
                    JOIN geoservice.edition AS e ON e.id = g.edition_id WHERE e.status <> 'draft'
        UNION ALL SELECT t::text FROM geoservice.territory AS t
        UNION ALL SELECT h::text FROM geoservice.incident_event AS h) AS lines
"""
REFUSED = (
    "permission denied|must be owner|must be superuser|must have admin option"
    "|only a draft can be edited|can not be changed|can not be removed"
    "|only ever added|was not validated|begins as a draft|is partitioned by a published edition|only roles with"
    "|can only insert|can not move to another|only a draft can be previewed"
)
ATTACKS = {
    "grid: change": "UPDATE geoservice.grid SET code = 'x' WHERE edition_id = 1 AND code = 'a'",
    "grid: move": "UPDATE geoservice.grid SET edition_id = 2 WHERE edition_id = 1",
    "grid: move in": "UPDATE geoservice.grid SET edition_id = 1 WHERE edition_id = 2",
    "grid: add": "INSERT INTO geoservice.grid (edition_id, code, name, geom)"
                 " SELECT 1, 'x', 'x', geom FROM geoservice.grid LIMIT 1",
    "grid: upsert": "INSERT INTO geoservice.grid (edition_id, code, name, geom)"
                    " SELECT 1, code, 'x', geom FROM geoservice.grid"
                    " ON CONFLICT (edition_id, code) DO UPDATE SET name = 'x'",
    "grid: merge": "MERGE INTO geoservice.grid AS g USING (VALUES (1)) AS v (e) ON g.edition_id = v.e"
                   " WHEN MATCHED THEN DELETE",
    "grid: remove": "DELETE FROM geoservice.grid WHERE edition_id = 1",
    "grid: truncate": "TRUNCATE geoservice.grid CASCADE",
    "grid: copy": "COPY geoservice.grid (edition_id, code, name, geom) FROM PROGRAM 'true'",
    "edition: withdraw": "UPDATE geoservice.edition SET status = 'withdrawn' WHERE id = 1",
    "edition: back to draft": "UPDATE geoservice.edition SET status = 'draft' WHERE id = 1",
    "edition: period": "UPDATE geoservice.edition SET valid_from = '2000-01-01' WHERE id = 1",
    "edition: title": "UPDATE geoservice.edition SET title = 'x' WHERE id = 1",
    "edition: publish by hand": "UPDATE geoservice.edition SET status = 'published', valid_from = '2000-01-01',"
                                " valid_to = '2001-01-01', published_at = now() WHERE id = 2",
    "edition: born published": "INSERT INTO geoservice.edition (jurisdiction_id, title, status, valid_from,"
                               " published_at) VALUES (1, 'x', 'published', '2000-01-01', now())",
    "edition: remove": "DELETE FROM geoservice.edition WHERE id = 1",
    "edition: truncate": "TRUNCATE geoservice.edition CASCADE",
    "territory: change": "UPDATE geoservice.territory SET code = 'x'",
    "territory: add": "INSERT INTO geoservice.territory OVERRIDING SYSTEM VALUE SELECT * FROM geoservice.territory",
    "territory: remove": "DELETE FROM geoservice.territory",
    "territory: truncate": "TRUNCATE geoservice.territory",
    "territory: lock": "LOCK TABLE geoservice.territory IN ACCESS EXCLUSIVE MODE",
    "outline: change": "UPDATE geoservice.jurisdiction SET outline = st_multi(st_buffer(outline, 1))",
    "jurisdiction: remove": "DELETE FROM geoservice.jurisdiction",
    "history: change": "UPDATE geoservice.incident_event SET actor = 'x'",
    "history: add": "INSERT INTO geoservice.incident_event (incident_id, actor, rule, to_status)"
                    " VALUES (gen_random_uuid(), 'x', 'x', 'x')",
    "history: remove": "DELETE FROM geoservice.incident_event",
    "history: truncate": "TRUNCATE geoservice.incident_event",
    "incident: remove": "DELETE FROM geoservice.incident",
    "incident: truncate": "TRUNCATE geoservice.incident",
    "trigger: disable": "ALTER TABLE geoservice.grid DISABLE TRIGGER ALL",
    "trigger: disable one": "ALTER TABLE geoservice.incident DISABLE TRIGGER route",
    "trigger: drop": "DROP TRIGGER guard ON geoservice.grid",
    "trigger: add": "CREATE TRIGGER aaa BEFORE INSERT ON geoservice.grid FOR EACH ROW"
                    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "rule: add": "CREATE RULE lost AS ON INSERT TO geoservice.incident DO INSTEAD NOTHING",
    "policy: add": "ALTER TABLE geoservice.grid ENABLE ROW LEVEL SECURITY",
    "replica": "SET session_replication_role = 'replica'",
    "replica for a function": "ALTER FUNCTION geoservice.owner_of SET session_replication_role = 'replica'",
    "publish": "SELECT geoservice.publish_edition(2)",
    "apply_edition": "SELECT geoservice.apply_edition(2, now(), now())",
    "apply_moves": "SELECT geoservice.apply_moves(1, ARRAY[]::geoservice.move[], now())",
    "dry_run_publish": "SELECT geoservice.dry_run_publish(1, '2000-01-01')",
    "lineage: write": "SELECT geoservice.write_lineage(1, NULL)",
    "period: change": "UPDATE geoservice.edition_period SET valid = tstzrange('2000-01-01', NULL)",
    "function: replace": "CREATE OR REPLACE FUNCTION geoservice.is_code(code text) RETURNS boolean"
                         " LANGUAGE sql IMMUTABLE RETURN true",
    "function: add": "CREATE FUNCTION geoservice.st_covers(geometry, geometry) RETURNS boolean"
                     " LANGUAGE sql IMMUTABLE RETURN true",
    "function: add in public": "CREATE FUNCTION public.is_code(text) RETURNS boolean LANGUAGE sql RETURN true",
    "operator: add": "CREATE OPERATOR geoservice.@> (LEFTARG = tstzrange, RIGHTARG = timestamptz,"
                     " FUNCTION = range_contains_elem)",
    "type: add": "CREATE DOMAIN geoservice.text AS pg_catalog.text",
    "table: add": "CREATE TABLE geoservice.x (id int)",
    "schema: add": "CREATE SCHEMA evil",
    "check: drop": "ALTER TABLE geoservice.incident DROP CONSTRAINT incident_geom_check",
    "owner: take": "ALTER TABLE geoservice.grid OWNER TO current_user",
    "role: take": "GRANT geoservice_everywhere TO current_user WITH ADMIN OPTION",
    "sequence: turn back": "SELECT setval('geoservice.edition_id_seq', 1)",
    "file: read": "SELECT pg_read_file('/etc/passwd')",
    "program: run": "COPY (SELECT 1) TO PROGRAM 'true'",
}  # fmt: skip


@dataclass(frozen=True)
class Fortress:
    """A database with a town in force and something in every layer, and logins in each group."""

    url: str
    logins: dict[str, str]
    password: str

    @contextmanager
    def as_login(self, group: str) -> Iterator[Connection[Any]]:
        """Connect as a login of a group, as QGIS would; roll back at the end."""
        url = make_url(self.url)
        host = str(url.query.get("host", url.host))
        address = "127.0.0.1" if host.startswith("/") else host
        with psycopg.connect(
            host=address, port=url.query.get("port", url.port), dbname=url.database, user=self.logins[group],
            password=self.password,
        ) as connection:  # fmt: skip
            yield connection
            connection.rollback()

    @contextmanager
    def as_role(self, group: str) -> Iterator[Connection[Any]]:
        """Connect as the service does: a login with more rights that has taken a group's role."""
        with psycopg.connect(self.url, options=f"-c role={group}") as connection:
            yield connection
            connection.rollback()

    def state(self) -> str:
        """Return a fingerprint of everything in force and of all history."""
        with psycopg.connect(self.url) as connection:
            return str(select_one(connection, STATE))


@pytest.fixture(scope="module")
def fortress(cluster_url: str, template: str) -> Iterator[Fortress]:
    database = f"geoservice_fortress_{os.getpid()}"
    url = make_url(cluster_url).set(database=database).render_as_string(hide_password=False)
    logins = {group: f"{group}_{os.getpid()}" for group in GROUPS}
    password = secrets.token_hex()
    with psycopg.connect(cluster_url, autocommit=True) as admin:
        clone_database(admin, database, template)
        for group, login in logins.items():
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
            admin.execute(create.format(sql.Identifier(login), sql.Literal(password), sql.Identifier(group)))
        with psycopg.connect(url) as connection:
            fill(connection)
            for login in (*logins.values(), connection.info.user):
                connection.execute("INSERT INTO geoservice.login_grant (login) VALUES (%s)", [login])
        yield Fortress(url, logins, password)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
        for login in logins.values():
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))


def fill(connection: Connection[Any]) -> None:
    town = make_town(connection)
    make_draft(connection, town.jurisdiction_id, {"whole": places.OUTLINE})
    make_building(connection, town.jurisdiction_id)
    make_household(connection, town.jurisdiction_id)
    make_camera(connection, town.jurisdiction_id)
    make_organisation(connection, town.jurisdiction_id)
    make_incident(connection)


@pytest.mark.parametrize("way", [Fortress.as_login, Fortress.as_role], ids=["login", "set role"])
@pytest.mark.parametrize("group", GROUPS)
def test_no_role_changes_what_is_in_force(fortress: Fortress, way: Callable[..., Any], group: str) -> None:
    before = fortress.state()

    with way(fortress, group) as connection:
        answers = {attack: said(connection, statement) for attack, statement in ATTACKS.items()}

    assert {attack: answer for attack, answer in answers.items() if not re.search(REFUSED, answer)} == {}
    assert fortress.state() == before


def said(connection: Connection[Any], statement: str) -> str:
    """Run a statement, commit what it did, and return how it was refused; empty when it was not."""
    try:
        connection.execute(statement.encode())
        connection.commit()
    except psycopg.Error as error:
        connection.rollback()
        return str(error)
    return ""


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("role", ["geoservice", "postgres", "pg_execute_server_program"])
def test_no_login_takes_a_role_with_more_rights(fortress: Fortress, group: str, role: str) -> None:
    with (
        fortress.as_login(group) as connection,
        pytest.raises(psycopg.Error, match=r"denied|not exist"),
    ):
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize("group", GROUPS)
def test_no_role_owns_anything(fortress: Fortress, group: str) -> None:
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = %s::regrole AND deptype = 'o'"

    with psycopg.connect(fortress.url) as connection:
        assert select_one(connection, owned, group) == 0


def test_readers_and_analysts_see_no_household_key_or_history(fortress: Fortress) -> None:
    for group in ("geoservice_reader", "geoservice_analyst"):
        for table in ("household", "api_key", "incident_event", "staff"):
            with fortress.as_login(group) as connection, pytest.raises(psycopg.Error, match="permission denied"):
                connection.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier("geoservice", table)))


# Names that are looked up: whoever can place a name before ours would act as the owner, or bend the rule.

FUNCTIONS = """
    SELECT p.oid::regprocedure::text, p.prosecdef, p.prorettype = 'trigger'::regtype,
           coalesce(array_to_string(p.proconfig, ';'), '')
      FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = 'geoservice'
"""


def test_every_function_with_the_owners_rights_looks_into_pg_temp_last(connection: Connection[Any]) -> None:
    """Unless named, pg_temp comes first for tables and types: anybody could lay a type `text` there."""
    found = connection.execute(FUNCTIONS.encode()).fetchall()

    open_functions = {name for name, definer, _, path in found
                      if definer and not re.search(r"search_path=[^;]*pg_temp\"?$", path)}  # fmt: skip

    assert open_functions == set()


def test_nobody_may_put_our_trigger_functions_on_a_table_of_his_own(connection: Connection[Any]) -> None:
    for group in GROUPS:
        executable = {
            name for name, definer, is_trigger, _ in connection.execute(FUNCTIONS.encode()).fetchall()
            if definer and is_trigger
            and select_one(connection, "SELECT has_function_privilege(%s, %s, 'EXECUTE')", group, name)
        }  # fmt: skip
        assert executable == set()


@pytest.mark.parametrize("group", GROUPS)
def test_a_trigger_on_an_own_table_can_not_end_an_edition(fortress: Fortress, group: str) -> None:
    with fortress.as_login(group) as connection:
        connection.execute("CREATE TEMP TABLE e (id bigint, jurisdiction_id int, status text, valid_from timestamptz,"
                           " valid_to timestamptz)")  # fmt: skip
        with pytest.raises(psycopg.Error, match="permission denied"):
            connection.execute("CREATE TRIGGER t AFTER UPDATE ON e FOR EACH ROW"
                               " EXECUTE FUNCTION geoservice.publish_territory()")  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_a_trigger_on_an_own_table_can_not_forge_history(fortress: Fortress, group: str) -> None:
    with fortress.as_login(group) as connection:
        connection.execute("CREATE TEMP TABLE a (id uuid, status text, grid_code text, method text, edition_id bigint,"
                           " overrule_reason text)")  # fmt: skip
        with pytest.raises(psycopg.Error, match="permission denied"):
            connection.execute("CREATE TRIGGER t AFTER INSERT ON a REFERENCING NEW TABLE AS arrivals FOR EACH STATEMENT"
                               " EXECUTE FUNCTION geoservice.record_arrivals()")  # fmt: skip


EVIL = """
    CREATE FUNCTION pg_temp.evil(x pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'evil ran as %', current_user; END $$
"""


@pytest.mark.parametrize("group", ["geoservice_analyst", "geoservice_everywhere"])
def test_a_type_laid_before_ours_runs_nothing_as_the_owner(fortress: Fortress, group: str) -> None:
    with fortress.as_login(group) as connection:
        connection.execute(EVIL)
        connection.execute("CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_temp.evil(VALUE))")

        connection.execute("UPDATE geoservice.grid SET name = 'y' WHERE edition_id = 2")


def test_a_view_laid_before_a_catalogue_runs_nothing_as_the_owner(fortress: Fortress) -> None:
    with fortress.as_login("geoservice_everywhere") as connection:
        connection.execute(EVIL)
        connection.execute("CREATE TEMP VIEW pg_timezone_names AS SELECT pg_temp.evil('x')::text AS name")

        connection.execute("UPDATE geoservice.jurisdiction SET time_zone = 'Asia/Urumqi'")


#: Tables named as ours in the temporary schema, which is searched first unless a path says otherwise.
SHADOWS = ("jurisdiction", "edition", "grid", "territory", "finding", "building", "household", "posting", "incident",
           "incident_event", "arrivals", "service")  # fmt: skip


@pytest.mark.parametrize("group", ["geoservice_analyst", "geoservice_everywhere"])
@pytest.mark.parametrize(
    "path", ["pg_temp, geoservice, public", "pg_temp, public", "public, pg_temp", "pg_catalog, public"]
)
def test_tables_laid_before_ours_change_no_answer(fortress: Fortress, group: str, path: str) -> None:
    with fortress.as_login(group) as connection:
        for table in SHADOWS:
            connection.execute(sql.SQL("CREATE TEMP TABLE {} (id int)").format(sql.Identifier(table)))
        connection.execute(f"SET search_path = {path}".encode())

        assert make_incident(connection, places.IN_HOLE, returning="grid_code")["grid_code"] == "网"
        assert make_building(connection, 1, code="b2")["grid_code"] == "B"


@pytest.fixture
def own_schema(fortress: Fortress) -> Iterator[str]:
    """Return a schema in which the analyst may create, as people who work in QGIS often have."""
    with psycopg.connect(fortress.url, autocommit=True) as admin:
        login = sql.Identifier(fortress.logins["geoservice_analyst"])
        admin.execute(sql.SQL("CREATE SCHEMA own AUTHORIZATION {}").format(login))
        yield "own"
        admin.execute("DROP SCHEMA own CASCADE")


def deny(operator: str, left: str, right: str) -> str:
    """Return SQL that makes an operator answer no to everything in the schema own."""
    return (
        f"CREATE FUNCTION own.no({left}, {right}) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN false;"
        f" CREATE OPERATOR own.{operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = own.no)"
    )


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(
            deny("@>", "tstzrange", "timestamptz"),
            id="@>",
        ),
        pytest.param(
            deny("=", "integer", "integer"),
            id="=",
        ),
        pytest.param(
            "CREATE FUNCTION own.st_covers(geometry, geometry) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN false",
            id="st_covers",
        ),
        pytest.param("CREATE TABLE own.territory (LIKE geoservice.territory)", id="territory"),
    ],
)  # fmt: skip
def test_names_in_an_own_schema_do_not_bend_the_rule(fortress: Fortress, own_schema: str, before: str) -> None:
    with fortress.as_login("geoservice_analyst") as connection:
        connection.execute(before.encode())
        connection.execute("SET search_path = own, public, pg_catalog")

        assert make_incident(connection, places.IN_HOLE, returning="grid_code", jurisdiction_id=1)["grid_code"] == "网"


@pytest.mark.parametrize("path", ["''", "pg_catalog", "own"])
def test_an_incident_can_be_changed_whatever_the_search_path(fortress: Fortress, path: str) -> None:
    with fortress.as_login("geoservice_everywhere") as connection:
        connection.execute(f"SET search_path = {path}".encode())

        connection.execute("UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'a mistake'")


def test_a_refusal_is_a_sentence_whatever_the_search_path(fortress: Fortress) -> None:
    with fortress.as_login("geoservice_analyst") as connection:
        connection.execute("SET search_path = ''")

        with pytest.raises(psycopg.Error, match="not on the earth"):
            connection.execute("INSERT INTO geoservice.incident (service_code, geom)"
                               " VALUES ('light', public.st_setsrid(public.st_makepoint(500, 0), 4326))")  # fmt: skip


def test_an_analyst_can_not_sign_history_with_another_name(fortress: Fortress) -> None:
    with fortress.as_login("geoservice_analyst") as connection:
        connection.execute("SET geoservice.actor = 'the mayor'")
        incident = make_incident(connection, returning="id")

        with psycopg.connect(fortress.url) as admin:
            connection.commit()
            signed = select_one(
                admin, "SELECT actor FROM geoservice.incident_event WHERE incident_id = %s", incident["id"]
            )

    assert signed == fortress.logins["geoservice_analyst"]


def test_a_reader_can_not_keep_others_from_publishing(fortress: Fortress) -> None:
    with fortress.as_login("geoservice_reader") as reader, fortress.as_role("geoservice_everywhere") as publisher:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT pg_advisory_lock(hashtext('geoservice.publish'), 1)")
        publisher.execute("SET lock_timeout = '200ms'")

        with pytest.raises(psycopg.Error, match="was not validated"):
            publisher.execute("SELECT geoservice.publish_edition(2)")
