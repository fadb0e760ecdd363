"""Tiles that were cut, on the disk: what is lost here is cut again. Bounded, and never the reason that something fails.

One SQLite file for all processes of a machine. A tile is kept under its own version: nothing in it is ever out of date.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import structlog

from layers.errors import LayerError
from tilegen.matrix import Tile

log = structlog.get_logger()

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS tile (
        jurisdiction TEXT NOT NULL, layer TEXT NOT NULL, z INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL,
        version INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (jurisdiction, layer, z, x, y, version)
    ) WITHOUT ROWID
"""
_GET = "SELECT data FROM tile WHERE jurisdiction = ? AND layer = ? AND z = ? AND x = ? AND y = ? AND version = ?"
_REMOVE = "DELETE FROM tile WHERE jurisdiction = ? AND layer = ? AND z = ? AND x = ? AND y = ? AND version = ?"
_PUT = "INSERT OR IGNORE INTO tile VALUES (?, ?, ?, ?, ?, ?, ?)"
#: A writer waits so long for another one, then does without; one that builds a pyramid waits longer.
_WAIT_MS = 20
_PATIENT_MS = 60_000
#: After the disk was full, or the file could not be used, it is left alone for so long.
_REST_S = 60.0
#: How much there is is looked at after so many bytes were put.
_LOOK_EVERY_BYTES = 4_000_000


class StoreUnusable(LayerError):
    """Where tiles are kept can not be used. A file of tiles may be deleted while nothing runs: they are cut again."""

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.fields['file']}: {self.fields['why']})"


class TileSetName(NamedTuple):
    """A layer in a jurisdiction, by their codes."""

    jurisdiction: str
    layer: str


@dataclass(frozen=True)
class StoreLimits:
    """How much of the disk tiles may take.

    Parameters
    ----------
    most_bytes
        The file grows to this size.
    reserve_bytes
        So much stays free on its disk, whatever else: the database may live there.
    """

    most_bytes: int
    reserve_bytes: int


class TileStore:
    """The file, opened by each thread that uses it.

    Parameters
    ----------
    path
        Made when something is put.
    """

    def __init__(self, path: Path, limits: StoreLimits) -> None:
        self._path, self._limits = path, limits
        self._own = threading.local()
        self._rests_until_s = 0.0
        self._bytes_since_look: int | None = None
        self._full = False

    def get(self, of: TileSetName, tile: Tile, version: int) -> bytes | None:
        """Return a tile, gzip; None when it is not there."""
        try:
            connection = self._connection(make=False)
            found = connection and connection.execute(_GET, (*of, *tile, version)).fetchone()
        except (sqlite3.Error, OSError) as exc:
            self._rest(exc)
            return None
        return found[0] if found else None

    def put(self, of: TileSetName, tiles: Iterable[tuple[Tile, int, bytes]], *, patient: bool = False) -> bool:
        """Keep tiles with their versions, gzip; return whether they were kept.

        Parameters
        ----------
        patient
            Wait for other writers; else tiles are not kept while somebody writes.
        """
        rows = [(*of, *tile, version, data) for tile, version, data in tiles]
        try:
            if not self._has_room(sum(len(row[-1]) for row in rows)):
                return False
            connection = self._connection(make=True)
            if connection is None:
                return False
            connection.execute(f"PRAGMA busy_timeout = {_PATIENT_MS if patient else _WAIT_MS}")
            with connection:
                connection.executemany(_PUT, rows)
        except (sqlite3.Error, OSError) as exc:
            if "locked" not in str(exc):  # another process writes: the tile is cut again some day
                self._rest(exc)
            return False
        return True

    def versions(self, of: TileSetName) -> Iterator[tuple[Tile, int]]:
        """Yield what is kept of a tile set; raise StoreUnusable."""
        with self._telling():
            connection = self._connection(make=False)
            if connection is not None:
                kept = "SELECT z, x, y, version FROM tile WHERE jurisdiction = ? AND layer = ?"
                for z, x, y, version in connection.execute(kept, of):
                    yield Tile(z, x, y), version

    def remove(self, of: TileSetName, tiles: Iterable[tuple[Tile, int]]) -> int:
        """Forget tiles of a tile set; return how many there were; raise StoreUnusable."""
        with self._telling():
            connection = self._connection(make=False)
            if connection is None:
                return 0
            connection.execute(f"PRAGMA busy_timeout = {_PATIENT_MS}")
            with connection:
                gone = connection.executemany(_REMOVE, ((*of, *tile, version) for tile, version in tiles)).rowcount
            # As a script: executed as a statement it gives one page back and stops.
            connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
        self._full = False
        return max(gone, 0)

    def bytes_used(self) -> int:
        """Return the size of the file, with what was not written into it yet."""
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def _has_room(self, size: int) -> bool:
        self._bytes_since_look = None if self._bytes_since_look is None else self._bytes_since_look + size
        if self._full or self._bytes_since_look is None or self._bytes_since_look > _LOOK_EVERY_BYTES:
            self._bytes_since_look = size
            home = next(place for place in self._path.parents if place.exists())
            free = shutil.disk_usage(home).free
            used = self.bytes_used() + size
            full = used > self._limits.most_bytes or free - size < self._limits.reserve_bytes
            if full and not self._full:
                log.warning("no more tiles are kept", bytes=used, free=free, mend="geoservice tiles prune")
            self._full = full
        return not self._full

    def _connection(self, *, make: bool) -> sqlite3.Connection | None:
        if time.monotonic() < self._rests_until_s:
            return None
        own: tuple[int, sqlite3.Connection] | None = getattr(self._own, "opened", None)
        if own is not None and own[0] == os.getpid():
            return own[1]
        if not make and not self._path.exists():
            return None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_PATIENT_MS / 1000)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_SCHEMA)
        self._own.opened = (os.getpid(), connection)
        return connection

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise StoreUnusable: who looks after the store is told what a map does without."""
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            raise StoreUnusable(file=str(self._path), why=str(exc)) from exc

    def _rest(self, error: Exception) -> None:
        log.warning("tiles are not kept for a while", reason=f"{type(error).__name__}: {error}", seconds=_REST_S)
        self._rests_until_s = time.monotonic() + _REST_S
        own = getattr(self._own, "opened", None)
        if own is not None:
            del self._own.opened
            with closing(own[1]):
                pass
