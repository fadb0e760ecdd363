"""Whoever works in one jurisdiction is nobody known in another one: at every operation, by guards and by rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import make_url, text

from geoservice.auth.model import Identity, LoginRole, Role
from geoservice.auth.permissions import may
from geoservice.services.incidents import NewReport
from geoservice.services.logins import LoginLimits, grant_login, revoke_login
from geoservice.web import guard
from layers.crs import declared_position
from layers.db.scope import EVERYWHERE, NOTHING, VISITOR, Scope, of_officer, of_reporter, within
from layers.db.session import Database
from tests.conftest import DatabaseMaker
from tests.depth import depths
from tests.factories import insert, make_town
from tests.geoservice.api import draft_calls
from tests.geoservice.api.good_calls import OPERATIONS, Operation, call, every_operation, permission_of
from tests.geoservice.web.door import Door, open_door

CANARY = "canary 三号楼"
ROLES = [role for role in Role if role is not Role.PUBLIC]
#: What does not show another jurisdiction's is refused in one of these ways.
SHUT = {401, 403, 404}
#: Roles that an operation meets in the everyday run, and in the proof.
FEW, ALL = 3, 7


@dataclass(frozen=True)
class Walls:
    """The demo community behind a door, and the keys of another town."""

    door: Door
    url: str
    #: Of the other town, by role.
    keys: dict[Role, str]
    #: Ids of the community and of the other town.
    here: int
    there: int


@pytest.fixture(scope="module")
def walls(cluster_url: str, community_template: str) -> Iterator[Walls]:
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(community_template)
    with psycopg.connect(url) as connection:
        town = make_town(connection).jurisdiction_id
        insert(connection, "staff", {"jurisdiction_id": town, "code": "G1", "call_sign": "G1", "role": "grid_officer"})
        posting = {"staff_code": "G1", "grid_code": "B", "role": "grid_officer", "valid_from": "2020-01-01"}
        insert(connection, "posting", {"jurisdiction_id": town} | posting)
        here = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'").fetchone()
    with open_door(url) as door:
        _mark(door)
        _fill(url, here[0])
        keys = {
            role: door.services.keys.create(
                role, "other town", jurisdiction="town", staff=("town", "G1") if role is Role.OFFICER else None
            )
            for role in ROLES
        }
        yield Walls(door, url, keys, here[0], town)
    maker.drop_all()


def _mark(door: Door) -> None:
    """Have whatever tells of the community's matters tell a word that is known again."""
    known = door.existing
    report = NewReport(known["service_code"], declared_position(known["lon"], known["lat"]), "patrol", CANARY)
    door.services.incidents.report(report, identity=Identity(Role.DISPATCHER))
    door.services.webhooks.add(
        "http://127.0.0.1:9/canary", topics={}, actor="test", label=CANARY, jurisdiction_code="sare"
    )
    draft_calls.ready(door)


