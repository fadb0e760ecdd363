"""A backup while eight writers report: restored, it holds every report that was acknowledged before it began."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from geoservice.embedded.cluster import Cluster
from tests.conftest import free_port
from tests.faults.ledger import Ledger, faults_in
from tests.faults.serving import COMMAND, Service, bounds_of
from tests.waiting import wait_until

pytestmark = pytest.mark.faults

WRITERS = 8
REPORTS = 150
#: Tables whose rows are only added, with what tells a row.
ADDED_TO = {"geoservice.incident_event": "id", "geoservice.territory": "id", "geoservice.draft_change": "id"}


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        yield Path(name)


@pytest.fixture
def service(place: Path) -> Iterator[Service]:
    service = Service(place)
    try:
        yield service
    finally:
        service.end()


def run(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_was_acknowledged_before_a_backup_is_in_it(service: Service, place: Path) -> None:
    file = place / "town.backup"
    ledger = _started(service)
    try:
        wait_until(lambda: len(ledger.entries) >= REPORTS, "reports are taken")
        before = list(ledger.entries)
        told = json.loads(run(service.environment, "db", "backup", str(file), "--json"))
        ledger.wait_for_the_next()
    finally:
        ledger.stop()
    assert len(ledger.entries) > len(before), "nobody wrote during the backup"
    assert ledger.tally.unexpected == []

    restored = Cluster(place / "again", free_port())
    again = service.environment | {
        "GEOSERVICE_DATA_DIR": str(place / "again"), "GEOSERVICE_DATABASE_PORT": str(restored.port)
    }  # fmt: skip
    said = run(again, "db", "restore", str(file))

    rows = sum(told["tables"].values())
    assert f"{len(told['tables'])} tables, {rows:,} rows, all as in the manifest" in said
    restored.start()
    try:
        with psycopg.connect(restored.url) as connection, psycopg.connect(service.cluster.url) as origin:
            for table, key in ADDED_TO.items():
                _assert_rows_of(table, key, connection, origin)
            (held,) = connection.execute(
                "SELECT count(*) FROM geoservice.incident WHERE description LIKE 'ledger %'"
            ).fetchone() or (0,)
            print(f"{len(before)} acknowledged before, {held} held, {len(ledger.entries)} acknowledged in all")
            assert len(before) <= held <= len(ledger.entries) + ledger.tally.cut
            assert faults_in(before, connection) == []
    finally:
        restored.stop()


def _started(service: Service) -> Ledger:
    key = service.wait_for_key()
    with psycopg.connect(service.cluster.url) as connection:
        bounds = bounds_of(connection)
        (service_code,) = connection.execute("SELECT min(code) FROM geoservice.service").fetchone() or ("",)
    ledger = Ledger(service.port, key, service_code, bounds)
    ledger.start(WRITERS)
    return ledger


def _assert_rows_of(table: str, key: str, restored: psycopg.Connection, origin: psycopg.Connection) -> None:
    """Fail unless each row is as it is where it comes from."""
    query = sql.SQL("SELECT t.{}::text, md5(t::text) FROM {} AS t")
    query = query.format(sql.Identifier(key), sql.Identifier(*table.split(".")))
    found, there = (dict(one.execute(query).fetchall()) for one in (restored, origin))
    assert {row: there.get(row) for row in found} == found
