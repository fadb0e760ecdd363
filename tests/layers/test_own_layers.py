"""What the database makes of the description of a layer, refuses of it, and lets whom do with its features."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from layers.catalogue import catalogue, hold
from layers.changes.staging import Staging
from layers.db.session import Database
from layers.own_layers import queries
from layers.own_layers.description import TAKEN, described, is_name, layer_of, own_columns
from tests.analysts import OpenTown, open_town
from tests.own_layers import COLUMNS, create_layer, description, one_of_each

INSIDE = "st_pointonsurface(outline) FROM geoservice.jurisdiction WHERE code = 'town'"


@pytest.fixture(scope="module")
def town(cluster_url: str, template: str) -> Iterator[OpenTown]:
    with open_town(cluster_url, template) as town:
        with psycopg.connect(town.url) as connection:
            one_of_each(connection)
        yield town


@pytest.fixture
def connection(town: OpenTown) -> Iterator[Connection[Any]]:
    """Return a connection of the service, which owns nothing; what it did is rolled back."""
    with psycopg.connect(town.url) as connection:
        connection.execute("SET ROLE geoservice_app")
        yield connection
        connection.rollback()


def test_names_that_are_taken_are_the_same_in_both_languages(connection: Connection[Any]) -> None:
    connection.execute("RESET ROLE")
    taken = connection.execute("SELECT geoservice.taken_columns()").fetchone()
    kept = connection.execute(
        "SELECT array_agg(DISTINCT attname) FROM pg_attribute WHERE attnum <> 0 AND NOT attisdropped AND attrelid IN"
        " ('geoservice.own_point'::regclass, 'geoservice.own_point_history'::regclass)"
    ).fetchone()

    assert taken is not None
    assert kept is not None
    assert set(taken[0]) == TAKEN
    assert set(kept[0]) - {column["name"] for column in COLUMNS} <= TAKEN
    for name in ("a", "a1_", "a" * 40, "a" * 41, "", "1", "Ä", "a-b", "a_history", "A", "a\n", "a b"):
        row = connection.execute("SELECT geoservice.is_own_name(%s)", [name]).fetchone()
        assert row == (is_name(name),), name


HOSTILE = ['x"; DROP TABLE geoservice.camera; --', "x) ; DROP TABLE geoservice.camera; --", "%I", "%s", "", None, "A",
           "Ä", "a" * 41, "a\nb", "pg_temp.x", "x_history", "geoservice.x", "$1", "\\"]  # fmt: skip


@pytest.mark.parametrize("name", [*HOSTILE, "point", "cameras"])
def test_a_hostile_or_taken_name_makes_no_layer(connection: Connection[Any], name: str | None) -> None:
    with pytest.raises(psycopg.Error, match=r"can not be called|already"):
        create_layer(connection, name, description())


@pytest.mark.parametrize("name", [*HOSTILE, "geom", "xmin", "code", "until"])
def test_a_hostile_or_taken_name_makes_no_column(connection: Connection[Any], name: str | None) -> None:
    with pytest.raises(psycopg.errors.InvalidName, match="can not be called"):
        create_layer(connection, "fresh", description(columns=[{"name": name, "type": "text", "codes": []}]))


@pytest.mark.parametrize(
    ("geometry", "column"),
    [
        ("Point, 4326) --", {"name": "a", "type": "text"}),
        (None, {"name": "a", "type": "text"}),
        ("Point", {"name": "a", "type": "text; DROP TABLE geoservice.camera"}),
        ("Point", {"name": "a", "type": None}),
        ("Point", {"name": "a", "type": "text", "codes": [{"code": None}]}),
        ("Point", {"name": "a", "type": "text", "codes": [{"code": "13812345678"}]}),
        ("Point", {"name": "a", "type": "integer", "codes": [{"code": "1"}]}),
    ],
)
def test_what_is_no_geometry_type_or_code_is_refused(connection: Connection[Any], geometry: Any, column: Any) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        create_layer(connection, "fresh", description(geometry, [column]))


def test_values_of_a_code_are_values_however_they_look(connection: Connection[Any]) -> None:
    evil = "'); DROP TABLE geoservice.camera; --"
    column = {"name": "kind", "type": "text", "codes": [{"code": evil}, {"code": "{a,b}"}]}
    create_layer(connection, "fresh", description(columns=[column]))

    for code in (evil, "{a,b}"):
        connection.execute(
            f"INSERT INTO geoservice.own_fresh (jurisdiction_id, code, kind, geom) SELECT id, %s, %s, {INSIDE}",
            [code[:3], code],
        )
    with pytest.raises(psycopg.errors.CheckViolation, match="kind_own_text"):
        connection.execute("UPDATE geoservice.own_fresh SET kind = 'a'")


@pytest.mark.parametrize(
    ("column", "value"),
    [("a_text", "call 13812345678"), ("a_text", ""), ("a_text", "x" * 201), ("a_number", "NaN"), ("a_number", "inf"),
     ("a_instant", "infinity"), ("a_instant", "0044-03-15 BC"), ("a_instant", "9999-12-31"),
     ("kind", "x"), ("code", " x"), ("geom", "SRID=4326;POINT(200 0)")],
)  # fmt: skip
def test_no_door_stores_what_may_not_be(connection: Connection[Any], column: str, value: str) -> None:
    wanted = {"code": "'C'", "geom": "st_pointonsurface(outline)"} | {column: "%s"}
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            f"INSERT INTO geoservice.own_point (jurisdiction_id, {', '.join(wanted)})"  # noqa: S608  names of our own
            f" SELECT id, {', '.join(wanted.values())} FROM geoservice.jurisdiction WHERE code = 'town'",
            [value],
        )


def test_lines_and_areas_take_nothing_else(connection: Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            f"INSERT INTO geoservice.own_geometry (jurisdiction_id, code, geom) SELECT id, 'P', {INSIDE}"
        )


def test_who_may_read_and_write_its_features_and_who_may_make_and_drop_it(town: OpenTown) -> None:
    insert = f"INSERT INTO geoservice.own_point (jurisdiction_id, code, geom) SELECT id, 'P', {INSIDE}"
    with town.as_login(town.analyst) as analyst:
        analyst.execute(insert)
        assert analyst.execute("SELECT grid_code IS NOT NULL FROM geoservice.own_point").fetchone() == (True,)
        analyst.execute("DELETE FROM geoservice.own_point")
        assert analyst.execute("SELECT count(*) FROM geoservice.own_point_history").fetchone() == (1,)
    with town.as_login(town.reader) as reader:
        reader.execute("SELECT * FROM geoservice.own_point")
    forbidden = (
        "SELECT geoservice.create_layer('fresh', '{}', '{}', 14, 17, '{}')", "SELECT geoservice.drop_layer('point')",
        "DROP TABLE geoservice.own_point", "ALTER TABLE geoservice.own_point DISABLE TRIGGER ALL",
        "DELETE FROM geoservice.layer", "INSERT INTO geoservice.own_point_history (code) VALUES ('x')",
        "TRUNCATE geoservice.own_point",
    )  # fmt: skip
    for login in (town.analyst, town.reader):
        for statement in forbidden:
            with town.as_login(login) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    with town.as_login(town.reader) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(insert.encode())


def test_the_service_makes_and_drops_layers_and_owns_none(connection: Connection[Any]) -> None:
    create_layer(connection, "fresh", description(columns=COLUMNS))
    owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'own_fresh'").fetchone()
    assert owner != ("geoservice_app",)
    connection.execute("SELECT geoservice.drop_layer('fresh', 'test')")
    for name, words in (("fresh", "There is no layer"), ("cameras", "built in"), (None, "There is no layer")):
        with pytest.raises(psycopg.Error, match=words), connection.transaction():
            connection.execute("SELECT geoservice.drop_layer(%s)", [name])


def test_two_who_make_a_layer_of_one_name_are_told_so(town: OpenTown) -> None:
    with psycopg.connect(town.url) as first, psycopg.connect(town.url) as second:
        create_layer(first, "fresh", description())
        second.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            create_layer(second, "fresh", description())
        first.rollback()


def test_what_is_kept_of_a_layer_describes_it_whole(town: OpenTown) -> None:
    database = Database.connect(town.url, pool_size=1)
    with database.transaction() as connection:
        layers = {layer.id: layer for layer in queries.own_layers(connection).layers}
        assert queries.faults(connection) == {}
        for layer in layers.values():
            Staging(connection, layer, 1)
    database.close()

    assert set(layers) == {"point", "multilinestring", "multipolygon", "geometry"}
    for layer in layers.values():
        assert described(layer_of(layer.id, json.loads(json.dumps(described(layer))))) == described(layer)
        assert [column.name for column in own_columns(layer)] == [column["name"] for column in COLUMNS]


def test_what_was_read_before_what_is_held_is_left_out() -> None:
    late = 2**62  # than whatever is read beside
    tree = replace(catalogue()["cameras"], id="trees")
    hold((tree,), view=late + 1)
    hold((), view=late)
    assert "trees" in catalogue()

    hold((), view=late + 1)
    assert "trees" not in catalogue()
    hold(())
