"""The way from nothing, or from an older revision, to the newest: one line of descent, forward, whole or not at all."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from geoservice.services import schema
from layers.db.session import owner_connection
from layers.errors import LayerError
from tests.migrations.catalogue_of import describe

MIGRATIONS = Path(__file__).parents[2] / "migrations"
REVISIONS = sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
#: Ends the session that makes an object, when it has made it.
DEADLY = """
    CREATE FUNCTION public.die() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() AS c WHERE c.object_identity = '{made}') THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
        END IF;
    END $$;
    CREATE EVENT TRIGGER die ON ddl_command_end EXECUTE FUNCTION public.die();
"""


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def described(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return describe(connection)


def revision_of(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT version_num FROM geoservice_schema_version").fetchall()


def geoservice_is_there(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT to_regnamespace('geoservice'), to_regclass('public.geoservice_schema_version')"
        )
        return found.fetchone() != (None, None)


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
def test_a_revision_leads_forward_only_and_says_what_it_locks(name: str) -> None:
    revision = script().get_revision(name[:4])

    assert "Locks:" in revision.doc
    assert callable(revision.module.upgrade)
    assert not hasattr(revision.module, "downgrade")


def test_no_revision_reads_what_may_change_after_it() -> None:
    """Neither the application nor the schema's files: a revision is frozen, with all that it runs."""
    imported = {
        line
        for path in (MIGRATIONS / "versions").glob("*.py")
        for line in re.findall(r"^(?:from|import) .*", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert {line for line in imported if re.search(r"geoservice|layers|tilegen|schema", line)} == set()


# The way.


def test_a_fresh_database_has_the_newest_revision(empty_url: str) -> None:
    assert schema.upgrade(empty_url) == schema.head()

    assert revision_of(empty_url) == [(schema.head(),)]


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    before = described(database_url)

    assert schema.upgrade(database_url) == schema.head()

    assert described(database_url) == before


def test_a_database_of_an_unknown_revision_is_left_alone(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE geoservice_schema_version SET version_num = '9999'")
    before = described(database_url)

    with pytest.raises(Exception, match="9999"):
        schema.upgrade(database_url)

    assert described(database_url) == before


def test_two_who_upgrade_at_once_both_find_it_done(empty_url: str) -> None:
    reached: list[str] = []
    threads = [threading.Thread(target=lambda: reached.append(schema.upgrade(empty_url))) for _ in (1, 2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reached == [schema.head()] * 2
    assert revision_of(empty_url) == [(schema.head(),)]


# Interruption.


@pytest.mark.parametrize("way", [schema.create, schema.bring_forward])
@pytest.mark.parametrize("made", [
    "geoservice.draft_grid",
    pytest.param("geoservice.jurisdiction", marks=pytest.mark.slow),
    pytest.param("geoservice.announce_change()", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_session_killed_in_the_middle_leaves_nothing_and_can_be_run_again(empty_url: str, way, made: str) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute(DEADLY.format(made=made).encode())

    with pytest.raises(LayerError), owner_connection(empty_url) as connection:
        way(connection)

    assert not geoservice_is_there(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("DROP EVENT TRIGGER die")
    assert schema.upgrade(empty_url) == schema.head()
    schema.check(empty_url)
