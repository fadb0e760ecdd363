"""The inbox stores a set of reports as the row trigger stores each of them, and takes from nobody what is another's."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from tests import places
from tests.analysts import OpenTown, open_town
from tests.factories import (
    Town,
    insert,
    make_building,
    make_edition,
    make_jurisdiction,
    make_service,
    make_town,
    select_one,
)
from tests.places import PLACES, Place, beside
from tests.publishing import publish_turned, turned

Row = Mapping[str, object]
DEFAULTS: Row = {
    "source": "system", "description": "", "attributes": Jsonb({}), "received_x": None, "received_y": None,
    "declared_crs": "wgs84", "accuracy_m": None, "building_code": None, "assigned_officer_code": None,
    "overrule_grid_code": None, "overrule_reason": None,
}  # fmt: skip
#: Where the ids of rows begin that come through the inbox; through the table they count from one.
SECOND = 1_000_000
#: What a door writes of rows of some ids: all but ids and times of entry, of which one is when it was routed anew.
STORED = {
    "incident": """
        SELECT (to_jsonb(i) - '{id,recorded_at,updated_at,status_since}'::text[]
                || CASE WHEN i.routed_at > now() THEN jsonb '{"routed_at": "since"}' ELSE '{}' END)::text
          FROM geoservice.incident AS i WHERE i.id BETWEEN %s AND %s ORDER BY i.id""",
    "incident_event": """
        SELECT (to_jsonb(e) - '{id,incident_id,at}'::text[]
                || CASE WHEN e.routed_at > now() THEN jsonb '{"routed_at": "since"}' ELSE '{}' END)::text
          FROM geoservice.incident_event AS e WHERE e.incident_id BETWEEN %s AND %s ORDER BY e.incident_id, e.id""",
    "outbox": """
        SELECT (to_jsonb(o) - '{id,incident_event_id,at}'::text[])::text
          FROM geoservice.outbox AS o JOIN geoservice.incident_event AS e ON e.id = o.incident_event_id
         WHERE e.incident_id BETWEEN %s AND %s ORDER BY e.incident_id""",
}
#: What is written of a statement as a whole.
TOLD = {
    "tile_change": """
        SELECT DISTINCT layer, jurisdiction_id, st_asewkt(geom), st_asewkt(middle) FROM geoservice.tile_change
         WHERE id > %s""",
    "audit_entry": """
        SELECT jurisdiction_id, what, who, role, purpose, sum((touched ->> 'count')::integer)
          FROM geoservice.audit_entry WHERE id > %s GROUP BY 1, 2, 3, 4, 5""",
}
WRITTEN = """
    SELECT relname FROM pg_stat_xact_user_tables
     WHERE schemaname = 'geoservice' AND n_tup_ins + n_tup_upd + n_tup_del > 0"""


def make_rich(connection: Connection[Any], town: Town) -> None:
    """Give a town officers of some days, every kind of service, a building, a second edition, a neighbour."""
    home = town.jurisdiction_id
    insert(connection, "service", {"jurisdiction_id": home, "code": "due", "name": "Due", "limit_working_hours": 6.5})
    insert(connection, "service", {"jurisdiction_id": home, "code": "quiet", "name": "Quiet", "sensitive": True})
    insert(connection, "service", {"jurisdiction_id": home, "code": "gone", "name": "Gone", "retired": True})
    for code in ("o1", "o2", "d1"):
        insert(connection, "staff", {"jurisdiction_id": home, "code": code, "call_sign": code, "role": "grid_officer"})
    for code, grid, role, start, end in (
        ("o1", "B", "grid_officer", "2021-01-01", "2022-01-01"),
        ("d1", "B", "deputy", "2020-06-01", None),
        ("d1", "a", "deputy", "2020-06-01", None),
        ("o2", "a", "grid_officer", "2021-03-01", None),
    ):
        insert(connection, "posting", {"jurisdiction_id": home, "staff_code": code, "grid_code": grid, "role": role,
                                       "valid_from": start, "valid_to": end})  # fmt: skip
    connection.execute("SELECT geoservice.lay_out_working_time(%s, '2020-12-01')", [home])
    make_building(connection, home, geom=places.area(3.7, 6.9, 3.99, 7.1))
    valley = make_jurisdiction(connection, code="valley", outline=places.multi(places.area(5, 0, 20, 10)))
    make_edition(connection, valley, {"0": places.area(5, 0, 20, 10)})
    make_service(connection, valley)
    publish_turned(connection, home)


def rows_of(town: Town, now: datetime) -> Iterator[Row]:
    """Yield rows that a door takes: every place at every instant, and now and then what is said of few."""
    near = [Place(f"{m} m east of B", *beside(4, 7, azimuth_deg=90, distance_m=m), "a") for m in (0.0005, 0.002, 9, 40)]
    instants = (
        datetime(1999, 1, 1, tzinfo=UTC),
        datetime(2020, 12, 31, 15, 59, tzinfo=UTC),
        datetime(2021, 3, 1, 2, tzinfo=UTC),
        now - timedelta(days=3),
        now,
        now + timedelta(minutes=2),
    )
    for number, (place, at) in enumerate(itertools.product((*PLACES, *near), instants)):
        row = {"jurisdiction_id": town.jurisdiction_id, "service_code": ("light", "due", "quiet")[number % 3],
               "geom": place.wkt, "reported_at": at}  # fmt: skip
        yield row | {"accuracy_m": (None, 0, 30, 1000)[number % 4], "source": ("resident", "patrol")[number % 2]}
        if number % 5 == 0:
            yield row | {"jurisdiction_id": None, "service_code": "light", "description": "a lamp \\N \t 灯"}
            yield row | {
                "received_x": 1.5,
                "received_y": -2.5,
                "declared_crs": "gcj02",
                "attributes": Jsonb({"c": ["r"]}),
            }
            yield row | {"building_code": "b1", "accuracy_m": 5, "assigned_officer_code": "o1"}
        if number % 7 == 0 and at.year == 2021:
            yield row | {"overrule_grid_code": "9", "overrule_reason": "seen there"}
    for lon in (-180, 180):
        yield {"jurisdiction_id": town.jurisdiction_id, "service_code": "light", "reported_at": now,
               "geom": f"SRID=4326;POINT({lon} 10)"}  # fmt: skip


def put(connection: Connection[Any], rows: Iterable[Row], *, inbox: bool) -> None:
    """Insert rows into the table one by one, or COPY all of them into the inbox; the number of each is its id."""
    numbered = [{"id": UUID(int=(SECOND if inbox else 0) + n)} | DEFAULTS | dict(row) for n, row in enumerate(rows, 1)]
    if not inbox:
        for row in numbered:
            insert(connection, "incident", row)
        return
    listed = sql.SQL(", ").join(map(sql.Identifier, numbered[0]))
    with connection.cursor().copy(sql.SQL("COPY geoservice.incident_inbox ({}) FROM STDIN").format(listed)) as copy:
        for row in numbered:
            copy.write_row([row[name] for name in numbered[0]])


def stored(connection: Connection[Any], *, inbox: bool) -> dict[str, list[Any]]:
    first = SECOND if inbox else 0
    span = [UUID(int=first + 1), UUID(int=first + SECOND - 1)]
    return {name: connection.execute(query.encode(), span).fetchall() for name, query in STORED.items()}


def last_ids(connection: Connection[Any]) -> dict[str, int]:
    return {name: select_one(connection, f"SELECT coalesce(max(id), 0) FROM geoservice.{name}") for name in TOLD}  # noqa: S608 - our own


def told(connection: Connection[Any], since: Mapping[str, int]) -> dict[str, Sequence[Any]]:
    return {name: sorted(connection.execute(query.encode(), [since[name]]), key=repr) for name, query in TOLD.items()}


def by_both(connection: Connection[Any], rows: Sequence[Row]) -> tuple[Any, Any]:
    """Put rows in by both doors; return what each wrote."""
    found = []
    for inbox in (False, True):
        since = last_ids(connection)
        put(connection, rows, inbox=inbox)
        found.append({**stored(connection, inbox=inbox), **told(connection, since)})
    return found[0], found[1]


def test_the_inbox_stores_what_the_row_trigger_stores(connection: Connection[Any], town: Town) -> None:
    make_rich(connection, town)
    rows = list(rows_of(town, select_one(connection, "SELECT now()")))

    singly, at_once = by_both(connection, rows)

    assert len(singly["incident"]) == len(singly["outbox"]) == len(rows) > 150
    for name, lines in singly.items():
        differ = [pair for pair in zip(lines, at_once[name], strict=True) if pair[0] != pair[1]]
        assert differ == [], (name, len(differ), differ[:3])
    methods = {line for (line,) in connection.execute("SELECT DISTINCT method FROM geoservice.incident")}
    assert methods == {"covers", "nearest", "building", "manual", "none"}
    assert select_one(connection, "SELECT count(*) FROM geoservice.incident_inbox") == 0
    # No table is written that is not compared.
    written = {name for (name,) in connection.execute(WRITTEN)}
    assert written - {"incident", "incident_event", "outbox", "tile_change", "audit_entry", "incident_inbox"} <= {
        "jurisdiction",
        "service",
        "staff",
        "posting",
        "building",
        "edition",
        "grid",
        "territory",
        "edition_period",
        "working_hours",
        "working_span",
        "change",
        "change_count",
        "draft_step",
        "draft_change",
        "grid_lineage",
        "applied_edition",
        "building_history",
        "tile_version",
        "tile_set",
    }


def test_most_rows_are_routed_as_a_set(connection: Connection[Any], town: Town) -> None:
    """The row trigger is not asked what the one query has answered; rows that are told of now are plain, too."""
    connection.execute(
        "CREATE FUNCTION pg_temp.never() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''row by row''; END'"
    )
    connection.execute(
        "CREATE TRIGGER a_first BEFORE INSERT ON geoservice.incident FOR EACH ROW WHEN (new.upkeep >= 0)"
        " EXECUTE FUNCTION pg_temp.never()"
    )
    now = select_one(connection, "SELECT now()")
    plain = {"jurisdiction_id": town.jurisdiction_id, "service_code": "light", "geom": places.CENTRE.wkt}

    put(connection, [plain | {"reported_at": at} for at in (now, now - timedelta(1))], inbox=True)

    assert select_one(connection, "SELECT count(*) FROM geoservice.incident WHERE grid_code = 'B' AND upkeep = 0") == 2


def bad_rows(town: Town) -> dict[str, Row]:
    """Return rows that every door refuses."""
    good: Row = {"jurisdiction_id": town.jurisdiction_id, "service_code": "light", "geom": places.CENTRE.wkt,
                 "reported_at": datetime(2021, 3, 1, tzinfo=UTC)}  # fmt: skip
    changes: dict[str, Row] = {
        "no service": {"service_code": None},
        "unknown service": {"service_code": "x"},
        "retired": {"service_code": "gone"},
        "no place": {"geom": None},
        "empty place": {"geom": "SRID=4326;POINT EMPTY"},
        "not on the earth": {"geom": "SRID=4326;POINT(200 10)"},
        "NaN": {"geom": "SRID=4326;POINT(NaN 10)"},
        "accuracy": {"accuracy_m": 1001},
        "accuracy NaN": {"accuracy_m": "NaN"},
        "to come": {"reported_at": "2999-01-01Z"},
        "never": {"reported_at": "-infinity"},
        "at no time": {"reported_at": None},
        "no attributes": {"attributes": None},
        "a list": {"attributes": Jsonb([])},
        "a number": {"description": "call 13800138000"},
        "long": {"description": "x" * 4001},
        "a spy": {"source": "spy"},
        "no source": {"source": None},
        "no building": {"building_code": "b404"},
        "no grid": {"overrule_grid_code": "b", "overrule_reason": "a slip"},
        "no reason": {"overrule_grid_code": "9"},
        "only a reason": {"overrule_reason": "why"},
        "no crs": {"declared_crs": "moon"},
        "no jurisdiction": {"jurisdiction_id": 404},
        "infinite": {"received_x": "Infinity"},
        "nobody's service": {"jurisdiction_id": None, "service_code": "x", "geom": places.FAR.wkt},
    }
    return {name: {**good, **change} for name, change in changes.items()}


def refusal(connection: Connection[Any], row: Row, *, inbox: bool) -> tuple[object, ...]:
    with pytest.raises(psycopg.Error) as refused, connection.transaction():
        put(connection, [row], inbox=inbox)
    diag = refused.value.diag
    return diag.sqlstate, diag.constraint_name, re.sub(r"[0-9a-f-]{36}", "", diag.message_primary or "")


def test_the_inbox_refuses_what_the_row_trigger_refuses_for_the_same_reason(
    connection: Connection[Any], town: Town
) -> None:
    insert(
        connection, "service", {"jurisdiction_id": town.jurisdiction_id, "code": "gone", "name": "G", "retired": True}
    )
    there = {**bad_rows(town)["retired"], "service_code": "light", "id": UUID(int=99)}
    put(connection, [there], inbox=False)
    refused = bad_rows(town) | {"there already": there}

    found = {name: [refusal(connection, row, inbox=inbox) for inbox in (False, True)] for name, row in refused.items()}

    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}
    assert select_one(connection, "SELECT count(*) FROM geoservice.incident_inbox") == 0


class Towns:
    """Two jurisdictions side by side, and a login that is granted the first alone."""

    def __init__(self, town: OpenTown, valley: int) -> None:
        self.town, self.valley = town, valley


@pytest.fixture(scope="module")
def towns(cluster_url: str, template: str) -> Iterator[Towns]:
    with open_town(cluster_url, template) as town:
        with psycopg.connect(town.url) as connection:
            valley = make_jurisdiction(connection, code="valley", outline=places.multi(places.area(20, 0, 30, 10)))
            make_edition(connection, valley, {"0": places.area(20, 0, 30, 10)})
            make_service(connection, valley)
            connection.execute("UPDATE geoservice.login_grant SET jurisdiction_id = %s", [town.jurisdiction_id])
        yield Towns(town, valley)


INTO = "COPY geoservice.incident_inbox (jurisdiction_id, service_code, geom, reported_at) FROM STDIN"


def copied(connection: Connection[Any], rows: Sequence[Sequence[object]]) -> None:
    with connection.cursor().copy(INTO) as copy:
        for row in rows:
            copy.write_row(row)


def test_a_login_of_one_jurisdiction_puts_nothing_into_another(towns: Towns) -> None:
    home, valley = towns.town.jurisdiction_id, towns.valley
    here, there, far = places.CENTRE.wkt, "SRID=4326;POINT({} {})".format(*places.lonlat(25, 5)), places.FAR.wkt
    yesterday = datetime.now(UTC) - timedelta(days=1)
    allowed: list[Row | Any] = [
        [(home, "light", here, yesterday), (None, "light", here, yesterday), (home, "light", far, yesterday)]
    ]
    refused = [
        (valley, "light", there, yesterday),
        (valley, "light", here, yesterday),
        (None, "light", there, yesterday),
        (None, "light", far, yesterday),
    ]
    with towns.town.as_login(towns.town.analyst) as connection:
        copied(connection, allowed[0])
        seen = select_one(connection, "SELECT count(*) FROM geoservice.incident")
        connection.rollback()
        for row in refused:
            with pytest.raises(psycopg.Error) as stopped:
                copied(connection, [(home, "light", here, yesterday), row])
            assert stopped.value.sqlstate == "GS403", row
            connection.rollback()
        told = [select_one(connection, "SELECT count(*) FROM geoservice.incident")]
    assert (seen, told) == (3, [0])
    with towns.town.as_login(towns.town.reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        copied(connection, [])


def test_whom_a_jurisdiction_employs_is_not_told_to_a_login_of_another(towns: Towns) -> None:
    """Refused before its foreign keys are asked: whether there is such an officer would be told by how."""
    into = INTO.replace("reported_at", "reported_at, assigned_officer_code")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for home, place in ((towns.valley, places.FAR.wkt), (None, "SRID=4326;POINT({} {})".format(*places.lonlat(25, 5)))):
        with towns.town.as_login(towns.town.analyst) as connection, pytest.raises(psycopg.Error) as stopped:
            with connection.cursor().copy(into) as copy:
                copy.write_row((home, "light", place, yesterday, "nobody"))
        assert stopped.value.sqlstate == "GS403", home


def test_a_set_that_names_what_is_not_its_writers_takes_no_locks(towns: Towns) -> None:
    """A lock for each would take the room for locks away from everybody."""
    with towns.town.as_login(towns.town.analyst) as connection, pytest.raises(psycopg.Error) as stopped:
        connection.execute(
            "INSERT INTO geoservice.incident_inbox (jurisdiction_id, service_code, geom)"
            " SELECT n, 'light', %s FROM generate_series(1000000, 1200000) AS n", [places.CENTRE.wkt],
        )  # fmt: skip
    assert stopped.value.sqlstate == "GS403"


def test_scopes_of_the_service_put_in_what_their_row_policies_let_them(towns: Towns) -> None:
    """Of each scope: which of two jurisdictions it may write; visitors, and who sees nothing, have no door."""
    home, valley = towns.town.jurisdiction_id, towns.valley
    may = {"geoservice_everywhere": {home, valley}, "geoservice_within": {home}, "geoservice_officer": {home},
           "geoservice_several": {home}, "geoservice_visitor": set(), "geoservice_app": set()}  # fmt: skip
    yesterday = datetime.now(UTC) - timedelta(days=1)
    rows = {
        home: (home, "light", places.CENTRE.wkt, yesterday),
        valley: (valley, "light", places.CENTRE.wkt, yesterday),
    }
    found: dict[str, set[int]] = {role: set() for role in may}
    with psycopg.connect(towns.town.url) as connection:
        for role, (jurisdiction, row) in itertools.product(may, rows.items()):
            connection.execute(
                "SELECT set_config('role', %s, true), set_config('geoservice.jurisdictions', %s, true),"
                " set_config('geoservice.post', %s, true)",
                [role, f"{{{home}}}", str(home)],
            )
            try:
                copied(connection, [row])
                found[role].add(jurisdiction)
            except psycopg.Error as refused:
                assert refused.sqlstate in ("GS403", "42501")
            connection.rollback()
    assert found == may


FORGED = """
    INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, method, near_border, upkeep)
    VALUES (%s, 'light', %s, 'covers', false, -1)
