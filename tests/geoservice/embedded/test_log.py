"""PostgreSQL's log tells who came and what became of the database, and holds no word of anybody."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from geoservice.embedded.cluster import LOGS_KEPT, Cluster
from geoservice.embedded.layout import Layout
from geoservice.services.openings import find_openings
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls
from layers.db.session import Database
from layers.errors import LayerError
from tests.conftest import free_port
from tests.factories import make_town
from tests.waiting import wait_until

#: In everything that is sent; nowhere in the log.
MARK = "13812345678"

#: Each holds the mark where PostgreSQL's defaults write it down: detail, statement, message, parameter.
STATEMENTS = (
    "INSERT INTO t (id, words) VALUES (1, 'ring 13812345678 please, it is too long')",
    "INSERT INTO t VALUES (0, '13812345678'), (0, '13812345678')",
    "INSERT INTO t (words) VALUES ('13812345678')",
    "SELECT 'ring 13812345678'::integer",
    "SELEKT 'ring 13812345678'",
    "SELECT 'ring 13812345678",
    'SELECT "13812345678" FROM t',
    "SELECT st_geomfromtext('POINT(13812345678 x)')",
    "DO $$ BEGIN RAISE EXCEPTION 'ring 13812345678' USING DETAIL = '13812345678', HINT = '13812345678'; END $$",
    "DO $$ BEGIN RAISE WARNING 'ring 13812345678'; END $$",
    "DO $$ BEGIN RAISE NOTICE 'ring 13812345678'; END $$",
    "SELECT pg_sleep(1.2), '13812345678'",
    "SET statement_timeout = 50; SELECT pg_sleep(5), '13812345678'",
    "COPY (SELECT '13812345678'::text) TO '/nonexistent/13812345678'",
    "SELECT '13812345678'",
    "CREATE TABLE v (words text DEFAULT '13812345678')",
    "SELECT pg_terminate_backend(pg_backend_pid()), '13812345678'",
)
#: With a parameter, which holds the mark.
WITH_PARAMETER = ("INSERT INTO t VALUES (2, %s)", "SELECT %s::text::integer", "SELECT pg_sleep(1.2), %s::text")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name) / "data", free_port())
        cluster.ensure()
        prepare_database(DatabaseUrls(cluster.service_url, cluster.url))
        with psycopg.connect(cluster.url) as connection:
            connection.execute("CREATE TABLE t (id integer PRIMARY KEY, words text CHECK (length(words) < 20))")
        yield cluster
        cluster.stop()


def whole_log(cluster: Cluster) -> str:
    """Return all that PostgreSQL wrote down, wherever: the data directory's own files are not text."""
    return "\n".join(file.read_text(errors="replace") for file in cluster.layout.log_dir.iterdir())


def run(cluster: Cluster, *statements: str, parameter: str | None = None) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection, suppress(psycopg.Error):
        for statement in statements:
            connection.execute(statement.encode(), None if parameter is None else [parameter])


def wait_for_the_log(cluster: Cluster, words: str) -> None:
    """Wait until what was said until now is written, by words that are made to be."""
    run(cluster, "SET log_min_messages = warning", f"DO $$ BEGIN RAISE WARNING '{words}'; END $$")
    wait_until(lambda: words in whole_log(cluster), "the log is written")


def test_nothing_that_is_sent_is_written_down(cluster: Cluster) -> None:
    for statement in STATEMENTS:
        run(cluster, statement)
    for statement in WITH_PARAMETER:
        run(cluster, statement, parameter=f"ring {MARK}, again and again")

    wait_for_the_log(cluster, "all was sent")
    assert MARK not in whole_log(cluster)


def test_a_refused_report_is_not_written_down_either(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        make_town(connection)
    database = Database.connect(cluster.service_url, pool_size=1)

    with pytest.raises(LayerError), database.transaction() as connection:
        connection.execute(
            text("INSERT INTO geoservice.incident (service_code, description, geom)"
                 " VALUES ('light', :words, st_setsrid(st_makepoint(500, 0), 4326))"),
            {"words": f"ring {MARK}"},
        )  # fmt: skip
    database.close()

    wait_for_the_log(cluster, "the report was refused")
    assert MARK not in whole_log(cluster)


def test_it_tells_who_came_and_who_was_not_let_in(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(cluster.tcp_url, password="wrong")
    psycopg.connect(cluster.service_url, dbname="geoservice").close()

    wait_until(lambda: "password authentication failed" in whole_log(cluster), "the refusal is told")
    wait_until(lambda: "user=geoservice_service" in whole_log(cluster), "the login is told")


def test_nothing_stands_open_in_the_database_that_the_service_runs_for_itself(cluster: Cluster) -> None:
    assert find_openings(cluster.service_url) == []


def test_its_files_are_closed_to_others_and_change(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        settings = dict(connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN ('log_rotation_age', 'log_rotation_size')"
        ).fetchall())  # fmt: skip

    assert all(int(value) > 0 for value in settings.values())
    assert len(settings) == 2
    assert {file.stat().st_mode & 0o077 for file in cluster.layout.logs} == {0}


def test_of_old_files_the_oldest_go(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, free_port())
    logs = Layout(tmp_path).log_dir
    logs.mkdir()
    names = ["postgresql.log", "postgresql.log.1", *(f"postgresql-2026-01-{day:02}T000000.log" for day in range(1, 29))]
    for age, name in enumerate(names):
        (logs / name).write_text("of an earlier release")
        os.utime(logs / name, (age, age))
    (logs / "start.log").write_text("stays")

    cluster.prune_logs()

    assert sorted(file.name for file in logs.iterdir()) == sorted([*names[-LOGS_KEPT:], "start.log"])
    assert cluster.layout.log_file.name == names[-1]