def _fill(url: str, here: int) -> None:
    """Have every table that has row policies hold a row of the community."""
    draft = "(SELECT max(e.id) FROM geoservice.edition AS e WHERE e.jurisdiction_id = %(here)s AND e.status = 'draft')"
    statements = (
        """INSERT INTO geoservice.visit (jurisdiction_id, building_code, staff_code, kind, outcome, at)
           SELECT b.jurisdiction_id, b.code, 'G03', 'patrol', 'done', date_trunc('minute', now() - interval '1 hour')
             FROM geoservice.building AS b WHERE b.jurisdiction_id = %(here)s LIMIT 1""",
        """UPDATE geoservice.household SET age_18_59 = age_18_59 + 1 WHERE id =
           (SELECT h.id FROM geoservice.household AS h WHERE h.jurisdiction_id = %(here)s LIMIT 1)""",
        """INSERT INTO geoservice.delivery (webhook_id, number, type, body)
           SELECT w.id, 1, 'test', 'body' FROM geoservice.webhook AS w WHERE w.jurisdiction_id = %(here)s""",
        """INSERT INTO geoservice.retention_run (jurisdiction_id, kind, removed, oldest)
           VALUES (%(here)s, 'words', 1, now() - interval '1 year')""",
        """INSERT INTO geoservice.erasure (incident_id, jurisdiction_id, because)
           VALUES (gen_random_uuid(), %(here)s, 'request')""",
        """INSERT INTO geoservice.account (login, password_hash, must_change, created_by)
           VALUES ('canary', '$argon2id$', true, 'test')""",
        """INSERT INTO geoservice.access_grant (login, role, jurisdiction_id) VALUES ('canary', 'reader', %(here)s)""",
        """INSERT INTO geoservice.session (secret_sha256, login, expires_at)
           VALUES (decode(repeat('00', 32), 'hex'), 'canary', now() + interval '1 hour')""",
        """INSERT INTO geoservice.second_factor (login, secret) VALUES ('canary', decode(repeat('00', 20), 'hex'))""",
        """INSERT INTO geoservice.recovery_code (login, code_sha256)
           VALUES ('canary', decode(repeat('00', 32), 'hex'))""",
        """INSERT INTO geoservice.pending_sign_in (secret_sha256, login, verified, by_provider, expires_at)
           VALUES (decode(repeat('00', 32), 'hex'), 'canary', 'x', false, now() + interval '1 hour')""",
        """INSERT INTO geoservice.account_link (issuer, subject, login)
           VALUES ('https://id.example', 'canary', 'canary')""",
        """INSERT INTO geoservice.provider_sign_in (secret_sha256) VALUES (decode(repeat('00', 32), 'hex'))""",
        """INSERT INTO geoservice.audit_seal (seq, entry_id, hash)
           SELECT 1, min(a.id), decode(repeat('00', 32), 'hex') FROM geoservice.audit_entry AS a
            WHERE a.jurisdiction_id = %(here)s""",
        f"""INSERT INTO geoservice.draft_change (step_id, before)
            VALUES (geoservice.begin_step({draft}), '{{"code": "A"}}')""",  # noqa: S608  a query of ours
        f"""INSERT INTO geoservice.preview (edition_id, revision, actor, fingerprint, moves)
            VALUES ({draft}, 0, 'test', 'none', '[]')""",  # noqa: S608  a query of ours
        f"""INSERT INTO geoservice.decision (edition_id, kind, to_code, area_m2, geom, reason)
            VALUES ({draft}, 'gap', 'A', 1, st_setsrid(st_makepoint(91.77, 29.24), 4326), 'as it was')""",  # noqa: S608  a query of ours
    )
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode(), {"here": here})


@depths(FEW, ALL)
@every_operation
def test_a_key_of_one_town_opens_nothing_of_another(operation: Operation, walls: Walls, depth: int) -> None:
    needed = permission_of(operation, walls.door.app)
    for role in _roles(operation, depth):
        answer = call(operation, walls.door, key=walls.keys[role])

        seen = answer.get_data().decode("utf-8", "replace")
        told = f"{role} {operation.method} {operation.path}: {answer.status_code} {seen:.300}"
        if may(Role.PUBLIC, needed):
            stranger = call(operation, walls.door, key="")
            assert answer.status_code == stranger.status_code, told
        elif operation.method == "GET":
            assert answer.status_code in SHUT or CANARY not in seen, told
        else:
            assert answer.status_code in SHUT, told


