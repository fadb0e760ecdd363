"""Give tiles: from the disk, else from the database; each under its own version, so that it can be kept for good."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore

from sqlalchemy import Connection

from geoservice.assigning.point_errors import NothingInForce
from geoservice.errors import LayerUnknown, TileUnknown
from geoservice.services import lookups
from geoservice.services.tiles.single_flight import SingleFlight
from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.db.session import Database
from layers.grids.published_editions import published_edition_at
from layers.jurisdictions.model import Jurisdiction
from layers.layer import Layer, Tiling
from tilegen.drawing import DrawnEdition, already_drawn, draw_edition, drawn_edition
from tilegen.encode import Cut, cut_edition_tiles, cut_tiles
from tilegen.matrix import Tile, is_tile
from tilegen.pyramid import compressed, is_whole
from tilegen.store import TileSetName, TileStore
from tilegen.tilejson import lowest_zoom
from tilegen.versions import changes_wait, gather, newest_version, take_up_changes, version_of

#: A tile that is touched again and again while it is cut is given as it is after so many tries, and not kept.
TRIES = 3
#: Drawing the grids of a city takes a second, of a country some.
DRAWING_TIMEOUT_S = 60.0
#: So long the id of a jurisdiction's code is remembered.
ID_S = 10.0
#: So many tile sets are taken up or editions drawn at once by a process.
LARGE_WORKS = 2


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
    #: Whom maps of it name, plain text.
    attribution: str | None = None


@dataclass(frozen=True)
class FoundTile:
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
class MovedTile:
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


@dataclass(frozen=True)
class TileVersion:
    """A tile as it is now, for addresses that name no version.

    Parameters
    ----------
    version
        Its own.
    found
        None: who asks has it.
    """

    version: int
    found: FoundTile | None


class TileService:
    """Tiles of every layer that has some.

    Parameters
    ----------
    store
        None: none are kept.
    """

    def __init__(self, database: Database, store: TileStore | None = None) -> None:
        self._database, self._store = database, store
        self._cutting: SingleFlight[tuple[TileSetName, int, Tile], FoundTile | MovedTile] = SingleFlight()
        self._taking_up: SingleFlight[tuple[int, str], None] = SingleFlight()
        self._gathering: SingleFlight[int, None] = SingleFlight()
        self._asking: SingleFlight[TileSetName, int] = SingleFlight()
        self._drawing: SingleFlight[int, DrawnEdition] = SingleFlight()
        # Whoever waits for his turn holds no connection: neither a large import nor a new edition may stop reports.
        self._turns = BoundedSemaphore(LARGE_WORKS)
        #: Ids of jurisdictions, with when they were asked for.
        self._ids: dict[str, tuple[int, float]] = {}
        #: Newest versions of tile sets, as far as they are known here.
        self._latest: dict[TileSetName, int] = {}

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
        layer, tiling = tiled(layer_id)
        with self._database.reading() as connection:
            jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
        self._ids[jurisdiction.code] = (jurisdiction.id, time.monotonic())
        if layer.bitemporal:
            found = self._edition_tile_set(jurisdiction, layer, tiling, at)
        else:
            if layer.gathered:
                self._gathering.join_anew(jurisdiction.id, lambda: self._gather(jurisdiction.id))
            self._take_up(jurisdiction.id, layer.id)
            with self._database.reading() as connection:
                version = version_of(connection, jurisdiction.id, layer.id)
            found = TileSet(
                layer, tiling, jurisdiction.bbox, version, jurisdiction.id, attribution=jurisdiction.attribution
            )
        self._note(TileSetName(jurisdiction.code, layer.id), found.version)
        return found

    def tile(self, jurisdiction_code: str, layer_id: str, version: int, tile: Tile) -> FoundTile | MovedTile:
        """Return a tile of a version, or which version it has; of several who ask for one that is not kept one cuts it.

        Raises
        ------
        TileUnknown
            There is no such tile, or no such version yet.
        JurisdictionUnknown, LayerUnknown
        """
        layer, tiling = tiled(layer_id)
        of = TileSetName(jurisdiction_code, layer_id)
        if not is_tile(*tile):
            raise TileUnknown(tile="/".join(map(str, tile)), version=version)
        kept = self._store.get(of, tile, version) if self._store else None
        if kept is not None and is_whole(kept):
            return FoundTile(kept)
        # No clock is asked: that of the database may have been ahead of ours for years, until somebody set it right.
        if version > self._latest.get(of, 0) and version > self._asking.join_anew(of, lambda: self._newest(of)):
            raise TileUnknown(tile="/".join(map(str, tile)), version=version)
        if tile.z < lowest_zoom(tiling):
            with self._database.reading() as connection:
                self._id(connection, jurisdiction_code)
            return FoundTile(b"")  # maps ask for it all the same
        return self._cutting.join((of, version, tile), lambda: self._cut(of, layer, version, tile))

    def current_tile(
        self, jurisdiction_code: str, tile_set: TileSet, tile: Tile, *, has: Callable[[int], bool]
    ) -> TileVersion:
        """Return a tile with all that a tile set holds, or what came since; what who asks has is not cut again.

        Parameters
        ----------
        has
            Returns whether who asks has the tile of a version.

        Raises
        ------
        TileUnknown, JurisdictionUnknown, LayerUnknown
        """
        of, version = TileSetName(jurisdiction_code, tile_set.layer.id), tile_set.version
        for _ in range(TRIES):
            found = self.tile(*of, version, tile)
            if isinstance(found, FoundTile):
                return TileVersion(version, found)
            version = found.version
            if has(version):
                return TileVersion(version, None)
        # Touched again and again; grids never are: an edition stays as it is.
        return TileVersion(version, self._as_it_is(of, tile_set.layer, tile))

    def _edition_tile_set(
        self, jurisdiction: Jurisdiction, layer: Layer, tiling: Tiling, at: datetime | None
    ) -> TileSet:
        with self._database.reading() as connection:
            edition = published_edition_at(connection, jurisdiction_id=jurisdiction.id, at=at)
            if edition is None:
                raise NothingInForce(jurisdiction=jurisdiction.code, at=at and at.isoformat())
            drawn = already_drawn(connection, edition.edition_id)
        id_ = edition.edition_id
        drawn = drawn or self._drawing.join(id_, lambda: self._draw_now(jurisdiction.id, id_))
        return TileSet(
            layer, tiling, Bbox(*edition.bounds), drawn.version, jurisdiction.id, drawn.id, jurisdiction.attribution
        )

    def _draw_now(self, jurisdiction_id: int, edition_id: int) -> DrawnEdition:
        with self._turns, self._database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            return draw_edition(connection, jurisdiction_id, edition_id)

    def _cut(self, of: TileSetName, layer: Layer, version: int, tile: Tile) -> FoundTile | MovedTile:
        if layer.bitemporal:
            cut: Cut | None = self._cut_grids(of, version, tile)
        else:
            cut = self._cut_features(of, layer, version, tile)
        if cut is None:  # it is touched again and again
            return self._as_it_is(of, layer, tile)
        self._note(of, cut.latest)
        if cut.data is not None and cut.version == version:
            data = compressed(cut.data)
            if self._store and data:  # whoever asks for the whole Earth fills no disk with nothing
                self._store.put(of, [(tile, version, data)])
            return FoundTile(data)
        if version > cut.latest:
            raise TileUnknown(tile="/".join(map(str, tile)), version=version)
        return MovedTile(cut.version, for_good=cut.version < version)

    def _cut_features(self, of: TileSetName, layer: Layer, version: int, tile: Tile) -> Cut | None:
        for _ in range(TRIES):
            with self._database.reading() as connection:
                jurisdiction_id = self._id(connection, of.jurisdiction)
                (cut,) = cut_tiles(connection, layer, jurisdiction_id, [tile], version=version)
            if not cut.waits:
                return cut
            self._take_up(jurisdiction_id, layer.id)
        return None

    def _as_it_is(self, of: TileSetName, layer: Layer, tile: Tile) -> FoundTile:
        with self._database.reading() as connection:
            jurisdiction_id = self._id(connection, of.jurisdiction)
            (cut,) = cut_tiles(connection, layer, jurisdiction_id, [tile], though_waiting=True)
        return FoundTile(compressed(cut.data or b""), lasting=False)

    def _cut_grids(self, of: TileSetName, version: int, tile: Tile) -> Cut:
        with self._database.reading() as connection:
            edition = drawn_edition(connection, self._id(connection, of.jurisdiction), version)
            if edition is None:
                raise TileUnknown(tile="/".join(map(str, tile)), version=version)
            return cut_edition_tiles(connection, edition, [tile], version=version)[0]

    def _gather(self, jurisdiction_id: int) -> None:
        with self._turns, self._database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            gather(connection, jurisdiction_id)

    def _take_up(self, jurisdiction_id: int, layer: str) -> None:
        """Give versions to all that was committed until now."""
        with self._database.reading() as connection:
            if not changes_wait(connection, jurisdiction_id, layer):
                return
        self._taking_up.join_anew((jurisdiction_id, layer), lambda: self._take_up_now(jurisdiction_id, layer))

    def _take_up_now(self, jurisdiction_id: int, layer: str) -> None:
        with self._turns, self._database.transaction(timeout_s=DRAWING_TIMEOUT_S) as connection:
            take_up_changes(connection, jurisdiction_id, layer)

    def _newest(self, of: TileSetName) -> int:
        """Ask which is the newest version of a tile set; one at a time does, however many ask for unknown ones."""
        with self._database.reading() as connection:
            newest = newest_version(connection, self._id(connection, of.jurisdiction), of.layer)
        self._note(of, newest)
        return newest

    def _id(self, connection: Connection, code: str) -> int:
        known = self._ids.get(code)
        if known is None or time.monotonic() - known[1] > ID_S:
            known = self._ids[code] = (lookups.get_jurisdiction(connection, code).id, time.monotonic())
        return known[0]

    def _note(self, of: TileSetName, version: int) -> None:
        self._latest[of] = max(version, self._latest.get(of, 0))


def tiled(layer_id: str) -> tuple[Layer, Tiling]:
    """Return a layer that has tiles, and how it is cut; raise LayerUnknown."""
    layer = lookups.get_layer(layer_id)
    if layer.tiling is None:
        raise LayerUnknown(layer=layer_id, layers=", ".join(id_ for id_, one in catalogue().items() if one.tiling))
    return layer, layer.tiling
