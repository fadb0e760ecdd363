"""The way from nothing to the newest schema and back: one line of descent, whole or not at all, as declared."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import make_url

from geoservice.services import schema
from layers.db.base import Base
from layers.errors import LayerError
from tests.factories import make_incident, make_town

MIGRATIONS = Path(__file__).parents[2] / "migrations"
REVISIONS = sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
#: What a migration leaves in the database: everything with a name and an owner that is not PostGIS's own.
OBJECTS = """
    SELECT 'relation ' || c.oid::regclass FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('geoservice', 'public') AND NOT EXISTS
           (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname = 'geoservice'
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'geoservice'
    ORDER BY 1
"""
CONSTRAINTS = """
    SELECT conname FROM pg_constraint AS c JOIN pg_namespace AS n ON n.oid = c.connamespace WHERE nspname = 'geoservice'
"""


@pytest.fixture
def empty_url(cluster_url: str) -> Iterator[str]:
    """Return the superuser's URL of a database with nothing in it."""
    database = f"geoservice_empty_{os.getpid()}"
    name = sql.Identifier(database)
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield make_url(cluster_url).set(database=database).render_as_string(hide_password=False)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return [first for first, *_ in connection.execute(query.encode()).fetchall()]


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


# The files.


def test_revisions_are_four_digits_in_one_line_without_a_gap() -> None:
    numbers = [name[:4] for name in REVISIONS]

    assert all(re.fullmatch(r"[0-9]{4}_[a-z_]+", name) for name in REVISIONS)
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    descent = [(revision.revision, revision.down_revision) for revision in script().walk_revisions()]
    assert descent[::-1] == list(zip(numbers, [None, *numbers], strict=False))


def test_head_names_the_newest_revision() -> None:
    assert (MIGRATIONS / "HEAD").read_text(encoding="ascii").strip() == REVISIONS[-1][:4] == schema.head()


@pytest.mark.parametrize("name", REVISIONS)
def test_a_revision_has_its_sql_both_ways_and_says_what_it_locks(name: str) -> None:
    revision = script().get_revision(name[:4])

    assert "Locks:" in revision.doc
    for way in ("up", "down"):
        assert (MIGRATIONS / "sql" / f"{name}.{way}.sql").is_file()


def test_no_revision_imports_the_application() -> None:
    imported = {
        line
        for path in (MIGRATIONS / "versions").glob("*.py")
        for line in re.findall(r"^(?:from|import) .*", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert {line for line in imported if re.search(r"geoservice|layers|tilegen", line)} == set()


# The way.


def test_up_down_and_up_again_give_the_same_schema(empty_url: str) -> None:
    schema.upgrade(empty_url)
    first = rows(empty_url, OBJECTS)
    schema.downgrade(empty_url, revision="base")
    left = rows(empty_url, OBJECTS)
    schema.upgrade(empty_url)

    assert [name for name in left if "geoservice." in name or name.startswith("schema")] == []
    assert rows(empty_url, OBJECTS) == first


def test_each_step_can_be_taken_back_and_taken_again(empty_url: str) -> None:
    reached = []
    for name in REVISIONS:
        schema.upgrade(empty_url, revision=name[:4])
        reached.append(rows(empty_url, OBJECTS))

    for name, objects in zip(REVISIONS[-2::-1], reached[-2::-1], strict=True):
        schema.downgrade(empty_url, revision=name[:4])
        assert rows(empty_url, OBJECTS) == objects

    schema.upgrade(empty_url)
    assert rows(empty_url, OBJECTS) == reached[-1]


def test_a_schema_with_data_can_be_taken_down_too(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
        make_incident(connection)

    schema.downgrade(database_url, revision="base")

    assert rows(database_url, "SELECT nspname FROM pg_namespace WHERE nspname = 'geoservice'") == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    before = rows(database_url, OBJECTS)

    assert schema.upgrade(database_url) == schema.head()

    assert rows(database_url, OBJECTS) == before


def test_two_who_upgrade_at_once_both_find_it_done(empty_url: str) -> None:
    reached: list[str] = []
    threads = [threading.Thread(target=lambda: reached.append(schema.upgrade(empty_url))) for _ in (1, 2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reached == [schema.head()] * 2
    assert rows(empty_url, "SELECT version_num FROM geoservice_schema_version") == [schema.head()]


def test_the_declared_tables_are_the_migrated_ones(database_url: str) -> None:
    schema.check(database_url)


def test_a_difference_between_tables_and_migrations_would_be_seen(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE geoservice.building DROP COLUMN floors")

    with pytest.raises(Exception, match="New upgrade operations detected"):
        schema.check(database_url)


def test_every_declared_table_and_no_other_is_in_the_schema(database_url: str) -> None:
    tables = rows(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'geoservice'")

    assert set(tables) == {table.name for table in Base.metadata.tables.values()}


def test_every_constraint_named_in_the_migrations_exists(database_url: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (MIGRATIONS / "sql").glob("*.up.sql"))
    named = set(re.findall(r"CONSTRAINT ([a-z_]+) *(?:$|CHECK|UNIQUE|EXCLUDE|FOREIGN)", text, re.MULTILINE))

    assert len(named) > 5
    assert named - set(rows(database_url, CONSTRAINTS)) == set()


def test_every_geometry_column_has_type_srid_and_a_check(database_url: str) -> None:
    columns = rows(database_url, """
        SELECT f_table_name || '.' || f_geometry_column FROM geometry_columns
         WHERE f_table_schema = 'geoservice' AND srid = 4326
    """)  # fmt: skip
    checked = rows(database_url, """
        SELECT DISTINCT relname || '.' || attname FROM pg_constraint AS c
          JOIN pg_class ON pg_class.oid = conrelid
          JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
         WHERE contype = 'c' AND pg_get_constraintdef(c.oid) ~ 'is_sound|is_position' AND NOT attisdropped
    """)  # fmt: skip

    # Only triggers write territory and draft_change, from grids that were checked; draft_grid is a view of such;
    # a finding shows a defect as it is.
    assert set(columns) - set(checked) == {
        "territory.geom", "territory.border", "draft_change.before_geom", "draft_change.after_geom", "draft_grid.geom",
        "finding.geom",
    }  # fmt: skip


# Interruption.


def killed_while_upgrading(url: str, *, after_s: float) -> bool:
    """Kill the backend of an upgrade some time after it began; return whether it was killed before its end."""
    ended: list[object] = []

    def upgrade() -> None:
        try:
            ended.append(schema.upgrade(url))
        except (LayerError, psycopg.Error) as error:
            ended.append(error)

    thread = threading.Thread(target=upgrade)
    thread.start()
    killer = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with psycopg.connect(make_url(url).set(database="postgres").render_as_string(hide_password=False)) as connection:
        time.sleep(after_s)
        connection.execute(killer, [make_url(url).database])
    thread.join()
    return not isinstance(ended[0], str)


def test_an_upgrade_killed_in_the_middle_leaves_nothing_and_can_be_run_again(empty_url: str) -> None:
    before = rows(empty_url, OBJECTS)
    killed = 0

    for after_s in (0.2, 0.4, 0.6, 0.9, 1.2, 1.5):
        if killed_while_upgrading(empty_url, after_s=after_s):
            killed += 1
            assert rows(empty_url, OBJECTS) == before
        else:
            break

    assert killed > 0
    assert schema.upgrade(empty_url) == schema.head()
    schema.check(empty_url)
