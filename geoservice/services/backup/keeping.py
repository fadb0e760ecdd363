"""Backups of a directory: one more, and the oldest go. Only backups of this database that were kept so are removed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from geoservice.services.backup.archive import UNFINISHED_PREFIX, OnBytes, read_manifest
from geoservice.services.backup.dumping import back_up, identity_of
from geoservice.services.backup.errors import BackupDamaged, BackupRuns
from geoservice.services.backup.manifest import Manifest

#: geoservice-20261129T021500Z.backup: an instant in UTC, so that the order of names is that of time.
_NAME = re.compile(r"geoservice-(\d{8}T\d{6}Z)\.backup", re.ASCII)
_INSTANT = "%Y%m%dT%H%M%SZ"
_LOCK = ".geoservice-backup.lock"
#: What a backup that was killed left is removed when nobody can be at work on it any more.
_LEFT_S = 86_400.0


@dataclass(frozen=True)
class Kept:
    """A backup that was made, and those that went for it."""

    file: Path
    manifest: Manifest
    removed: tuple[Path, ...]


def keep_another(owner_url: str, directory: Path, *, copies: int, on_bytes: OnBytes = lambda count: None) -> Kept:
    """Make a backup in a directory, then remove the oldest of the same database, so that `copies` stay.

    Nothing is removed unless the new one is there. Raise BackupRuns while another is made there, and what making one
    raises.
    """
    with _alone_in(directory):
        _clear_unfinished(directory)
        file = directory / f"geoservice-{datetime.now(UTC).strftime(_INSTANT)}.backup"
        manifest = back_up(owner_url, file, on_bytes=on_bytes)
        return Kept(file, manifest, _remove_oldest(directory, manifest, copies=copies))


def newest_of(owner_url: str, directory: Path) -> tuple[Path, Manifest] | None:
    """Return the newest backup of a database in a directory; None without one. Raise LayerError."""
    if not directory.is_dir():
        return None
    return next(_own(directory, identity_of(owner_url)), None)


def is_due(owner_url: str, directory: Path, *, every_h: float) -> bool:
    """Tell whether the newest backup of a database in a directory was begun so long ago, or there is none."""
    newest = newest_of(owner_url, directory)
    return newest is None or datetime.now(UTC) - newest[1].started_at > timedelta(hours=every_h)


def _remove_oldest(directory: Path, newest: Manifest, *, copies: int) -> tuple[Path, ...]:
    old = tuple(path for path, _ in islice(_own(directory, (newest.cluster, newest.database)), copies, None))
    for one in old:
        one.unlink(missing_ok=True)
    return old


def _own(directory: Path, identity: tuple[str, str]) -> Iterator[tuple[Path, Manifest]]:
    """Return the backups of a database, by their names and by what they say of themselves, the newest first."""
    for path in sorted((path for path in directory.iterdir() if _instant_of(path)), reverse=True):
        with suppress(BackupDamaged, OSError):  # whatever that is, somebody should look at it
            told = read_manifest(path)
            if (told.cluster, told.database) == identity:
                yield path, told


def _instant_of(path: Path) -> datetime | None:
    match = _NAME.fullmatch(path.name)
    if match is None or path.is_symlink() or not path.is_file():
        return None
    try:
        return datetime.strptime(match[1], _INSTANT).replace(tzinfo=UTC)
    except ValueError:  # a 31st of February
        return None


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as exc:
        raise BackupRuns(directory=directory) from exc
    finally:
        os.close(descriptor)


def _clear_unfinished(directory: Path) -> None:
    for left in directory.glob(f"{UNFINISHED_PREFIX}*"):
        if left.is_dir() and not left.is_symlink() and time.time() - left.stat().st_mtime > _LEFT_S:
            shutil.rmtree(left, ignore_errors=True)
