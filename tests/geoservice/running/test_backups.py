"""Backups on a schedule: one is made when it is due, by the command, in a process of its own; what fails is told."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from geoservice.cli.db import db
from geoservice.embedded.cluster import Cluster
from geoservice.embedded.stepping_down import server_account
from geoservice.running import backups
from geoservice.running.backups import ScheduledBackups
from geoservice.services.backup.archive import verify
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls, Settings
from tests.conftest import free_port
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        cluster = Cluster(Path(name) / "data", free_port())
        cluster.ensure()
        prepare_database(DatabaseUrls(cluster.service_url, cluster.url))
        yield cluster
        cluster.stop()


@pytest.fixture
def settings(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL", raising=False)
    kept = Path(tempfile.mkdtemp(prefix="kept", dir=cluster.layout.data_dir.parent))
    kept.chmod(0o755)
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(cluster.layout.data_dir))
    monkeypatch.setenv("GEOSERVICE_DATABASE_PORT", str(cluster.port))
    monkeypatch.setenv("GEOSERVICE_BACKUP_DIR", str(kept / "backups"))
    return Settings()


def scheduled(settings: Settings) -> ScheduledBackups:
    return ScheduledBackups(settings, server_account(settings.service_account), os.environ, first_s=0)


def after_a_look(one: ScheduledBackups) -> None:
    one.keep()
    wait_until(lambda: one.keep() or one.pid is None, "the look ends")


def test_one_is_made_when_it_is_due_and_none_when_it_is_not(settings: Settings) -> None:
    assert settings.backup_dir is not None
    one = scheduled(settings)

    after_a_look(one)

    (made,) = settings.backup_dir.glob("*.backup")
    assert verify(made).tables["geoservice.jurisdiction"] == 0
    assert one.wait_s is not None
    assert 3000 < one.wait_s <= 3600

    after_a_look(scheduled(settings))
    assert list(settings.backup_dir.glob("*.backup")) == [made]


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="root steps down to an account; nobody else can")
def test_root_has_it_made_by_the_account_of_the_database(settings: Settings) -> None:
    assert settings.backup_dir is not None
    account = server_account(settings.service_account).account
    after_a_look(scheduled(settings))

    (made,) = settings.backup_dir.glob("*.backup")
    assert made.stat().st_uid == settings.backup_dir.stat().st_uid == (0 if account is None else account.uid)


def test_none_is_made_where_no_directory_is_named_and_of_no_database_of_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = settings.model_copy(update={"backup_dir": None})
    one = scheduled(without)
    one.keep()
    assert (one.pid, one.wait_s) == (None, None)

    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", "postgresql://nobody@nowhere/x")
    other = scheduled(Settings())
    other.keep()
    assert (other.pid, other.wait_s) == (None, None)


@pytest.mark.slow
def test_what_fails_is_told_and_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(backups.log, "error", lambda event, **more: said.append((event, more)), raising=False)
    assert settings.backup_dir is not None
    settings.backup_dir.write_text("a file, where a directory should be")
    one = scheduled(settings)

    after_a_look(one)

    assert len(said) == 1
    assert str(settings.backup_dir) in str(said[0][1]["reason"])
    assert one.wait_s is not None


def written(settings: Settings) -> list[Path]:
    """Return what is in the directory of backups beside its lock."""
    assert settings.backup_dir is not None
    return [one for one in settings.backup_dir.iterdir() if one.suffix != ".lock"]


@pytest.fixture
def in_background() -> Iterator[None]:
    """Be what a shell began in the background: SIGINT is ignored, also by whatever is begun from here."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("in_background")
@pytest.mark.parametrize("is_writing", [False, True])
def test_one_that_runs_ends_with_the_service_and_leaves_nothing(settings: Settings, is_writing: bool) -> None:
    assert settings.backup_dir is not None
    one = scheduled(settings)
    one.keep()
    assert one.pid is not None
    process = psutil.Process(one.pid)
    if is_writing:
        wait_until(lambda: written(settings), "a file is begun")

    one.stop()

    assert not process.is_running()
    assert written(settings) == []


def test_the_command_keeps_a_directory_and_says_what_it_did(settings: Settings) -> None:
    assert settings.backup_dir is not None
    made = CliRunner().invoke(db, ["backup", "--json"], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    file = Path(json.loads(made.stdout)["file"])
    assert file.parent == settings.backup_dir

    assert CliRunner().invoke(db, ["backup", "--when-due"], catch_exceptions=False).output == ""
    checked = CliRunner().invoke(db, ["backup", "--check", str(file)], catch_exceptions=False)
    assert checked.output.startswith(f"{file}: ")
    assert checked.output.endswith("It is whole.\n")


@pytest.mark.parametrize(
    "words",
    [["backup", "--check"], ["backup", "--check", "/nowhere/x"], ["restore", "/nowhere/x"], ["backup", "/nowhere/x"]],
)
@pytest.mark.usefixtures("settings")
def test_a_file_or_a_folder_that_is_not_there_is_told(words: list[str]) -> None:
    assert CliRunner().invoke(db, words).exit_code == 2
