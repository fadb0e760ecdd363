"""Every layer keeps what was: whoever changes a feature, by whatever door, the row before is in its table's twin."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row

from layers.catalogue import catalogue
from layers.db.history import history_of
from tests.factories import make_building, make_camera, make_household, make_organisation, select_one
from tests.layers.conftest import Town

TABLES = sorted({one.table for one in catalogue().values() if one.is_written})
#: What undoing does not give back: by which change a row is as it is.
CONTENT = "(to_jsonb(f) - 'change_id')::text, st_asbinary(f.geom)"


def on(table: str, query: str, *listed: str) -> sql.Composed:
    """Return a query with the name of a table, and what else stands in it, in its braces."""
    return sql.SQL(query).format(sql.Identifier("geoservice", table), *map(sql.SQL, listed))


def rows_of(connection: psycopg.Connection[Any], table: str) -> list[Any]:
    return connection.execute(on(table, "SELECT f.id::text, {1} FROM {0} AS f ORDER BY 1", CONTENT)).fetchall()


def history(connection: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    query = on(history_of(table), "SELECT * FROM {} ORDER BY seq")
    return connection.cursor(row_factory=dict_row).execute(query).fetchall()


def commit(connection: psycopg.Connection[Any]) -> None:
    """Begin another change, as another transaction would be: the fixture rolls all of it back."""
    connection.execute("SELECT set_config('geoservice.change', '', true)")


def changes(connection: psycopg.Connection[Any]) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT c.kind, n.layer, n.added, n.changed, n.removed FROM geoservice.change AS c"
        " JOIN geoservice.change_count AS n ON n.change_id = c.id ORDER BY c.id, n.layer"
    ).fetchall()


@pytest.fixture
def seeded(connection: psycopg.Connection[Any], town: Town) -> int:
    """Return the jurisdiction, with one feature of each layer."""
    j = town.jurisdiction_id
    make_building(connection, j)
    make_household(connection, j, building_code="b1")
    make_camera(connection, j)
    make_organisation(connection, j)
    connection.execute(
        "INSERT INTO geoservice.basemap_feature (jurisdiction_id, kind, geom)"
        " SELECT %s, 'block', st_geometryn(geom, 1) FROM geoservice.building", [j]
    )  # fmt: skip
    commit(connection)
    return j


@pytest.mark.parametrize("table", TABLES)
def test_a_change_and_a_removal_keep_the_row_that_was(
    connection: psycopg.Connection[Any], seeded: int, table: str
) -> None:
    before = rows_of(connection, table)
    if table == "building":  # those that people live in stay
        connection.execute("UPDATE geoservice.household SET building_code = NULL")
    connection.execute(on(table, "UPDATE {} SET code = 'other'"))
    commit(connection)
    connection.execute(on(table, "DELETE FROM {}"))

    first, second = history(connection, table)

    assert (first["operation"], second["operation"]) == ("rekey", "delete")
    assert str(first["id"]) == before[0][0]
    assert second["code"] == "other"
    assert first["since"] <= first["until"] == second["since"] <= second["until"]
    assert first["ended_by"] == second["change_id"] < second["ended_by"]


@pytest.mark.parametrize("table", TABLES)
def test_what_changes_nothing_is_no_change(connection: psycopg.Connection[Any], seeded: int, table: str) -> None:
    known = changes(connection)
    connection.execute(on(table, "UPDATE {} SET code = code, geom = geom"))
    connection.execute(on(table, "DELETE FROM {} WHERE false"))

    assert history(connection, table) == []
    assert changes(connection) == known


def test_a_publication_moves_features_and_changes_none(connection: psycopg.Connection[Any], seeded: int) -> None:
    connection.execute("UPDATE geoservice.camera SET grid_code = 'x'")

    assert history(connection, "camera") == []


def test_a_transaction_is_one_change_of_all_that_it_touches(connection: psycopg.Connection[Any], seeded: int) -> None:
    connection.execute("UPDATE geoservice.camera SET status = 'offline'")
    connection.execute("UPDATE geoservice.camera SET status = 'online'")
    connection.execute("DELETE FROM geoservice.organisation")

    assert [line for line in changes(connection) if line[2] == 0] == [
        ("edit", "cameras", 0, 2, 0), ("edit", "organisations", 0, 0, 1),
    ]  # fmt: skip
    assert len({row["ended_by"] for row in [*history(connection, "camera"), *history(connection, "organisation")]}) == 1


def test_a_change_is_signed_by_who_makes_it(connection: psycopg.Connection[Any], seeded: int) -> None:
    connection.execute("SELECT set_config('geoservice.actor', 'call sign 7', true)")
    connection.execute("UPDATE geoservice.camera SET status = 'offline'")

    signed = "SELECT actor FROM geoservice.change ORDER BY id DESC LIMIT 1"
    assert select_one(connection, signed) == "call sign 7"


def test_a_change_that_is_somebody_elses_is_refused(connection: psycopg.Connection[Any], seeded: int) -> None:
    # Of another transaction than this one.
    connection.execute(
        "INSERT INTO geoservice.change (actor, door, kind, xact) VALUES ('somebody', 'sql', 'edit', 3) RETURNING id"
    )
    connection.execute("SELECT set_config('geoservice.change', max(id)::text, true) FROM geoservice.change")

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the database's own"):
        connection.execute("UPDATE geoservice.camera SET status = 'offline'")


def test_emptying_a_table_is_refused(connection: psycopg.Connection[Any], seeded: int) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="DELETE"):
        connection.execute("TRUNCATE geoservice.camera")


@pytest.mark.parametrize("table", TABLES)
def test_an_undoing_leaves_rows_equal_to_the_byte(connection: psycopg.Connection[Any], seeded: int, table: str) -> None:
    """Added, changed twice, removed, in one change: all of it is undone, and the undoing in turn."""
    before = rows_of(connection, table)
    columns = ", ".join(
        name for (name,) in connection.execute(
            "SELECT name FROM geoservice.kept_columns(%s::regclass) WHERE content AND name <> 'code'",
            [f"geoservice.{table}"],
        )
    )  # fmt: skip
    for code in ("two", "three"):
        connection.execute(on(table, "INSERT INTO {0} (code, {1}) SELECT %s, {1} FROM {0} LIMIT 1", columns), [code])
    if table != "building":
        connection.execute(on(table, "DELETE FROM {} WHERE id::text = %s"), [before[0][0]])
    connection.execute(on(table, "UPDATE {} SET geom = st_translate(geom, 0.00001, 0)"))
    connection.execute(on(table, "UPDATE {} SET geom = st_translate(geom, 0.00001, 0)"))
    connection.execute(on(table, "DELETE FROM {} WHERE code = 'three'"))
    after = rows_of(connection, table)
    done = select_one(connection, "SELECT max(id) FROM geoservice.change")
    commit(connection)

    undone = select_one(connection, "SELECT geoservice.undo_change(%s)", done)
    assert rows_of(connection, table) == before
    commit(connection)

    select_one(connection, "SELECT geoservice.undo_change(%s)", undone)
    assert rows_of(connection, table) == after


def test_what_was_changed_since_is_not_undone_until_that_is(connection: psycopg.Connection[Any], seeded: int) -> None:
    before = rows_of(connection, "camera")
    connection.execute("UPDATE geoservice.camera SET status = 'offline'")
    first = select_one(connection, "SELECT max(id) FROM geoservice.change")
    commit(connection)
    connection.execute("UPDATE geoservice.camera SET range_m = 70")
    second = select_one(connection, "SELECT max(id) FROM geoservice.change")
    commit(connection)

    conflicts = connection.execute("SELECT * FROM geoservice.changed_since(%s)", [first]).fetchall()
    assert [(layer, key) for layer, _, key in conflicts] == [("cameras", "c1")]
    connection.execute("SAVEPOINT before")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="changed since"):
        connection.execute("SELECT geoservice.undo_change(%s)", [first])
    connection.execute("ROLLBACK TO before")

    for change in (second, first):  # as the refusal advises
        select_one(connection, "SELECT geoservice.undo_change(%s)", change)
        commit(connection)
    assert rows_of(connection, "camera") == before


def test_the_grid_of_what_comes_back_is_that_of_today(connection: psycopg.Connection[Any], seeded: int) -> None:
    grid = select_one(connection, "SELECT grid_code FROM geoservice.camera")
    connection.execute("DELETE FROM geoservice.camera")
    gone = select_one(connection, "SELECT max(id) FROM geoservice.change")
    commit(connection)

    select_one(connection, "SELECT geoservice.undo_change(%s)", gone)

    assert select_one(connection, "SELECT grid_code FROM geoservice.camera") == grid


def test_what_was_is_found_under_the_key_that_it_had(connection: psycopg.Connection[Any], seeded: int) -> None:
    connection.execute("UPDATE geoservice.camera SET code = 'c2'")

    assert [row["operation"] for row in history(connection, "camera")] == ["rekey"]


def latest_change(connection: psycopg.Connection[Any]) -> int:
    return int(select_one(connection, "SELECT max(id) FROM geoservice.change"))


def test_what_was_undone_is_not_undone_again_over_later_edits(connection: psycopg.Connection[Any], seeded: int) -> None:
    connection.execute("DELETE FROM geoservice.camera")
    removal = latest_change(connection)
    commit(connection)
    select_one(connection, "SELECT geoservice.undo_change(%s)", removal)
    commit(connection)
    select_one(connection, "SELECT geoservice.undo_change(%s)", removal)  # all is as it was: there is nothing to do
    connection.execute("UPDATE geoservice.camera SET range_m = 77")
    commit(connection)

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="changed since"):
        connection.execute("SELECT geoservice.undo_change(%s)", [removal])


KEYS = [f"k{n}" for n in range(5)]


@pytest.fixture
def five(connection: psycopg.Connection[Any], seeded: int) -> None:
    """Make five features of each layer, households in buildings, with keys alike."""
    for table in TABLES:
        names = [name for (name,) in connection.execute(
            "SELECT name FROM geoservice.kept_columns(%s::regclass)"
            " WHERE content AND name NOT IN ('code', 'building_code')",
            [f"geoservice.{table}"],
        )]  # fmt: skip
        columns = ", ".join(names)
        connection.execute(
            on(table, "INSERT INTO {0} (code, {1}) SELECT k, {1} FROM {0}, unnest(%s::text[]) AS k", columns), [KEYS]
        )
    connection.execute("UPDATE geoservice.household SET building_code = code WHERE code = ANY(%s)", [KEYS])
    commit(connection)


def rename(connection: psycopg.Connection[Any], table: str, names: dict[str, str]) -> None:
    """Give features other keys, as somebody does who has no deferrable constraint: aside first, then where they go."""
    if table == "building":
        connection.execute("UPDATE geoservice.household SET unit = building_code, building_code = NULL")
    for old in names:
        connection.execute(on(table, "UPDATE {} SET code = %s WHERE code = %s"), [f"aside {old}", old])
    for old, new in names.items():
        connection.execute(on(table, "UPDATE {} SET code = %s WHERE code = %s"), [new, f"aside {old}"])
    if table == "building":  # who lives there goes with them
        for old, new in names.items():
            connection.execute("UPDATE geoservice.household SET building_code = %s WHERE unit = %s", [new, old])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("table", TABLES)
def test_keys_that_went_round_go_back_in_one_step(
    connection: psycopg.Connection[Any], five: None, table: str, data: st.DataObject
) -> None:
    """Swapped, in longer rounds, in chains, with features that came and went meanwhile; and the undoing in turn."""
    old = data.draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1))
    new = data.draw(st.lists(st.sampled_from([*old, "n1", "n2"]), unique=True, min_size=len(old), max_size=len(old)))
    come, gone = data.draw(st.booleans()), data.draw(st.booleans())
    connection.execute("SAVEPOINT example")
    before, lived = rows_of(connection, table), rows_of(connection, "household")
    rename(connection, table, dict(zip(old, new, strict=True)))
    free = sorted({*KEYS} - {*new} - {*KEYS}.difference(old))
    if gone and table != "building":
        connection.execute(on(table, "DELETE FROM {} WHERE code = %s"), [new[0]])
        free.append(new[0])
    if come and free:  # a new feature takes the key of another
        names = select_one(
            connection,
            "SELECT string_agg(quote_ident(name), ', ') FROM geoservice.kept_columns(%s::regclass)"
            " WHERE content AND name <> 'code'", f"geoservice.{table}",
        )  # fmt: skip
        query = on(table, "INSERT INTO {0} (code, {1}) SELECT %s, {1} FROM {0} LIMIT 1", names)
        connection.execute(query, [free[-1]])
    after, live = rows_of(connection, table), rows_of(connection, "household")
    done = latest_change(connection)
    commit(connection)

    if after != before:
        undone = select_one(connection, "SELECT geoservice.undo_change(%s)", done)
        assert (rows_of(connection, table), rows_of(connection, "household")) == (before, lived)
        stayed = {row[0] for row in before} & {row[0] for row in after}
        assert changed(connection, undone, table) == len(stayed) - len(set(before) & set(after))
        commit(connection)
        select_one(connection, "SELECT geoservice.undo_change(%s)", undone)
        assert (rows_of(connection, table), rows_of(connection, "household")) == (after, live)
    connection.execute("ROLLBACK TO example")
    commit(connection)


def changed(connection: psycopg.Connection[Any], change: int, table: str) -> int:
    """Return how many features of a layer a change is said to have changed."""
    query = """
        SELECT coalesce(sum(n.changed), 0)
          FROM geoservice.change_count AS n JOIN geoservice.layer AS l ON l.id = n.layer
         WHERE n.change_id = %s AND l.table_name = %s
    """
    return int(select_one(connection, query, change, table))


def test_a_key_that_somebody_else_took_since_is_not_taken_back(connection: psycopg.Connection[Any], five: None) -> None:
    rename(connection, "camera", {"k0": "k1", "k1": "k0", "k2": "n1"})
    swap = latest_change(connection)
    commit(connection)
    rename(connection, "camera", {"k3": "k2"})
    commit(connection)

    conflicts = connection.execute("SELECT * FROM geoservice.changed_since(%s)", [swap]).fetchall()
    assert [(layer, key) for layer, _, key in conflicts] == [("cameras", "k2")]


@pytest.mark.parametrize("table", TABLES)
def test_nobody_says_by_whose_change_a_row_is_as_it_is(
    connection: psycopg.Connection[Any], seeded: int, table: str
) -> None:
    marks = on(table, "SELECT change_id, recorded_at FROM {}")
    before = connection.execute(marks).fetchall()
    connection.execute(on(table, "UPDATE {} SET change_id = 1, recorded_at = '1990-01-01'"))

    assert connection.execute(marks).fetchall() == before


@pytest.mark.parametrize("table", TABLES)
def test_a_row_keeps_its_id_by_which_its_history_is_found(
    connection: psycopg.Connection[Any], seeded: int, table: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="stays what it is"):
        connection.execute(on(table, "UPDATE {} SET id = DEFAULT, code = 'other'"))


def test_what_moves_to_another_jurisdiction_is_told_of_in_both(
    connection: psycopg.Connection[Any], seeded: int
) -> None:
    other = select_one(
        connection,
        "INSERT INTO geoservice.jurisdiction OVERRIDING SYSTEM VALUE"
        " SELECT (jsonb_populate_record(j, '{\"code\": \"other\", \"id\": 77}')).*"
        " FROM geoservice.jurisdiction AS j WHERE id = %s RETURNING id", seeded,
    )  # fmt: skip
    connection.execute("UPDATE geoservice.camera SET jurisdiction_id = %s", [other])

    assert [(row["operation"], row["jurisdiction_id"]) for row in history(connection, "camera")] == [("rekey", seeded)]
    counts = "SELECT jurisdiction_id, changed FROM geoservice.change_count WHERE change_id = %s ORDER BY 1"
    assert connection.execute(counts, [latest_change(connection)]).fetchall() == [(seeded, 1), (other, 1)]


def test_many_rows_are_kept_in_one_go_through_them(connection: psycopg.Connection[Any], seeded: int) -> None:
    """By its plans: rows of the statement that are gone through for each of them would take for ever."""
    connection.execute(
        "INSERT INTO geoservice.camera (jurisdiction_id, code, geom)"
        " SELECT jurisdiction_id, 'many' || n, geom FROM geoservice.camera, generate_series(1, 1000) AS n"
    )
    commit(connection)
    connection.execute("LOAD 'auto_explain'")
    for setting in ("log_min_duration = 0", "log_nested_statements = on", "log_analyze = on", "log_timing = off"):
        connection.execute(f"SET LOCAL auto_explain.{setting}".encode())
    plans: list[str] = []
    connection.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    connection.execute("SET LOCAL client_min_messages = log")

    connection.execute("UPDATE geoservice.camera SET status = 'offline', range_m = 5")
    connection.execute("DELETE FROM geoservice.camera")

    scans = re.findall(r"Named Tuplestore Scan .* loops=(\d+)", "\n".join(plans))
    assert len(scans) > 8
    assert set(scans) == {"1"}
    assert "Materialize" not in "".join(plan for plan in plans if "Tuplestore" in plan)
