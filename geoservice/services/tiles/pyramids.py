"""Whole tile sets: build what is missing, verify what is kept, write it into a file, prune what is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection

from geoservice.assigning.point_errors import NothingInForce
from geoservice.errors import LiesAcross180
from geoservice.services.tiles.errors import (
    TilesBrokenOff,
    TilesDamaged,
    TilesEmpty,
    TilesMissing,
    TilesNotKept,
    TilesUnwritable,
)
from geoservice.services.tiles.service import DRAWING_TIMEOUT_S, TileService, TileSet
from geoservice.writing.exported_file import exported_file, require_place
from layers.antimeridian import lies_across
from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.db.session import Database
from layers.jurisdictions.queries import outline_at
from tilegen.drawing import DrawnEdition
from tilegen.export import write_mbtiles, write_pmtiles
from tilegen.matrix import DEEPEST_ZOOM, Tile
from tilegen.pyramid import TileSource, build, extent_of, is_whole, tiles_now
from tilegen.store import TileSetName, TileStore
from tilegen.tilejson import lowest_zoom, tilejson
from tilegen.verify import verify

log = structlog.get_logger()

#: Told how many are done, of how many.
OnProgress = Callable[[int, int], None]
WRITERS = {".pmtiles": write_pmtiles, ".mbtiles": write_mbtiles}
#: Tiles that are looked at in one statement.
_PIECE = 64


@dataclass(frozen=True)
class Built:
    """What building did."""

    tiles: int
    #: Of them, those that were kept already.
    kept: int
    #: Of them, those that could not be kept: touched while they were cut, or no room.
    left: int
    #: Compressed, of what was cut.
    bytes: int


class PyramidService:
    """The tile sets of one database, in one store.

    Parameters
    ----------
    connect
        Opens the database, in each process that cuts tiles anew.
    """

    def __init__(self, connect: Callable[[], Database], store: TileStore | None) -> None:
        self._connect, self._store = connect, store

    def build(
        self, jurisdiction: str, layers: Sequence[str] = (), *, zooms: range = range(DEEPEST_ZOOM + 1), processes: int,
        on_progress: OnProgress,
    ) -> Built:  # fmt: skip
        """Cut the tiles that are not kept yet, on so many processes; of every layer when none is named.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LiesAcross180, NothingInForce, TilesNotKept, StoreUnusable, TilesBrokenOff
        """
        store, work, every, size = self._kept(), [], 0, 0
        database = self._connect()
        try:
            for source, tile_set, extent in self._sources(database, jurisdiction, layers):
                wanted = range(max(zooms.start, lowest_zoom(tile_set.tiling)), zooms.stop)
                kept = set(store.versions(source.name))
                with database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
                    now = tiles_now(connection, source, extent, wanted)
                every += len(now)
                work.append((source, [tile for tile, version in now if (tile, version) not in kept]))
        finally:
            database.close()  # processes are forked below
        lacked, done = sum(len(tiles) for _, tiles in work), 0

        def on_done(tiles: int, their_bytes: int) -> None:
            nonlocal done, size
            done, size = done + tiles, size + their_bytes
            on_progress(done, lacked)

        try:
            left = build(self._connect, store, work, processes=processes, on_done=on_done)
        except BrokenProcessPool as exc:
            raise TilesBrokenOff(cut=done, of=lacked) from exc
        return Built(every, every - lacked, left, size)

    def verify(
        self, jurisdiction: str, layers: Sequence[str] = (), *, on_progress: OnProgress
    ) -> tuple[int, list[str]]:
        """Compare kept tiles with the tables, forget what is wrong; return how many, and a sentence for each such.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LiesAcross180, NothingInForce, TilesNotKept, StoreUnusable
        """
        store, looked = self._kept(), 0
        wrong: list[str] = []
        database = self._connect()
        try:
            for source, _, _ in self._sources(database, jurisdiction, layers):
                kept = self._current(database, source, store)
                for first in range(0, len(kept), _PIECE):
                    for piece in _by_zoom(kept[first : first + _PIECE]):
                        # One view: what is committed between two statements is no fault of the tile.
                        with database.transaction(timeout_s=DRAWING_TIMEOUT_S, one_view=True) as connection:
                            found = list(verify(connection, source, store, piece))
                        store.remove(source.name, {(one.tile, one.version) for one in found})
                        wrong += [one.said for one in found]
                        looked += len(piece)
                        on_progress(looked, looked + len(kept) - first)
        finally:
            database.close()
        return looked, wrong

    def export(self, jurisdiction: str, layer: str, out: Path, *, force: bool = False) -> int:
        """Write the tiles of a layer, as they are now, into a PMTiles or MBTiles file; return how many.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LiesAcross180, NothingInForce, TilesNotKept, StoreUnusable
            There is nothing to write.
        TilesMissing, TilesDamaged, TilesEmpty
            Not all of it is there.
        TilesUnwritable, ExportFolderMissing, ExportOntoFolder, ExportExists, ExportFolderClosed
            What is wrong with the file; nothing is written.
        """
        write = WRITERS.get(out.suffix.lower())
        if write is None:
            raise TilesUnwritable(file=out.name)
        require_place(out, force=force)
        store, database = self._kept(), self._connect()
        try:
            source, tile_set, extent = self._source(database, jurisdiction, layer)
            zooms = range(lowest_zoom(tile_set.tiling), DEEPEST_ZOOM + 1)
            # One view: a file holds a layer as it was at one instant.
            with database.transaction(timeout_s=DRAWING_TIMEOUT_S, one_view=True) as connection:
                versions = dict(tiles_now(connection, source, extent, zooms))
        finally:
            database.close()
        if lacking := versions.items() - set(store.versions(source.name)):
            raise TilesMissing(missing=len(lacking), tiles=len(versions))

        def read(tile: Tile) -> bytes:
            data = store.get(source.name, tile, versions[tile])
            if data is None or not is_whole(data):
                raise TilesDamaged(tile="/".join(map(str, tile)))
            return data

        with exported_file(out, force=force) as unfinished:
            told = tilejson(tile_set.layer, tile_set.tiling, extent, "", tile_set.attribution)
            count = write(unfinished, versions, read, told)
            if count == 0:
                raise TilesEmpty(layer=layer)
        return count

    def prune(self, jurisdiction: str, layers: Sequence[str] = ()) -> int:
        """Forget tiles that have another version now; return how many. Clients that hold it keep what they have."""
        store, gone = self._kept(), 0
        database = self._connect()
        try:
            for source, _, _ in self._sources(database, jurisdiction, layers):
                current = set(self._current(database, source, store))
                gone += store.remove(source.name, [one for one in store.versions(source.name) if one not in current])
        finally:
            database.close()
        return gone

    def _kept(self) -> TileStore:
        if self._store is None:
            raise TilesNotKept
        return self._store

    def _sources(
        self, database: Database, jurisdiction: str, layers: Sequence[str]
    ) -> Iterator[tuple[TileSource, TileSet, Bbox]]:
        """Yield the layers that are named, each once; else all that have tiles, grids only where some are in force."""
        for layer in dict.fromkeys(layers or layers_with_tiles()):
            try:
                found = self._source(database, jurisdiction, layer)
            except NothingInForce as exc:
                if layers:
                    raise
                log.warning("a layer has no tiles", layer=layer, reason=str(exc))
                continue
            yield found

    def _source(self, database: Database, jurisdiction: str, layer: str) -> tuple[TileSource, TileSet, Bbox]:
        tile_set = TileService(database).tile_set(jurisdiction, layer)
        edition = None
        if tile_set.edition_id is not None:
            edition = DrawnEdition(tile_set.edition_id, tile_set.version)
        source = TileSource(TileSetName(jurisdiction, layer), tile_set.layer, tile_set.jurisdiction_id, edition)
        with database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            # Its box goes all around the earth, and so would its pyramid; single tiles are cut when maps ask for them.
            if lies_across([outline_at(connection, tile_set.jurisdiction_id)]):
                raise LiesAcross180(jurisdiction=jurisdiction)
            return source, tile_set, extent_of(connection, source, tile_set.bbox)

    def _current(self, database: Database, source: TileSource, store: TileStore) -> list[tuple[Tile, int]]:
        """Return the kept tiles that have the version which they have now, by zoom."""
        kept = sorted(set(store.versions(source.name)))
        with database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            own = dict(_own_versions(connection, source, sorted({tile for tile, _ in kept})))
        return [(tile, version) for tile, version in kept if own[tile] == version]


def layers_with_tiles() -> tuple[str, ...]:
    """Return the layers that have tiles."""
    return tuple(id_ for id_, layer in catalogue().items() if layer.tiling is not None)


def _own_versions(connection: Connection, source: TileSource, tiles: list[Tile]) -> list[tuple[Tile, int]]:
    return list(source.own_versions(connection, tiles))


def _by_zoom(kept: Sequence[tuple[Tile, int]]) -> list[list[tuple[Tile, int]]]:
    zooms = sorted({tile.z for tile, _ in kept})
    return [[one for one in kept if one[0].z == zoom] for zoom in zooms]