@depths(FEW, ALL)
@every_operation
def test_with_every_guard_open_the_rows_alone_show_nothing_of_another_town(
    operation: Operation, walls: Walls, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    monkeypatch.setattr(guard, "permitted", lambda identity, permission: True)
    monkeypatch.setattr(Identity, "acting_in", lambda identity, jurisdictions: identity)
    for role in _roles(operation, depth):
        answer = call(operation, walls.door, key=walls.keys[role])

        seen = answer.get_data().decode("utf-8", "replace")
        assert CANARY not in seen, f"{role} {operation.method} {operation.path}: {seen:.300}"


def _roles(operation: Operation, count: int) -> list[Role]:
    """Return some roles: the one with the most rights, officers, whose rows are the fewest, and others in turn."""
    others = [role for role in ROLES if role not in (Role.ADMIN, Role.OFFICER)]
    turn = OPERATIONS.index(operation) % len(others)
    return [Role.ADMIN, Role.OFFICER, *others[turn:], *others[:turn]][:count]


def policies(url: str) -> set[str]:
    """Return the tables that have row policies for the service; of others it sees every row."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("""
            SELECT DISTINCT p.tablename FROM pg_policies AS p WHERE p.schemaname = 'geoservice'
               AND NOT EXISTS (SELECT FROM pg_policies AS w
                                WHERE w.tablename = p.tablename AND w.qual = 'true' AND w.roles = '{geoservice_app}')
        """)
        return {row[0] for row in rows}


#: Tables of a jurisdiction that have none, and why.
OPEN = {
    # Layers without people. Who writes them is looked at where their changes are counted.
    *("basemap_feature", "building", "camera", "organisation"),
    *("basemap_feature_history", "building_history", "camera_history", "organisation_history"),
    # What was in force, and what follows from it.
    *("territory", "edition_period", "applied_edition"),
    # Tiles, and what they are cut from anew: cells, never a row, and figures as everybody is told them.
    *("tile_set", "tile_version", "tile_change", "tile_cell", "grid_figure"),
    # What can be reported, and when is worked.
    *("service", "working_hours", "calendar_day", "working_span"),
    # Who shows a key is found out before anything is known of anybody; nobody else reads them.
    "login_grant",
    # Copied into, which row policies would forbid. Nobody reads it, and its trigger asks whose rows these are
    # (tests/layers/incidents/test_intake.py).
    "incident_inbox",
}


def test_every_table_of_a_jurisdiction_has_row_policies_or_is_for_everybody(walls: Walls) -> None:
    with psycopg.connect(walls.url) as connection:
        rows = connection.execute("""
            SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'geoservice'::regnamespace AND c.relkind = 'r' AND a.attname = 'jurisdiction_id'
        """)
        of_jurisdictions = {row[0] for row in rows}

    assert of_jurisdictions - policies(walls.url) == OPEN


#: Tables of no jurisdiction that the service sees whole, and why.
OF_NOBODY = {
    # Grids of editions: what is in force is public, and drafts are asked for by their edition, which has row policies.
    "grid": "copied into", "tile_grid": "of editions that are told", "tile_edition": "of editions that are told",
    # What stands beside an edition; the service asks by its number, logins have row policies.
    "finding": "of an edition", "reassigned_code": "of an edition", "grid_lineage": "of an edition",
    # Who shows a key is found out before anything is known of anybody.
    "api_key": "who shows a key", "key_use": "when a key was used", "sign_in_attempt": "hashes of who tried",
    "report_key": "hashes of requests that came twice",
    # What the service keeps for itself, and what everybody may know.
    "audit_head": "how far the chain goes", "outbox_head": "the number of the last event",
    "ended_right": "of what the end was entered", "scheduled_job": "when jobs were done",
    "layer": "descriptions", "lifecycle": "a table of rules", "jurisdiction": "what there is; guards say to whom",
}  # fmt: skip


def test_every_table_says_whose_rows_it_shows_or_why_all(walls: Walls) -> None:
    """Also those that name no jurisdiction, such as what changed in drafts: a new one is listed, or has policies."""
    with psycopg.connect(walls.url) as connection:
        rows = connection.execute("""
            SELECT c.relname FROM pg_class AS c
             WHERE c.relnamespace = 'geoservice'::regnamespace AND c.relkind IN ('r', 'p')
        """)
        tables = {row[0] for row in rows}

    assert tables - policies(walls.url) - OPEN == OF_NOBODY.keys()


@pytest.mark.parametrize("group", ["geoservice_reader", "geoservice_analyst"])
def test_what_logins_read_has_row_policies_for_them_unless_it_is_copied_into(walls: Walls, group: str) -> None:
    with psycopg.connect(walls.url) as connection:
        rows = connection.execute("""
            SELECT c.relname FROM pg_class AS c
             WHERE c.relnamespace = 'geoservice'::regnamespace AND c.relkind IN ('r', 'p')
               AND has_any_column_privilege(%(group)s, c.oid, 'SELECT')
               AND NOT EXISTS (SELECT FROM pg_policies AS p WHERE p.schemaname = 'geoservice'
                                  AND p.tablename = c.relname AND %(group)s = ANY (p.roles))
        """, {"group": group})  # fmt: skip
        open_to_all = {row[0] for row in rows}

    assert open_to_all == COPIED | {"layer", "lifecycle"}


def test_nobody_reads_what_is_copied_into_the_inbox(walls: Walls) -> None:
    """Beside its owner: rows of it are other people's reports for as long as a statement lasts."""
    with psycopg.connect(walls.url) as connection:
        rows = connection.execute("""
            SELECT r.rolname FROM pg_roles AS r
             WHERE r.rolname LIKE 'geoservice\\_%' AND NOT r.rolsuper
               AND (has_any_column_privilege(r.oid, 'geoservice.incident_inbox', 'SELECT')
                    OR has_table_privilege(r.oid, 'geoservice.incident_inbox', 'UPDATE, DELETE, TRUNCATE'))
        """)
        assert rows.fetchall() == []
        assert connection.execute("SELECT count(*) FROM geoservice.incident_inbox").fetchone() == (0,)


def test_a_login_of_one_town_reads_no_change_in_a_draft_of_another(walls: Walls) -> None:
    """Neither what stands there nor what did: shapes and codes are in the steps of a draft, too."""
    login = f"analyst_{os.getpid()}_steps"
    password = grant_login(walls.url, login, LoginRole.ANALYST, LoginLimits(5, 60, 60), jurisdiction="town")
    with psycopg.connect(walls.url) as admin:
        there = admin.execute("SELECT count(*) FROM geoservice.draft_change").fetchone()
    try:
        with _connected(walls.url, login, password) as connection:
            seen = connection.execute("SELECT count(*) FROM geoservice.draft_change").fetchone()
    finally:
        revoke_login(walls.url, login)

    assert there is not None
    assert there[0] > 0
    assert seen == (0,)


def _scopes(walls: Walls) -> dict[str, Scope]:
    return {
        "nothing": NOTHING, "visitor": VISITOR, "within": within(walls.there),
        "officer": of_officer(walls.there, "G1"), "reporter": of_reporter(b"\0" * 32),
    }  # fmt: skip


@pytest.mark.parametrize("scope", ["nothing", "visitor", "within", "officer", "reporter"])
def test_asked_in_sql_no_table_shows_a_row_of_another_town(walls: Walls, scope: str) -> None:
    database = Database.connect(walls.url, pool_size=1)
    tables = policies(walls.url)
    with showing(walls.url, "grids"):
        there = {table: _rows(database, table, EVERYWHERE, walls.here) for table in tables}
        seen = {table: _rows(database, table, _scopes(walls)[scope], walls.here) for table in tables}
    database.close()

    assert [table for table, rows in there.items() if rows == 0] == []
    assert {table: rows for table, rows in seen.items() if rows} == {}


@contextmanager
def showing(url: str, visitors: str) -> Iterator[None]:
    """Have the community show visitors less for a while."""
    statement = "UPDATE geoservice.jurisdiction SET visitors = %s WHERE code = 'sare'"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement, [visitors])
        yield
        connection.execute(statement, ["open"])


