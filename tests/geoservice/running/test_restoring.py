"""A backup restored into a new embedded database, whole or not at all; where one is, nothing is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import DatabaseRuns, DatabaseThere, DiskFull
from geoservice.running import restoring
from geoservice.running.instance import Instance
from geoservice.running.restoring import restore_backup
from geoservice.services.backup.archive import read_manifest
from geoservice.services.backup.dumping import back_up
from geoservice.services.backup.errors import BackupDamaged, RestoreDiffers
from geoservice.services.openings import find_openings
from geoservice.settings import Settings
from tests.conftest import free_port
from tests.geoservice.services.backup.rows import hashes_of


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        yield Path(name)


@pytest.fixture
def data_dir(place: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="d", dir=place)) / "data"


@pytest.fixture
def settings(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    data_dir.parent.chmod(0o755)
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL", raising=False)
    return Settings(data_dir=data_dir, database_port=free_port())


@pytest.fixture
def backup(community_url: str, place: Path) -> Iterator[Path]:
    file = place / "town.backup"
    back_up(community_url, file, replace=True)
    yield file
    file.unlink()


def everything_in(directory: Path) -> dict[str, tuple[int, int]]:
    """Return size and change of every file but locks."""
    return {
        str(path.relative_to(directory)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def run(settings: Settings, file: Path) -> None:
    restore_backup(settings, file, report=lambda line: None)


def test_a_new_data_directory_holds_what_was_backed_up_and_serves(
    settings: Settings, backup: Path, community_url: str
) -> None:
    manifest, restored = restore_backup(settings, backup, report=lambda line: None)

    assert (restored.tables, restored.rows) == (len(manifest.tables), manifest.rows)
    cluster = Cluster(settings.data_dir, settings.database_port, settings.service_account)
    assert cluster.postmaster() is None, "it is left stopped: `up` starts it"
    cluster.start()
    try:
        there, before = hashes_of(cluster.url), hashes_of(community_url)
        # Another cluster counts transactions from elsewhere, so another era of the audit begins; what was sealed stays.
        assert there.pop("geoservice.audit_head") != before.pop("geoservice.audit_head")
        assert there == before
        assert head_of(cluster.url) == head_of(community_url)
        assert find_openings(cluster.service_url) == []
        with psycopg.connect(cluster.service_url) as connection:
            connection.execute("SET ROLE geoservice_everywhere")
            assert connection.execute("SELECT count(*) FROM geoservice.incident").fetchone() == (286,)
    finally:
        cluster.stop()
    assert list(settings.data_dir.glob("database.new-*")) == []


def head_of(url: str) -> object:
    """Return how far the audit is sealed."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT seq, hash, sealed_era, sealed_tx, sealed_id FROM geoservice.audit_head"
        ).fetchone()


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def changed(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 3)
        byte = opened.read(1)
        opened.seek(-1, os.SEEK_CUR)
        opened.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("spoil", [cut, changed])
def test_a_file_that_is_not_whole_leaves_no_database(
    settings: Settings, backup: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(backup)

    with pytest.raises(BackupDamaged):
        run(settings, backup)

    assert not (settings.data_dir / "database").exists()
    assert list(settings.data_dir.glob("database.new-*")) == []


@pytest.mark.slow
def test_rows_that_differ_leave_no_database(settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = restoring.extract

    def extract(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        more = found.manifest.model_copy(update={"tables": found.manifest.tables | {"geoservice.grid": 999}})
        return type(found)(more, found.dump)

    monkeypatch.setattr(restoring, "extract", extract)

    with pytest.raises(RestoreDiffers):
        run(settings, backup)

    assert not (settings.data_dir / "database").exists()


def test_a_disk_that_is_too_small_is_told_before_anything_is_made(
    settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_GROWTH", 10**9)

    with pytest.raises(DiskFull):
        run(settings, backup)

    assert everything_in(settings.data_dir) == {}


def test_a_database_that_is_there_stays_as_it_is(settings: Settings, backup: Path) -> None:
    cluster = Cluster(settings.data_dir, settings.database_port, settings.service_account)
    cluster.create()
    before = everything_in(settings.data_dir)

    with pytest.raises(DatabaseThere) as refused:
        run(settings, backup)

    assert "mv " in refused.value.advice()
    assert everything_in(settings.data_dir) == before


def test_a_directory_of_files_that_are_no_database_stays_as_it_is(settings: Settings, backup: Path) -> None:
    (settings.data_dir / "database").mkdir(parents=True)
    (settings.data_dir / "database" / "notes.txt").write_text("mine")

    with pytest.raises(DatabaseThere):
        run(settings, backup)

    assert everything_in(settings.data_dir).keys() == {"database/notes.txt"}


def test_a_database_that_runs_goes_on(settings: Settings, backup: Path) -> None:
    cluster = Cluster(settings.data_dir, settings.database_port, settings.service_account)
    cluster.ensure()
    try:
        running = cluster.postmaster()
        with pytest.raises(DatabaseRuns) as refused:
            run(settings, backup)
        assert "geoservice stop" in refused.value.advice()
        assert cluster.postmaster() == running
    finally:
        cluster.stop()


def test_a_service_that_starts_at_this_moment_is_not_disturbed(settings: Settings, backup: Path) -> None:
    instance = Instance(settings.data_dir)
    assert instance.acquire()
    try:
        with pytest.raises(DatabaseRuns):
            run(settings, backup)
    finally:
        instance.release()

    assert not (settings.data_dir / "database").exists()


@pytest.mark.slow
def test_what_a_killed_restore_left_is_cleared_away(settings: Settings, backup: Path) -> None:
    left = settings.data_dir / "database.new-killed"
    unfinished = Cluster(left, settings.database_port, settings.service_account)
    unfinished.ensure()

    run(settings, backup)

    assert not left.exists()
    assert unfinished.postmaster() is None
    assert read_manifest(backup).tables
    assert (settings.data_dir / "database" / "PG_VERSION").exists()


@pytest.mark.slow
def test_a_restore_without_a_list_of_erasures_says_so(settings: Settings, backup: Path) -> None:
    environment = os.environ | {
        "GEOSERVICE_DATA_DIR": str(settings.data_dir), "GEOSERVICE_DATABASE_PORT": str(settings.database_port)
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("geoservice")), "db", "restore", str(backup)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"no list of erasures at {settings.data_dir}" in told.stderr
    assert "GEOSERVICE_ERASURE_LIST" in told.stderr
