"""The whole of a tile set: which tiles it has, which of them are not kept yet, cutting those on every core."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import groupby, islice

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.crs import Bbox
from layers.db.base import SCHEMA
from layers.db.session import Database
from layers.layer import Layer
from tilegen.drawing import DrawnEdition
from tilegen.encode import Cut, cut_edition_tiles, cut_tiles
from tilegen.matrix import DEEPEST_ZOOM, Tile, tiles_of
from tilegen.store import TileSetName, TileStore

#: A tile waits for it when it is first asked for: a third of the time of level 4, for a tenth more bytes.
GZIP_LEVEL = 1
#: Tiles of one statement: few where each has many features, more where there are few.
_BATCH = 16
#: Only the versions of so many tiles are asked for in one statement.
_VERSIONS = 2_000
_STATEMENT_TIMEOUT_S = 60.0
_quote = postgresql.dialect().identifier_preparer.quote_identifier


@dataclass(frozen=True)
class TileSource:
    """Where tiles of one layer in one jurisdiction come from.

    Parameters
    ----------
    edition
        Of the layer of grids; else None.
    """

    name: TileSetName
    layer: Layer
    jurisdiction_id: int
    edition: DrawnEdition | None = None

    def cut(self, connection: Connection, tiles: Sequence[Tile], *, version: int | None = None) -> list[Cut]:
        """Return tiles of one zoom; see `tilegen.encode`."""
        if self.edition is not None:
            return cut_edition_tiles(connection, self.edition, tiles, version=version)
        return cut_tiles(connection, self.layer, self.jurisdiction_id, tiles, version=version)

    def own_versions(self, connection: Connection, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, int]]:
        """Yield tiles with the versions that they have now."""
        for _, of_zoom in groupby(tiles, key=lambda tile: tile.z):
            for some in _batched(of_zoom, _VERSIONS):
                yield from ((cut.tile, cut.version) for cut in self.cut(connection, some, version=-1))


def compressed(data: bytes) -> bytes:
    """Return a tile as it is kept and sent: gzip, always the same for the same; nothing stays nothing."""
    return gzip.compress(data, GZIP_LEVEL, mtime=0) if data else b""


def is_whole(data: bytes) -> bool:
    """Return whether a tile that was kept can be read: a disk that fails gives back something else."""
    try:
        return not data or bool(gzip.decompress(data))
    except (OSError, EOFError, zlib.error):
        return False


def extent_of(connection: Connection, source: TileSource, bbox: Bbox) -> Bbox:
    """Return the box, EPSG:4326, of a jurisdiction and of the features of a layer around it.

    What lies farther from it than it is large is cut when it is asked for: a camera at 0, 0 is no reason for a million
    tiles of the sea.
    """
    if source.edition is not None:
        return bbox
    geom = f"f.{_quote(source.layer.geom)}"
    row = connection.execute(
        text(f"""
            SELECT min(st_xmin({geom})), min(st_ymin({geom})), max(st_xmax({geom})), max(st_ymax({geom}))
              FROM {SCHEMA}.{_quote(source.layer.table)} AS f WHERE f.jurisdiction_id = :jurisdiction_id
        """),  # noqa: S608  names are quoted, values bound
        {"jurisdiction_id": source.jurisdiction_id},
    ).one()
    if row[0] is None:
        return bbox
    wide, high = bbox.east - bbox.west, bbox.north - bbox.south
    return Bbox(
        min(bbox.west, max(row[0], bbox.west - wide)), min(bbox.south, max(row[1], bbox.south - high)),
        max(bbox.east, min(row[2], bbox.east + wide)), max(bbox.north, min(row[3], bbox.north + high)),
    )  # fmt: skip


def tiles_now(connection: Connection, source: TileSource, extent: Bbox, zooms: range) -> list[tuple[Tile, int]]:
    """Return the tiles of a tile set with the versions that they have now, by zoom."""
    every = [tile for zoom in zooms if zoom <= DEEPEST_ZOOM for tile in tiles_of(extent, zoom)]
    return list(source.own_versions(connection, every))


def build(
    connect: Callable[[], Database],
    store: TileStore,
    work: Sequence[tuple[TileSource, Sequence[Tile]]],
    *,
    processes: int,
    on_done: Callable[[int, int], None],
) -> int:
    """Cut tiles and keep them; return how many could not be kept: touched meanwhile, or no room.

    Whoever is killed leaves what was kept until then; the rest is missing when it is asked again. Whoever is broken
    off ends what is begun, and no more.

    Parameters
    ----------
    connect
        Opens the database, in each process anew. None may be open here: processes are forked.
    on_done
        Told how many tiles were cut, and their bytes, compressed.

    Raises
    ------
    concurrent.futures.process.BrokenProcessPool
        A process was killed.
    """
    pieces = [
        (source, some)
        for source, tiles in work
        for _, of_zoom in groupby(tiles, key=lambda tile: tile.z)
        for some in _batched(of_zoom, _BATCH)
    ]
    left = 0
    # Forked, not started anew: everything is imported already.
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(processes, context, _begin, (connect, store))
    try:
        for future in as_completed([pool.submit(_cut_piece, *piece) for piece in pieces]):
            cut, kept, size = future.result()
            left += cut - kept
            on_done(cut, size)
    finally:
        pool.shutdown(cancel_futures=True)
    return left


def _batched(tiles: Iterator[Tile], size: int) -> Iterator[list[Tile]]:
    while some := list(islice(tiles, size)):
        yield some


class _Worker:
    """What a process works with."""

    database: Database
    store: TileStore


def _begin(connect: Callable[[], Database], store: TileStore) -> None:
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    _Worker.database, _Worker.store = connect(), store


def _end_with_parent() -> None:
    """End this process once the one is dead that wanted tiles: else it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _cut_piece(source: TileSource, tiles: list[Tile]) -> tuple[int, int, int]:
    """Return how many tiles were cut, how many of them were kept, their bytes."""
    with _Worker.database.transaction(timeout_s=_STATEMENT_TIMEOUT_S) as connection:
        cuts = source.cut(connection, tiles)
    whole = [(cut.tile, cut.version, compressed(cut.data)) for cut in cuts if cut.data is not None]
    kept = len(whole) if _Worker.store.put(source.name, whole, patient=True) else 0
    return len(tiles), kept, sum(len(data) for _, _, data in whole)
