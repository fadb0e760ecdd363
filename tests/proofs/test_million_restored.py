"""A database of a million incidents, backed up and restored on a disk: the same rows; how long it took is printed.

On the disk of GEOSERVICE_TEST_DISK, /var/tmp unless told; it needs about 4 GB there.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from geoservice.embedded.cluster import Cluster
from geoservice.running.restoring import restore_backup
from geoservice.services.backup.dumping import back_up
from geoservice.services.demo import load_demo
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls, Settings
from tests.conftest import free_port
from tests.geoservice.services.backup.rows import hashes_of

pytestmark = pytest.mark.prove

INCIDENTS, AT_ONCE = 1_000_000, 50_000
#: Through the triggers: each is routed, has its line of history and its event.
REPORT = """
    INSERT INTO geoservice.incident (service_code, geom, description)
    SELECT (SELECT min(code) FROM geoservice.service), st_setsrid(st_makepoint(
               st_xmin(b.box) + random() * (st_xmax(b.box) - st_xmin(b.box)),
               st_ymin(b.box) + random() * (st_ymax(b.box) - st_ymin(b.box))), 4326), 'report ' || n
      FROM generate_series(1, %s) AS n,
           (SELECT st_extent(t.geom) AS box FROM geoservice.territory AS t WHERE t.valid @> now() OFFSET 0) AS b
"""


@pytest.fixture
def place() -> Iterator[Path]:
    disk = os.environ.get("GEOSERVICE_TEST_DISK", "/var/tmp")  # noqa: S108  a directory of its own is made in it
    with tempfile.TemporaryDirectory(prefix="gs-", dir=disk) as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        yield Path(name)


def test_a_million_incidents_come_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL", raising=False)
    file = place / "million.backup"
    origin = Cluster(place / "data", free_port())
    origin.ensure()
    try:
        prepare_database(DatabaseUrls(origin.service_url, origin.url))
        load_demo(origin.service_url, lambda line: None, owner=origin.url)
        for _ in range(INCIDENTS // AT_ONCE):
            with psycopg.connect(origin.url) as connection:
                connection.execute(REPORT.encode(), [AT_ONCE])
        before = hashes_of(origin.url)
        began = time.monotonic()
        manifest = back_up(origin.url, file)
        backup_s = time.monotonic() - began
    finally:
        origin.stop()
    assert manifest.tables["geoservice.incident"] >= INCIDENTS

    settings = Settings(data_dir=place / "again", database_port=free_port())
    began = time.monotonic()
    _, restored = restore_backup(settings, file, report=lambda line: None)
    restore_s = time.monotonic() - began

    again = Cluster(settings.data_dir, settings.database_port)
    again.start()
    try:
        assert hashes_of(again.url) == before
    finally:
        again.stop()
    print(
        f"\n{manifest.tables['geoservice.incident']:,} incidents, {restored.rows:,} rows of {restored.tables} tables:"
        f" backed up in {backup_s:.1f} s, {file.stat().st_size / 1e6:.0f} MB; restored, compared and brought up to date"
        f" in {restore_s:.1f} s; load {os.getloadavg()[0]:.1f}"
    )
