"""Backups of a directory: one more, the oldest of this database go, and nothing else does."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path

import pytest

from geoservice.services.backup import keeping
from geoservice.services.backup.archive import read_manifest
from geoservice.services.backup.errors import BackupRuns


@pytest.fixture
def stamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each backup named a second later, without waiting for it."""
    real, made = keeping.datetime, iter(range(1000))

    class Later(real):
        @classmethod
        def now(cls, tz: object = None) -> object:
            return real.now(tz) + timedelta(seconds=next(made))

    monkeypatch.setattr(keeping, "datetime", Later)


@pytest.mark.usefixtures("stamps")
def test_the_oldest_of_this_database_go_and_what_is_not_ours_stays(
    database_url: str, community_url: str, tmp_path: Path
) -> None:
    kept = [keeping.keep_another(database_url, tmp_path, copies=9).file for _ in range(3)]
    other = keeping.keep_another(community_url, tmp_path, copies=1)
    (tmp_path / "geoservice-20200101T000000Z.backup").write_bytes(b"somebody's")
    (tmp_path / "holiday.tar").write_bytes(b"somebody's")
    (tmp_path / "geoservice-20200102T000000Z.backup").symlink_to(kept[0])
    assert other.removed == ()

    newest = keeping.keep_another(database_url, tmp_path, copies=2)

    assert newest.removed == (kept[1], kept[0])
    assert {path.name for path in tmp_path.glob("[!.]*")} == {
        newest.file.name, kept[2].name, other.file.name, "holiday.tar",
        "geoservice-20200101T000000Z.backup", "geoservice-20200102T000000Z.backup",
    }  # fmt: skip


def test_it_is_due_when_there_is_none_of_this_database_or_the_newest_is_old(
    database_url: str, community_url: str, tmp_path: Path
) -> None:
    assert keeping.is_due(database_url, tmp_path / "missing", every_h=24)
    file = keeping.keep_another(database_url, tmp_path, copies=1).file

    assert not keeping.is_due(database_url, tmp_path, every_h=24)
    assert keeping.is_due(database_url, tmp_path, every_h=0)
    assert keeping.is_due(community_url, tmp_path, every_h=24), "another database's backup is none of this one"
    assert keeping.newest_of(database_url, tmp_path) == (file, read_manifest(file))


def test_two_at_once_are_one_too_many(database_url: str, tmp_path: Path) -> None:
    with (tmp_path / ".geoservice-backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupRuns):
            keeping.keep_another(database_url, tmp_path, copies=1)

    assert list(tmp_path.glob("*.backup")) == []