def _rows(database: Database, table: str, scope: Scope, here: int) -> int:
    """Return how many rows of the community a scope sees of a table, of editions those that are drafts."""
    draft = "t.status = 'draft'" if table == "edition" else "true"
    query = f"SELECT count(*) FROM geoservice.{table} AS t WHERE {_of_the_community(table)} AND {draft}"  # noqa: S608
    with database.transaction(scope=scope) as connection:
        return int(connection.execute(text(query), {"here": here}).scalar_one())


def test_an_officer_sees_what_his_grids_have_and_what_he_was_named_for(walls: Walls) -> None:
    database = Database.connect(walls.url, pool_size=1)
    with database.transaction(scope=of_officer(walls.here, "G03")) as connection:
        seen = connection.execute(text("SELECT grid_code, officer_code FROM geoservice.incident")).all()
        grids = set(connection.execute(text("SELECT unnest(geoservice.scope_grids())")).scalars())
        households = set(connection.execute(text("SELECT grid_code FROM geoservice.household")).scalars())
    with database.transaction() as connection:
        everything = connection.execute(text("SELECT grid_code, officer_code FROM geoservice.incident")).all()
    database.close()

    assert len(grids) == 1
    assert households == grids
    assert 0 < len(seen) < len(everything)
    assert sorted(seen) == sorted(one for one in everything if one[0] in grids or one[1] == "G03")


