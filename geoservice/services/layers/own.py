"""Own layers: made of a file, held in the catalogue of this process, dropped."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from geoservice.domain.importing.model import ReadFeatures
from geoservice.errors import (
    LayerBuiltIn,
    LayerTaken,
    LayerUnknown,
    OwnLayerRefused,
    OwnLayersTooMany,
    OwnLayerTooWide,
)
from geoservice.services.layers.importing import TIMEOUT_S, Applied, import_features
from geoservice.services.lookups import get_jurisdiction
from layers.catalogue import built_in, catalogue, hold
from layers.db.session import Database
from layers.layer import Layer
from layers.own_layers import queries
from layers.own_layers.description import is_name, own_columns
from layers.own_layers.queries import Contents
from tilegen.store import TileSetName, TileStore

TITLE_LENGTH = 100


@dataclass(frozen=True)
class OwnLayerLimits:
    """How many own layers there may be, and columns of each."""

    layers: int = 100
    columns: int = 60


@dataclass(frozen=True)
class Dropped:
    """What goes with a layer."""

    contents: Contents
    #: Kept on the disk of this machine.
    tiles: int


class OwnLayerService:
    """Makes layers of files, and drops them.

    Parameters
    ----------
    store
        Where tiles are kept; None: nowhere.
    """

    def __init__(
        self, database: Database, limits: OwnLayerLimits = OwnLayerLimits(), store: TileStore | None = None
    ) -> None:  # fmt: skip
        self._database, self._limits, self._store = database, limits, store
        self._renewed_s = float("-inf")
        self._renewing = threading.Lock()

    def renew(self, *, every_s: float = 0.0) -> None:
        """Have the catalogue of this process hold the own layers that there are, unless that was done so lately.

        Raises
        ------
        LayerError
            The database does not answer.
        """
        with self._renewing:
            if time.monotonic() - self._renewed_s < every_s:
                return
            with self._database.transaction() as connection:
                found = queries.own_layers(connection)
            self._renewed_s = time.monotonic()
            hold(found.layers, view=found.view)

    def create(
        self, jurisdiction_code: str, layer: Layer, features: ReadFeatures, *, actor: str, door: str,
        note: str | None = None, commit: bool,
    ) -> Applied:  # fmt: skip
        """Make a layer with its first features, in one transaction; or try that and keep nothing of it.

        Raises
        ------
        JurisdictionUnknown, LayerTaken, OwnLayerRefused, OwnLayersTooMany, OwnLayerTooWide
        """
        self._require_fit(layer)
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S, kept=commit) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            there_are = len(queries.own_layers(connection).layers)
            if there_are >= self._limits.layers:
                raise OwnLayersTooMany(there_are=there_are, may_be=self._limits.layers)
            queries.create_layer(connection, layer)
            applied = import_features(connection, jurisdiction.id, layer, features, door=door, note=note)
        if commit:
            self.renew()
        return applied

    def _require_fit(self, layer: Layer) -> None:
        if not is_name(layer.id):
            raise OwnLayerRefused(
                f"A layer can not be called {layer.id[:60]!r}: write 1 to 40 small letters, digits and underscores, a"
                " letter first, and not _history at the end."
            )
        if layer.id in catalogue():
            raise LayerTaken(layer=layer.id)
        for title in (layer.title, *(column.title for column in layer.columns)):
            if not all(0 < len(said) <= TITLE_LENGTH and said.isprintable() for said in (title.zh, title.en)):
                raise OwnLayerRefused(f"A title is 1 to {TITLE_LENGTH} characters, none of them invisible.")
        columns = len(own_columns(layer))
        if columns > self._limits.columns:
            raise OwnLayerTooWide(columns=columns, may_be=self._limits.columns)

    def drop(self, layer_id: str, *, actor: str, door: str, commit: bool) -> Dropped:
        """Drop an own layer in every jurisdiction, and return what went with it; or what would.

        Raises
        ------
        LayerUnknown, LayerBuiltIn
        """
        if layer_id in built_in():
            raise LayerBuiltIn(layer=layer_id)
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            # Asked of the database: a layer whose description can not be read is in no catalogue.
            table = queries.find_table(connection, layer_id)
            if table is None:
                raise LayerUnknown(layer=layer_id, layers=", ".join(catalogue()))
            contents = queries.contents_of(connection, table)
            if commit:
                queries.drop_layer(connection, layer_id, door=door)
        tiles = self._kept_tiles(contents, layer_id, remove=commit)
        if commit:
            self.renew()
        return Dropped(contents, tiles)

    def _kept_tiles(self, contents: Contents, layer_id: str, *, remove: bool) -> int:
        """Return how many tiles of a layer the disk of this machine holds, which are removed if that is wanted."""
        if self._store is None:
            return 0
        count = 0
        for code in contents.features:
            of = TileSetName(code, layer_id)
            kept = list(self._store.versions(of))
            count += len(kept)
            if remove and kept:
                self._store.remove(of, kept)
        return count
