"""The schema has one text, in files by noun, and the revisions lead to the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from geoservice.errors import LayerNotAsDescribed, SchemaDiffers
from geoservice.services import schema
from layers.catalogue import catalogue
from layers.db.base import Base
from layers.db.history import history_of
from layers.db.session import owner_connection
from migrations.schema import NAMES, statements
from tests.conftest import with_database
from tests.migrations.catalogue_of import QUERIES, describe, differences
from tests.own_layers import one_of_each

FOLDER = Path(__file__).parents[2] / "migrations" / "schema"
MADE = re.compile(r"^CREATE (?:UNIQUE )?(FUNCTION|TABLE|TYPE|VIEW|INDEX) (?:geoservice\.)?(\w+)", re.MULTILINE)
#: A trigger's name is that of its table, too.
TRIGGERS = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER (\w+) [^;]*? ON geoservice\.(\w+)", re.MULTILINE)
CONSTRAINTS = """
    SELECT conname FROM pg_constraint AS c JOIN pg_namespace AS n ON n.oid = c.connamespace WHERE nspname = 'geoservice'
"""


def described(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return describe(connection)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


# The files.


def test_every_file_is_loaded_and_every_name_is_a_file() -> None:
    assert sorted(NAMES) == sorted(path.stem for path in FOLDER.glob("*.sql"))


def made_in(text: str) -> list[str]:
    return [f"{kind} {name}" for kind, name in MADE.findall(text)] + [
        f"TRIGGER {table}.{name}" for name, table in TRIGGERS.findall(text)
    ]


def test_an_object_is_made_once() -> None:
    made = Counter(made_in(statements()))

    assert sum(made.values()) > 200
    assert [what for what, times in made.items() if times > 1] == []


def test_an_object_made_twice_would_be_seen() -> None:
    twice = statements() + FOLDER.joinpath("ownership.sql").read_text(encoding="utf-8")

    assert "FUNCTION owner_of" in [what for what, times in Counter(made_in(twice)).items() if times > 1]


def test_what_is_made_is_not_changed_afterwards() -> None:
    changes = re.findall(r"^(?:CREATE OR REPLACE|DROP|ALTER) .*", statements(), re.MULTILINE)

    # Storage has no place in CREATE TABLE before PostgreSQL 16.
    assert [change for change in changes if " SET STORAGE " not in change] == []


def test_a_file_speaks_of_now() -> None:
    words = re.compile(r"\bas before\b|\b00[0-9]{2}\b|\bno longer\b.*\bnow\b", re.IGNORECASE)

    assert [line for line in statements().splitlines() if line.startswith("--") and words.search(line)] == []


def test_rights_are_given_in_one_file_only() -> None:
    giving = re.compile(r"^\s*(?:GRANT|REVOKE)\b", re.MULTILINE)
    givers = [name for name in NAMES if giving.search(FOLDER.joinpath(f"{name}.sql").read_text(encoding="utf-8"))]

    assert givers == ["rights"]


# One schema, two ways.


def test_the_files_and_the_revisions_make_the_same_schema(new_database: Callable[[], str]) -> None:
    by_files, by_revisions = new_database(), new_database()
    with owner_connection(by_files) as connection:
        schema.create(connection)
    with owner_connection(by_revisions) as connection:
        schema.bring_forward(connection)

    one, other = described(by_files), described(by_revisions)

    assert {name.partition(" ")[0] for name in one} >= QUERIES.keys() - {"policy"}
    assert len(one) > 800
    assert differences(one, other) == []
    for query in (
        "SELECT version_num FROM geoservice_schema_version",
        "SELECT * FROM geoservice.lifecycle ORDER BY rule, from_status",
        "SELECT number FROM geoservice.outbox_head",
    ):
        assert rows(by_files, query) == rows(by_revisions, query) != []


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("CREATE OR REPLACE FUNCTION geoservice.overlap_tolerance_m() RETURNS double precision"
         " LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 0.6", "function geoservice.overlap_tolerance_m()"),
        ("ALTER FUNCTION geoservice.overlap_tolerance_m() STABLE", "function geoservice.overlap_tolerance_m()"),
        ("ALTER FUNCTION geoservice.guard_grid() SECURITY INVOKER", "function geoservice.guard_grid()"),
        ("ALTER FUNCTION geoservice.guard_grid() RESET search_path", "function geoservice.guard_grid()"),
        ("ALTER FUNCTION geoservice.guard_grid() OWNER TO geoservice_app", "function geoservice.guard_grid()"),
        ("GRANT EXECUTE ON FUNCTION geoservice.guard_grid() TO PUBLIC", "function geoservice.guard_grid()"),
        ("GRANT DELETE ON geoservice.incident TO geoservice_app", "relation geoservice.incident"),
        ("GRANT UPDATE (status) ON geoservice.edition TO geoservice_analyst", "column geoservice.edition.status"),
        ("GRANT CREATE ON SCHEMA geoservice TO geoservice_app", "schema geoservice"),
        ("ALTER TABLE geoservice.incident DROP CONSTRAINT incident_owned_or_queued,"
         " ADD CONSTRAINT incident_owned_or_queued CHECK ((grid_code IS NULL) = (method = 'none')) NOT VALID",
         "constraint geoservice.incident.incident_owned_or_queued"),
        ("ALTER TABLE geoservice.incident DISABLE TRIGGER route", "trigger geoservice.incident.route"),
        ("ALTER TABLE geoservice.incident ENABLE ALWAYS TRIGGER route", "trigger geoservice.incident.route"),
        ("ALTER TABLE geoservice.jurisdiction ALTER accuracy_m SET DEFAULT 16",
         "column geoservice.jurisdiction.accuracy_m"),
        ("ALTER TABLE geoservice.camera ALTER grid_code SET NOT NULL", "column geoservice.camera.grid_code"),
        ("ALTER TABLE geoservice.territory ALTER geom SET STORAGE MAIN", "column geoservice.territory.geom"),
        ("ALTER TABLE geoservice.camera OWNER TO geoservice_app", "relation geoservice.camera"),
        ("COMMENT ON TABLE geoservice.camera IS 'eyes'", "relation geoservice.camera"),
        ("COMMENT ON COLUMN geoservice.camera.code IS 'short'", "column geoservice.camera.code"),
        ("DROP INDEX geoservice.ix_camera_sector", "index geoservice.ix_camera_sector"),
        ("CREATE TYPE geoservice.mood AS ENUM ('good')", "type geoservice.mood"),
        ("ALTER TYPE geoservice.move ADD ATTRIBUTE reason text", "column geoservice.move.reason"),
        ("ALTER SEQUENCE geoservice.grid_id_seq INCREMENT 2", "sequence geoservice.grid_id_seq"),
        ("CREATE POLICY mine ON geoservice.household USING (true)", "policy geoservice.household.mine"),
        ("CREATE OR REPLACE VIEW geoservice.draft_grid AS"
         " SELECT g.id, g.edition_id, g.code, g.name, g.name_en, g.parent_code, g.unowned_reason, g.geom"
             " FROM geoservice.grid AS g",
         "relation geoservice.draft_grid"),
    ],
)  # fmt: skip
def test_a_difference_is_named(cluster_url: str, template: str, change: str, seen: str) -> None:
    with psycopg.connect(with_database(cluster_url, template)) as connection:  # and taken back
        before = describe(connection)
        connection.execute("SET LOCAL search_path TO public")
        connection.execute(change.encode())
        after = describe(connection)
        connection.rollback()

    assert seen in differences(before, after)


# What the code declares.


def test_the_declared_tables_are_those_of_the_schema(database_url: str) -> None:
    schema.check(database_url)


def test_own_layers_are_described_and_not_declared(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        one_of_each(connection)

    schema.check(database_url)
    schema.upgrade(database_url)


def test_a_difference_between_tables_and_schema_would_be_seen(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE geoservice.building DROP COLUMN floors CASCADE")

    with pytest.raises(SchemaDiffers, match=r"add column .*building\.floors"):
        schema.check(database_url)


def test_a_layer_described_otherwise_than_it_is_stored_is_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = dict(catalogue())
    cameras = layers["cameras"]
    misspelt = replace(cameras, columns=(*cameras.columns, replace(cameras.columns[0], name="heigth_m")))
    monkeypatch.setattr(schema, "built_in", lambda: layers | {"cameras": misspelt})

    with pytest.raises(LayerNotAsDescribed, match=r"cameras.*heigth_m"):
        schema.upgrade(database_url)


def test_every_declared_table_and_no_other_is_in_the_schema(database_url: str) -> None:
    tables = rows(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'geoservice'")

    assert {name for (name,) in tables} == {table.name for table in Base.metadata.tables.values()}


def test_every_constraint_named_in_the_files_exists(database_url: str) -> None:
    named = set(re.findall(r"CONSTRAINT ([a-z_]+) *(?:$|CHECK|UNIQUE|EXCLUDE|FOREIGN)", statements(), re.MULTILINE))

    with psycopg.connect(database_url) as connection:
        one_of_each(connection)
    assert len(named) > 5
    assert named - {name for (name,) in rows(database_url, CONSTRAINTS)} == set()


def test_every_geometry_column_has_type_srid_and_a_check(database_url: str) -> None:
    columns = rows(database_url, """
        SELECT f_table_name || '.' || f_geometry_column FROM geometry_columns
          JOIN pg_class ON oid = format('%I.%I', f_table_schema, f_table_name)::regclass AND relkind = 'r'
         WHERE f_table_schema = 'geoservice' AND srid = 4326
    """)  # fmt: skip
    checked = rows(database_url, """
        SELECT DISTINCT relname || '.' || attname FROM pg_constraint AS c
          JOIN pg_class ON pg_class.oid = conrelid
          JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
         WHERE contype = 'c' AND pg_get_constraintdef(c.oid) ~ 'is_sound|is_position' AND NOT attisdropped
    """)  # fmt: skip

    # Only triggers write twins of layers, territory, draft_change and the outlines of a step, from what was checked; a
    # finding shows a defect as it is; what is put into the inbox is checked in the table of incidents.
    twins = {f"{history_of(layer.table)}.{column}" for layer in catalogue().values() for column in ("geom", "sector")}
    assert {name for (name,) in columns} - {name for (name,) in checked} - twins == {
        "territory.geom", "territory.border", "draft_change.before_geom", "draft_change.after_geom", "finding.geom",
        "draft_step.outline_before", "draft_step.outline_after", "incident_inbox.geom",
    }  # fmt: skip