"""


def test_nobody_reads_changes_or_empties_the_inbox(towns: Towns) -> None:
    may = """
        SELECT r.rolname, p.privilege
          FROM pg_roles AS r, unnest('{SELECT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) AS p (privilege)
         WHERE r.rolname ~ '^geoservice_[a-z]+$' AND NOT r.rolsuper
           AND (has_table_privilege(r.oid, 'geoservice.incident_inbox', p.privilege)
                OR (p.privilege IN ('SELECT', 'UPDATE')
                    AND has_any_column_privilege(r.oid, 'geoservice.incident_inbox', p.privilege)))
    """
    with psycopg.connect(towns.town.url) as connection:
        assert connection.execute(may.encode()).fetchall() == []


def test_nobody_but_the_inbox_says_that_a_row_is_routed(towns: Towns) -> None:
    values = [towns.town.jurisdiction_id, places.CENTRE.wkt]
    with towns.town.as_login(towns.town.analyst) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(FORGED.encode(), values)
    with psycopg.connect(towns.town.url) as connection:
        connection.execute("SET LOCAL ROLE geoservice_everywhere")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(FORGED.encode(), values)


def test_an_older_view_than_the_last_publication_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    row = (town.jurisdiction_id, "light", places.CENTRE.wkt, datetime(2021, 1, 1, tzinfo=UTC))
    with psycopg.connect(database_url) as writer, psycopg.connect(database_url) as publisher:
        writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        copied(writer, [row])
        writer.commit()
        writer.execute("SELECT FROM geoservice.jurisdiction")
        publish_turned(publisher, town.jurisdiction_id)
        publisher.commit()
        with pytest.raises(psycopg.errors.SerializationFailure):
            copied(writer, [row])


def test_an_edition_that_began_since_the_transaction_routes_what_is_told_of_now(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    with psycopg.connect(database_url) as writer, psycopg.connect(database_url) as publisher:
        now = select_one(writer, "SELECT now()")
        edition = publish_turned(publisher, town.jurisdiction_id)
        publisher.commit()
        time.sleep(0.001)
        copied(
            writer, [(town.jurisdiction_id, "light", places.CENTRE.wkt, at) for at in (now, now - timedelta(days=1))]
        )
        found = writer.execute("SELECT grid_code FROM geoservice.incident ORDER BY reported_at").fetchall()
    assert found == [("B",), (turned("B", edition),)]


def test_work_grows_with_the_rows_alone(connection: Connection[Any], town: Town) -> None:
    """Tables are asked once for each row, however many come: a plan that reads one whole for each is told apart."""
    many = 3_000
    connection.execute(
        "INSERT INTO geoservice.incident_inbox (jurisdiction_id, service_code, geom, reported_at)"
        " SELECT %s, 'light', st_setsrid(st_makepoint(%s + n * 1e-7, %s), 4326), now() - interval '1 day'"
        "   FROM generate_series(1, %s) AS n", [town.jurisdiction_id, *places.lonlat(1, 5), many],
    )  # fmt: skip
    read = "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)"
    by_table = ["service", "jurisdiction", "incident", "posting", "edition_period"]
    assert select_one(connection, "SELECT count(*) FROM geoservice.incident") == many
    assert select_one(connection, read, by_table) < 4 * many


@pytest.mark.slow
def test_the_plan_of_200000_rows_asks_each_by_an_index(database_url: str) -> None:
    """The planner was once seen to cross places with grids for so many, and not for 40,000."""
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
        connection.commit()
        told: list[str] = []
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        connection.execute("LOAD 'auto_explain'")
        for setting in ("client_min_messages = log", "auto_explain.log_min_duration = 0",
                        "auto_explain.log_nested_statements = on", "auto_explain.log_timing = off"):  # fmt: skip
            connection.execute(f"SET {setting}".encode())
        connection.execute(
            "INSERT INTO geoservice.incident_inbox (jurisdiction_id, service_code, geom, reported_at)"
            " SELECT %s, 'light', st_setsrid(st_makepoint(%s + n * 1e-8, %s), 4326), now() - interval '1 day'"
            "   FROM generate_series(1, 200000) AS n", [town.jurisdiction_id, *places.lonlat(1, 5)],
        )  # fmt: skip
        assert select_one(connection, "SELECT count(*) FROM geoservice.incident WHERE grid_code = 'B'") == 200_000
    (plan,) = [text for text in told if "CTE arrived" in text]
    asked = plan[plan.index("CTE stored") :]
    assert "Nested Loop Left Join" in asked
    assert "on territory" in asked
    assert not re.search("Hash|Merge|Sort Key: (?!\\(array_position)", asked)