def _of_the_community(table: str) -> str:
    """Return SQL for whether a row t of a table is the community's."""
    by_edition = "t.edition_id IN (SELECT e.id FROM geoservice.edition AS e WHERE e.jurisdiction_id = :here)"
    by_login = "t.login IN (SELECT g.login FROM geoservice.access_grant AS g WHERE g.jurisdiction_id = :here)"
    of_others = {
        "incident_event": "t.jurisdiction_id = :here", "draft_step": by_edition, "decision": by_edition,
        "draft_change": f"t.step_id IN (SELECT t.id FROM geoservice.draft_step AS t WHERE {by_edition})",  # noqa: S608
        "preview": by_edition,
        "change": "t.id IN (SELECT n.change_id FROM geoservice.change_count AS n WHERE n.jurisdiction_id = :here)",
        "session": by_login, "second_factor": by_login, "recovery_code": by_login, "pending_sign_in": by_login,
        "account_link": by_login, "account": by_login,
        # Who shows a key is found out before anything is known of anybody: what keys are granted has no policy.
        "access_grant": "t.login IS NOT NULL AND t.jurisdiction_id = :here",
        "provider_sign_in": "true",  # nobody's
        "audit_seal": "t.entry_id IN (SELECT a.id FROM geoservice.audit_entry AS a WHERE a.jurisdiction_id = :here)",
        "delivery": "t.webhook_id IN (SELECT w.id FROM geoservice.webhook AS w WHERE w.jurisdiction_id = :here)",
    }  # fmt: skip
    return of_others.get(table, "t.jurisdiction_id = :here")


def test_a_login_of_one_town_reads_no_words_and_writes_nothing_of_another(walls: Walls) -> None:
    login = f"analyst_{os.getpid()}_walls"
    password = grant_login(walls.url, login, LoginRole.ANALYST, LoginLimits(5, 60, 60), jurisdiction="town")
    drafts = "SELECT max(id) FROM geoservice.edition WHERE jurisdiction_id = %s AND status = 'draft'"
    with psycopg.connect(walls.url) as admin:
        number = admin.execute(drafts.encode(), [walls.here]).fetchone()
    asked = {"here": walls.here, "draft": number and number[0]}
    shut = (
        "SELECT description FROM geoservice.incident", "SELECT reporter_sha256 FROM geoservice.incident",
        "DELETE FROM geoservice.camera WHERE jurisdiction_id = %(here)s",
        "UPDATE geoservice.camera SET range_m = 1 WHERE jurisdiction_id = %(here)s",
        "INSERT INTO geoservice.edition (jurisdiction_id, title) VALUES (%(here)s, 'mine')",
    )  # fmt: skip
    refused = {}
    try:
        with _connected(walls.url, login, password) as connection:
            for statement in shut:
                with pytest.raises(psycopg.Error) as error, connection.transaction():
                    connection.execute(statement.encode(), asked)
                refused[statement] = error.value.sqlstate
            draws = "UPDATE geoservice.draft_grid SET name = 'x' WHERE edition_id = %(draft)s"
            with pytest.raises(psycopg.errors.NoDataFound), connection.transaction():  # it is not there for him
                connection.execute(draws, asked)
            count = "SELECT count(*) FROM geoservice.incident WHERE jurisdiction_id = %s"
            assert connection.execute(count.encode(), [walls.here]).fetchone() == (0,)
    finally:
        revoke_login(walls.url, login)
    assert set(refused.values()) <= {"42501", "GS403"}


