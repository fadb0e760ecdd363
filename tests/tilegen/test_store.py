"""Kept tiles: found again, never in the way, never more than they may take."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from tilegen.matrix import Tile
from tilegen.store import StoreLimits, TileSetName, TileStore

OF = TileSetName("sare", "buildings")
TILE = Tile(14, 1, 2)
PLENTY = StoreLimits(most_bytes=10_000_000, reserve_bytes=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "tiles.sqlite"


def test_what_was_put_is_found_by_tile_and_version(path: Path) -> None:
    store = TileStore(path, PLENTY)
    assert store.get(OF, TILE, 7) is None
    assert not path.exists()  # looking makes nothing

    assert store.put(OF, [(TILE, 7, b"seven"), (TILE, 8, b"")])

    assert TileStore(path, PLENTY).get(OF, TILE, 7) == b"seven"
    assert store.get(OF, TILE, 8) == b""
    assert store.get(OF, TILE, 9) is None
    assert store.get(TileSetName("sare", "cameras"), TILE, 7) is None
    assert sorted(store.versions(OF)) == [(TILE, 7), (TILE, 8)]


def test_a_version_is_never_written_anew(path: Path) -> None:
    store = TileStore(path, PLENTY)
    store.put(OF, [(TILE, 7, b"first")])
    store.put(OF, [(TILE, 7, b"second")])

    assert store.get(OF, TILE, 7) == b"first"


def test_what_is_removed_is_gone_and_gives_its_room_back(path: Path) -> None:
    store = TileStore(path, PLENTY)
    store.put(OF, [(Tile(14, x, 0), 7, bytes(20_000)) for x in range(100)])
    full = store.bytes_used()

    assert store.remove(OF, [(Tile(14, x, 0), 7) for x in range(100)]) == 100

    assert list(store.versions(OF)) == []
    assert store.bytes_used() < full / 4


def test_it_grows_to_its_bound_and_no_further(path: Path) -> None:
    store = TileStore(path, StoreLimits(most_bytes=2_000_000, reserve_bytes=0))
    for x in range(2_000):
        store.put(OF, [(Tile(14, x, 0), 7, bytes(10_000))])

    assert store.bytes_used() < 2_000_000 + 6_000_000  # it looks every so many bytes
    assert not store.put(OF, [(Tile(14, 5000, 0), 7, b"more")])
    assert store.get(OF, Tile(14, 0, 0), 7) == bytes(10_000)


def test_the_reserve_of_the_disk_is_not_touched(path: Path) -> None:
    store = TileStore(path, StoreLimits(most_bytes=10_000_000, reserve_bytes=1 << 60))

    assert not store.put(OF, [(TILE, 7, b"seven")])
    assert store.get(OF, TILE, 7) is None


def test_a_file_that_is_no_store_is_left_alone_and_does_not_fail(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else altogether" * 1000)
    store = TileStore(path, PLENTY)

    assert store.get(OF, TILE, 7) is None
    assert not store.put(OF, [(TILE, 7, b"seven")])
    assert path.read_bytes().startswith(b"something else")


def test_a_disk_that_is_full_is_no_error(path: Path) -> None:
    store = TileStore(path, PLENTY)
    store.put(OF, [(TILE, 7, b"seven")])
    store._connection(make=True).execute("PRAGMA max_page_count = 8")  # type: ignore[union-attr]  as a full disk is told

    assert not store.put(OF, [(Tile(14, x, 0), 7, bytes(4_000)) for x in range(100)])
    assert store.get(OF, TILE, 7) is None  # it rests a while


def test_who_can_not_write_at_once_does_without(path: Path) -> None:
    store = TileStore(path, PLENTY)
    store.put(OF, [(TILE, 7, b"seven")])
    writing = sqlite3.connect(path, isolation_level=None)
    writing.execute("BEGIN IMMEDIATE")

    assert not store.put(OF, [(TILE, 8, b"eight")])
    assert store.get(OF, TILE, 7) == b"seven"
    writing.execute("COMMIT")
    assert store.put(OF, [(TILE, 8, b"eight")])
    writing.close()


def test_threads_read_and_write_together(path: Path) -> None:
    store, wrong = TileStore(path, PLENTY), []

    def work(number: int) -> None:
        for x in range(50):
            store.put(OF, [(Tile(14, x, number), 7, b"%d" % x)], patient=True)
            if store.get(OF, Tile(14, x, number), 7) != b"%d" % x:
                wrong.append((number, x))

    crowd = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert wrong == []
    assert len(list(store.versions(OF))) == 200
