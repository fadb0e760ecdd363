"""Give tiles: from the disk, else from the database; each under its own version, so that it can be kept for good."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from geoservice.assigning.point_errors import NothingInForce
from geoservice.errors import LayerUnknown, TileUnknown
from geoservice.services import lookups
from geoservice.services.tiles.flights import Flights
from layers.crs import Bbox
from layers.db.session import Database
from layers.grids.published_editions import published_edition_at
from layers.layer import Layer, Tiling
from tilegen.drawing import draw_edition, drawn_edition
from tilegen.encode import Cut, cut_edition_tiles, cut_tiles
from tilegen.matrix import Tile, is_tile
from tilegen.pyramid import compressed
from tilegen.store import TileSetName, TileStore
from tilegen.tilejson import lowest_zoom
from tilegen.versions import changes_wait, take_up_changes, version_of

#: A tile that is touched again and again while it is cut is given as it is after so many tries, and not kept.
TRIES = 3
#: Drawing the grids of a city takes a second, of a country some.
DRAWING_TIMEOUT_S = 60.0
#: Whether there is a newer version is asked of the database this often, however often unknown ones are asked for.
ASK_EVERY_S = 0.1
#: Versions are milliseconds of the database's clock, which may be ahead of ours by so much.
AHEAD_MS = 60_000


@dataclass(frozen=True)
class TileSet:
    """A layer's tiles in a jurisdiction."""

    layer: Layer
    tiling: Tiling
    bbox: Bbox
    version: int
    jurisdiction_id: int
    #: Of grids.
    edition_id: int | None = None


@dataclass(frozen=True)
class Given:
    """A tile.

    Parameters
    ----------
    data
        A Mapbox vector tile, gzip; empty when nothing is there.
    lasting
        It is this for good; False: it changed while it was cut, and must not be kept.
    """

    data: bytes
    lasting: bool = True


@dataclass(frozen=True)
class Elsewhere:
    """The tile has another version.

    Parameters
    ----------
    version
        Its own.
    for_good
        It had that when the asked version was new, so this will stay; False: it was touched since.
    """

    version: int
    for_good: bool


class TileService:
    """Tiles of every layer that has some.

    Parameters
    ----------
    store
        None: none are kept.
    """

    def __init__(self, database: Database, store: TileStore | None = None) -> None:
        self._database, self._store = database, store
        self._flights: Flights[tuple[TileSetName, int, Tile], Given | Elsewhere] = Flights()
        #: Ids of jurisdictions, newest versions of tile sets and when they were asked for, as far as they are known.
        self._ids: dict[str, int] = {}
        self._latest: dict[TileSetName, tuple[int, float]] = {}

    def tile_set(self, jurisdiction_code: str, layer_id: str, *, at: datetime | None = None) -> TileSet:
        """Return a tile set with all that was committed until now.

        Parameters
        ----------
        at
            Of grids: those in force then, now when None.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, NothingInForce
        """
        layer, tiling = _tiled(layer_id)
        self._take_up()
        with self._database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
            self._ids[jurisdiction.code] = jurisdiction.id
            if not layer.bitemporal:
                version = version_of(connection, jurisdiction.id, layer.id)
                found = TileSet(layer, tiling, jurisdiction.bbox, version, jurisdiction.id)
            else:
                edition = published_edition_at(connection, jurisdiction_id=jurisdiction.id, at=at)
                if edition is None:
                    raise NothingInForce(jurisdiction=jurisdiction.code, at=at and at.isoformat())
                drawn = draw_edition(connection, jurisdiction.id, edition.edition_id)
                found = TileSet(layer, tiling, jurisdiction.bbox, drawn.version, jurisdiction.id, drawn.id)
        self._note(TileSetName(jurisdiction.code, layer.id), found.version)
        return found

    def tile(self, jurisdiction_code: str, layer_id: str, version: int, tile: Tile) -> Given | Elsewhere:
        """Return a tile of a version, or which version it has; of several who ask for one that is not kept one cuts it.

        Raises
        ------
        TileUnknown
            There is no such tile, or no such version yet.
        JurisdictionUnknown, LayerUnknown
        """
        layer, tiling = _tiled(layer_id)
        of = TileSetName(jurisdiction_code, layer_id)
        if not is_tile(*tile) or self._is_to_come(of, version):
            raise TileUnknown(tile="/".join(map(str, tile)), version=version)
        if tile.z < lowest_zoom(tiling):
            return Given(b"")  # maps ask for it all the same
        kept = self._store.get(of, tile, version) if self._store else None
        if kept is not None:
            return Given(kept)
        return self._flights.join((of, version, tile), lambda: self._cut(of, layer, version, tile))

    def _cut(self, of: TileSetName, layer: Layer, version: int, tile: Tile) -> Given | Elsewhere:
        cut_now = self._cut_grids if layer.bitemporal else self._cut_features
        cut = cut_now(of, layer, version, tile)
        self._note(of, cut.latest)
        if cut.data is not None and cut.version == version:
            data = compressed(cut.data)
            if self._store and not cut.waits:
                self._store.put(of, [(tile, version, data)])
            return Given(data, lasting=not cut.waits)
        if version > cut.latest:
            raise TileUnknown(tile="/".join(map(str, tile)), version=version)
        return Elsewhere(cut.version, for_good=cut.version <= version)

    def _cut_features(self, of: TileSetName, layer: Layer, version: int, tile: Tile) -> Cut:
        for _ in range(TRIES):
            with self._database.reading() as connection:
                cut = cut_tiles(connection, layer, self._id(connection, of.jurisdiction), [tile], version=version)[0]
            if not cut.waits:
                return cut
            self._take_up()
        return cut

    def _cut_grids(self, of: TileSetName, layer: Layer, version: int, tile: Tile) -> Cut:
        with self._database.reading() as connection:
            edition = drawn_edition(connection, self._id(connection, of.jurisdiction), version)
            if edition is None:
                raise TileUnknown(tile="/".join(map(str, tile)), version=version)
            return cut_edition_tiles(connection, edition, [tile], version=version)[0]

    def _take_up(self) -> None:
        """Give versions to all that was committed until now."""
        with self._database.reading() as connection:
            if not changes_wait(connection):
                return
        with self._database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            take_up_changes(connection)

    def _id(self, connection: Connection, code: str) -> int:
        if code not in self._ids:
            self._ids[code] = lookups.get_jurisdiction(connection, code).id
        return self._ids[code]

    def _note(self, of: TileSetName, version: int) -> None:
        self._latest[of] = (max(version, self._latest.get(of, (0, 0.0))[0]), time.monotonic())

    def _is_to_come(self, of: TileSetName, version: int) -> bool:
        """Return whether a version is known not to have been given yet; the database is asked now and then at most."""
        if version > time.time() * 1000 + AHEAD_MS:
            return True
        latest, asked_s = self._latest.get(of, (0, -1e9))
        return version > latest and time.monotonic() - asked_s < ASK_EVERY_S


def _tiled(layer_id: str) -> tuple[Layer, Tiling]:
    layer = lookups.get_layer(layer_id)
    if layer.tiling is None:
        raise LayerUnknown(layer=layer_id)
    return layer, layer.tiling