def test_a_login_of_one_town_says_nothing_of_codes_in_drafts_of_another(walls: Walls) -> None:
    login = f"analyst_{os.getpid()}_codes"
    password = grant_login(walls.url, login, LoginRole.ANALYST, LoginLimits(5, 60, 60), jurisdiction="town")
    codes = "SELECT count(*) FROM geoservice.reassigned_code WHERE edition_id = %(draft)s"
    accept = "INSERT INTO geoservice.reassigned_code (edition_id, code, reason) VALUES (%(draft)s, %(code)s, 'moved')"
    with psycopg.connect(walls.url, autocommit=True) as admin:
        drafts = "SELECT max(id) FROM geoservice.edition WHERE jurisdiction_id = %s AND status = 'draft'"
        draft = admin.execute(drafts.encode(), [walls.here]).fetchone()
        assert draft is not None
        asked = {"draft": draft[0], "code": "walls-1"}
        admin.execute(accept, asked)
        before = admin.execute(codes, asked).fetchone()
        try:
            with _connected(walls.url, login, password) as connection:
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(accept, asked | {"code": "walls-2"})
                assert connection.execute("DELETE FROM geoservice.reassigned_code").rowcount == 0
        finally:
            revoke_login(walls.url, login)
        assert admin.execute(codes, asked).fetchone() == before
        admin.execute("DELETE FROM geoservice.reassigned_code WHERE code = 'walls-1'")


#: What a login of another town reads of the community, where that is shown to visitors: by table or view.
#: Tables that are written by COPY can have no row policies: those of layers and grids are seen by every login.
COPIED = {"building", "camera", "organisation", "basemap_feature", "grid"}
READ_BY_LOGINS = {
    "open": {"served_building", "served_incident", "served_grid", "served_figure", "territory", "edition",
             "edition_period", "service", "jurisdiction", "working_hours", "calendar_day", "working_span"},
    "grids": {"served_grid", "served_figure", "territory", "edition", "edition_period", "service", "jurisdiction",
              "working_hours", "calendar_day", "working_span"},
    "closed": set(),
}  # fmt: skip


@pytest.mark.parametrize("visitors", ["open", "grids", "closed"])
def test_a_login_of_one_town_sees_of_another_what_visitors_are_shown(walls: Walls, visitors: str) -> None:
    mine = {"grid": "edition_id IN (SELECT id FROM geoservice.edition WHERE jurisdiction_id = %(here)s)",
            "draft_grid": "edition_id NOT IN (SELECT id FROM geoservice.edition WHERE jurisdiction_id = %(there)s)",
            "finding": "true", "reassigned_code": "true", "jurisdiction": "id = %(here)s"}  # fmt: skip
    columns = """
        SELECT c.relname FROM pg_class AS c
         WHERE c.relnamespace = 'geoservice'::regnamespace AND c.relkind IN ('r', 'v')
           AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'jurisdiction_id')
    """
    for role in (LoginRole.READER, LoginRole.ANALYST):
        login = f"{role}_{os.getpid()}_sees"
        password = grant_login(walls.url, login, role, LoginLimits(5, 60, 60), jurisdiction="town")
        try:
            with showing(walls.url, visitors), _connected(walls.url, login, password) as connection:
                names = {row[0] for row in connection.execute(columns.encode())} | mine.keys()
                seen = {name for name in sorted(names) if _reads(connection, name, mine.get(name), walls)}
        finally:
            revoke_login(walls.url, login)
        of_analysts = {"served_building", "served_incident", "served_grid", "served_figure"}
        if visitors == "open":  # what other tests changed meanwhile
            seen -= {"building_history", "camera_history", "organisation_history", "basemap_feature_history"}
        assert seen - COPIED == READ_BY_LOGINS[visitors] - (of_analysts if role is LoginRole.READER else set()), role


def _reads(connection: psycopg.Connection, name: str, which: str | None, walls: Walls) -> bool:
    """Return whether a login sees a row of the community in a table or view."""
    query = f"SELECT count(*) FROM geoservice.{name} WHERE {which or 'jurisdiction_id = %(here)s'}"  # noqa: S608
    try:
        with connection.transaction():
            row = connection.execute(query.encode(), {"here": walls.here, "there": walls.there}).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return False
    return bool(row and row[0])


def _connected(url: str, login: str, password: str) -> psycopg.Connection:
    """Connect as a login of a person."""
    at = make_url(url)
    host = str(at.query.get("host", at.host))
    return psycopg.connect(
        host="127.0.0.1" if host.startswith("/") else host, port=at.query.get("port", at.port), dbname=at.database,
        user=login, password=password,
    )  # fmt: skip
