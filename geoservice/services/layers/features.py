"""Features of layers, one by one: written, looked at as they were, put back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission
from geoservice.domain.importing.model import ReadFeatures
from geoservice.domain.importing.properties import faults_of
from geoservice.services.audit.traces import note_features_read
from geoservice.services.layers.errors import (
    ChangeUnknown,
    FeatureEditedMeanwhile,
    FeatureNotStored,
    FeatureTaken,
    FeatureUnknown,
    NotYourGrid,
)
from geoservice.services.layers.staging import stage, written_layer
from geoservice.services.lookups import get_jurisdiction, own_grids
from layers.changes import queries
from layers.changes import touched as touching
from layers.changes.model import Change, FeatureKey, Touched, TouchedFeature, Version, What
from layers.db.session import Database
from layers.errors import TryAgain
from layers.layer import Layer

#: Undoing goes through the same triggers as an import; a request's limit does not fit it.
UNDO_TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class Precondition:
    """What a feature must be before it is changed: there, and in one of the states in which it was seen."""

    #: The changes by which it was so, 0 where it is older than its history; None: any.
    changes: Collection[int] | None = None

    def holds(self, stored: queries.Stored | None) -> bool:
        """Return whether the feature is so still."""
        return stored is not None and (self.changes is None or (stored.change_id or 0) in self.changes)


@dataclass(frozen=True)
class Written:
    """What became of an edit, as it was in the transaction that wrote it."""

    #: None: it was so already.
    change: Change | None
    #: The change by which the feature is as it is; None: it is older than its history.
    state: int | None


@dataclass(frozen=True)
class FeatureEdit:
    """How a feature is to be; what is not told of a stored one stays."""

    values: Mapping[str, object] = field(default_factory=dict)
    #: EPSG:4326; None: as it is stored, or where its building is.
    place: BaseGeometry | None = None
    #: Code of the building that it stands in, where that is its place.
    building: str | None = None
    #: None: the caller did not look.
    seen: Precondition | None = None
    #: Whether it must be stored already; None: either way.
    stored: bool | None = None


class FeatureService:
    """Changes single features of layers, and tells what they were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, jurisdiction_code: str, layer_id: str, key: str, edit: FeatureEdit, *, identity: Identity, door: str
    ) -> Written:
        """Write one feature, new or changed.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten, FeatureEditedMeanwhile
        FeatureUnknown, FeatureTaken
            It is not stored, or is, where that is not meant.
        TryAgain
            Somebody made it at the same moment.
        FeatureNotStored
            Something of it is not as it must be.
        NotYourGrid
            An officer whose grids it is not in, or would not be in.
        """
        layer = written_layer(layer_id)
        for fault in faults_of(layer, edit.values):
            raise FeatureNotStored(reason=fault)
        with self._database.transaction(actor=identity.actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            grids = _written_grids(connection, j, layer, identity)
            stored = queries.lock_feature(connection, layer, jurisdiction_id=j, key=key)
            _require_seen(stored, edit.seen)
            _require_stored(stored, edit.stored, layer=layer_id, key=key)
            _require_own(stored, grids)
            staging = stage(connection, j, layer, _one(key, edit))
            difference = staging.difference(of_layer=False)
            if difference.refused:
                raise FeatureNotStored(reason=difference.refused[0].reason)
            if stored is None and not difference.added:  # of what was not there nothing was locked
                raise TryAgain
            if difference.is_empty:
                return Written(None, None if stored is None else stored.change_id)
            change_id = queries.begin_change(connection, kind="edit", door=door)
            staging.write(difference, removed="keep")
            now = queries.lock_feature(connection, layer, jurisdiction_id=j, key=key)
            _require_own(now, grids)
            return Written(_change(connection, change_id), None if now is None else now.change_id)

    def remove(
        self,
        jurisdiction_code: str,
        layer_id: str,
        key: str,
        *,
        seen: Precondition | None = None,
        identity: Identity,
        door: str,
    ) -> Change:
        """Remove one feature; its history stays.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten, FeatureUnknown, FeatureEditedMeanwhile, NotYourGrid
        """
        layer = written_layer(layer_id)
        with self._database.transaction(actor=identity.actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            stored = queries.lock_feature(connection, layer, jurisdiction_id=j, key=key)
            if stored is None:
                raise FeatureUnknown(layer=layer_id, key=key)
            _require_seen(stored, seen)
            _require_own(stored, _written_grids(connection, j, layer, identity))
            change_id = queries.begin_change(connection, kind="edit", door=door)
            queries.remove(connection, layer, jurisdiction_id=j, key=key)
            return _change(connection, change_id)

    def history(
        self, jurisdiction_code: str, layer_id: str, key: str, *, identity: Identity | None = None
    ) -> tuple[Version, ...]:
        """Return what a feature has been, the latest first; of a layer of people an officer what was in his grids.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        FeatureUnknown
            There never was one, or none of it is the officer's to see.
        """
        layer = written_layer(layer_id)
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            grids = _told_grids(connection, j, layer, identity)
            found = queries.versions(connection, layer, jurisdiction_id=j, key=key, grids=grids)
            note_features_read(connection, layer, j, len(found), part="history")
        if not found:
            raise FeatureUnknown(layer=layer_id, key=key)
        return found

    def feature(
        self, jurisdiction_code: str, layer_id: str, key: str, *, at: datetime | None = None, identity: Identity
    ) -> Mapping[str, Any]:
        """Return a feature as it was at an instant (now when None).

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        FeatureUnknown
            There was none, or it is not the officer's to see.
        """
        found = self.features(jurisdiction_code, layer_id, at=at, key=key, limit=1, identity=identity)
        if not found:
            raise FeatureUnknown(layer=layer_id, key=key)
        return found[0]

    def features(
        self, jurisdiction_code: str, layer_id: str, *, at: datetime | None = None, key: str | None = None,
        after: str | None = None, limit: int, identity: Identity,
    ) -> tuple[Mapping[str, Any], ...]:  # fmt: skip
        """Return features of a layer as they were at an instant (now when None), by key, those after a key.

        Of a layer of people an officer gets those of his grids.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        """
        layer = written_layer(layer_id)
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            grids = _told_grids(connection, j, layer, identity)
            found = queries.features_at(
                connection, layer, jurisdiction_id=j, at=at, key=key, after=after, grids=grids, limit=limit
            )
            note_features_read(connection, layer, j, len(found))
            return found

    def changes(
        self, jurisdiction_code: str, *, layer_id: str | None = None, before: int | None = None, limit: int
    ) -> tuple[Change, ...]:
        """Return changes of layers of a jurisdiction, the latest first; those before one of an id.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        """
        if layer_id is not None:
            written_layer(layer_id)
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            return queries.find_changes(
                connection, jurisdiction_id=jurisdiction.id, layer=layer_id, before=before, limit=limit
            )

    def change(self, change_id: int) -> Change:
        """Return a change; raise ChangeUnknown."""
        with self._database.transaction() as connection:
            return _get_change(connection, change_id)

    def touched(
        self, jurisdiction_code: str, layer_id: str, change_id: int, *, identity: Identity | None = None
    ) -> Touched:
        """Return how many features a change added, changed and removed, and in how many each field differs.

        Of a layer of people an officer is told of those that his grids owned.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten, ChangeUnknown
        """
        layer = written_layer(layer_id)
        with self._database.transaction() as connection:
            j, grids = _touched_where(connection, jurisdiction_code, layer, change_id, identity)
            found = touching.touched(connection, layer, change_id=change_id, jurisdiction_id=j, grids=grids)
            note_features_read(connection, layer, j, found.added + found.changed + found.removed, part="change")
            return found

    def touched_features(
        self, jurisdiction_code: str, layer_id: str, change_id: int, *, what: What | None = None,
        limit: int | None = None, offset: int = 0, identity: Identity | None = None,
    ) -> tuple[TouchedFeature, ...]:  # fmt: skip
        """Return what a change did to features: those added first, then changed, then removed, each by key.

        Of a layer of people an officer is told of those that his grids owned.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten, ChangeUnknown
        """
        layer = written_layer(layer_id)
        with self._database.transaction() as connection:
            j, grids = _touched_where(connection, jurisdiction_code, layer, change_id, identity)
            found = touching.touched_features(
                connection, layer, change_id=change_id, jurisdiction_id=j, grids=grids, what=what, limit=limit,
                offset=offset,
            )  # fmt: skip
            note_features_read(connection, layer, j, len(found), part="change")
            return found

    def undo(self, change_id: int, *, actor: str, door: str) -> Change:
        """Undo a change as a whole.

        Raises
        ------
        ChangeUnknown
        RefusedByDatabase
            Others changed since what it touched.
        """
        with self._database.transaction(actor=actor, timeout_s=UNDO_TIMEOUT_S) as connection:
            _get_change(connection, change_id)
            return _change(connection, queries.undo(connection, change_id, door=door))

    def changed_since(self, change_id: int) -> tuple[FeatureKey, ...]:
        """Return the features that keep a change from being undone, those of every jurisdiction and of people."""
        with self._database.transaction() as connection:
            return queries.changed_since(connection, change_id)


def _change(connection: Connection, change_id: int) -> Change:
    return queries.find_changes(connection, ids=[change_id], limit=1)[0]


def _get_change(connection: Connection, change_id: int) -> Change:
    found = queries.find_changes(connection, ids=[change_id], limit=1)
    if not found:
        raise ChangeUnknown(change=change_id)
    return found[0]


def _touched_where(
    connection: Connection, jurisdiction_code: str, layer: Layer, change_id: int, identity: Identity | None
) -> tuple[int, frozenset[str] | None]:
    """Return the jurisdiction, and the grids of which alone whoever asks is told; None: of all."""
    j = get_jurisdiction(connection, jurisdiction_code).id
    _get_change(connection, change_id)
    return j, _told_grids(connection, j, layer, identity)


def _told_grids(connection: Connection, j: int, layer: Layer, identity: Identity | None) -> frozenset[str] | None:
    """Return the grids of which alone whoever asks is told what a layer of people has; None: of all."""
    if identity is None or not layer.personal:
        return None
    return own_grids(connection, j, identity, Permission.READ_HOUSEHOLDS)


def _written_grids(connection: Connection, j: int, layer: Layer, identity: Identity) -> frozenset[str] | None:
    """Return the grids in which alone whoever asks writes: of people he writes what he may read; None: in all."""
    needed = Permission.READ_HOUSEHOLDS if layer.personal else Permission.EDIT_FEATURES
    return own_grids(connection, j, identity, needed)


def _one(key: str, edit: FeatureEdit) -> ReadFeatures:
    return ReadFeatures(
        keys=(key,), values={name: (value,) for name, value in edit.values.items()},
        geoms=None if edit.place is None else np.array([edit.place], dtype=object), buildings=(edit.building,),
    )  # fmt: skip


def _require_own(stored: queries.Stored | None, grids: Collection[str] | None) -> None:
    if stored is not None and grids is not None and stored.grid_code not in grids:
        raise NotYourGrid(grid=stored.grid_code)


def _require_seen(stored: queries.Stored | None, seen: Precondition | None) -> None:
    if seen is not None and not seen.holds(stored):
        raise FeatureEditedMeanwhile


def _require_stored(stored: queries.Stored | None, meant: bool | None, *, layer: str, key: str) -> None:
    if meant is True and stored is None:
        raise FeatureUnknown(layer=layer, key=key)
    if meant is False and stored is not None:
        raise FeatureTaken(layer=layer, key=key)
