"""A copy of a GeoPackage as its last transaction left it, also while an editor has it open."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from geoservice.reading.file_errors import FileInUse

#: What SQLite keeps beside a file: transactions that are not in it yet, or that it may have to take back.
_BESIDE = ("-wal", "-journal")
#: For whoever is writing at the moment.
_WAIT_S = 2.0


def files_of(geopackage: Path) -> list[Path]:
    """Return a GeoPackage and what lies beside it that belongs to its content."""
    beside = [geopackage.with_name(geopackage.name + ending) for ending in _BESIDE]
    return [geopackage, *(file for file in beside if file.is_file() and file.stat().st_size)]


def is_open_elsewhere(geopackage: Path) -> bool:
    """Return whether the file alone does not hold all that was saved."""
    return len(files_of(geopackage)) > 1


def copy_geopackage(source: Path, target: Path) -> None:
    """Copy a GeoPackage with everything that was committed, whichever of its files that is in; raise FileInUse."""
    source = source.resolve()
    if not is_open_elsewhere(source):
        shutil.copyfile(source, target)
        return
    if _is_left_over(source):
        _recover(source, target)
        return
    try:
        _back_up(source, target)
    except sqlite3.Error as exc:
        if "locked" in str(exc):
            raise FileInUse(file=source.name, reason=str(exc)) from exc
        _recover(source, target)


def _is_left_over(geopackage: Path) -> bool:
    """Return whether transactions lie beside a file that no program has open: they have no index in shared memory.

    SQLite would make one, in a folder that is not ours. Source: sqlite.org/walformat.html, 2.2.
    """
    beside = {ending: geopackage.with_name(geopackage.name + ending) for ending in ("-wal", "-shm")}
    return beside["-wal"].is_file() and not beside["-shm"].exists()


def _back_up(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, timeout=_WAIT_S)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        # A lock that is waited for only so long; a backup by itself would wait for ever.
        there.execute("BEGIN")
        there.execute("SELECT count(*) FROM sqlite_master").fetchone()
        there.backup(here)
        here.execute("PRAGMA journal_mode=DELETE")  # one file from here on


def _recover(source: Path, target: Path) -> None:
    """Copy what an editor left that ended in the middle, and have SQLite take back or finish what it had begun."""
    for file in files_of(source):
        shutil.copyfile(file, target.with_name(target.name + file.name.removeprefix(source.name)))
    try:
        with closing(sqlite3.connect(target)) as copied:
            copied.execute("PRAGMA journal_mode=DELETE").fetchone()
            copied.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as exc:
        raise FileInUse(file=source.name, reason=str(exc)) from exc
