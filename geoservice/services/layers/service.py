"""Features of layers: written, looked at as they were, put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geoservice.domain.importing.model import ReadFeatures
from geoservice.errors import (
    ChangeUnknown,
    DifferenceOutdated,
    FeatureNotStored,
    FeatureUnknown,
    LayerNotWritten,
    MissingNotKnown,
    RemovalNotConfirmed,
)
from geoservice.services.lookups import get_jurisdiction, get_layer
from layers.changes import queries
from layers.changes.model import Change, Difference, Refused, Removed, Version
from layers.changes.staging import Staging
from layers.db.session import Database
from layers.layer import Layer

#: A town's buildings go through the same triggers as one; a request's limit does not fit them.
TIMEOUT_S = 1800.0
#: More of a layer than this is not removed unless that is confirmed.
REMOVED_SHARE = 0.1


@dataclass(frozen=True)
class Applied:
    """What an import did."""

    difference: Difference
    #: None: there was nothing to do.
    change: Change | None


class LayerService:
    """Changes features of layers, and tells what they were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def compare(self, jurisdiction_code: str, layer_id: str, features: ReadFeatures) -> Difference:
        """Return what importing features would change; nothing is changed.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        """
        layer = written_layer(layer_id)
        with self._database.transaction(timeout_s=TIMEOUT_S) as connection:
            staging = _stage(connection, jurisdiction_code, layer, features)
            return _with_refused(staging.difference(), features)

    def apply(
        self, jurisdiction_code: str, layer_id: str, features: ReadFeatures, *, actor: str, door: str,
        note: str | None = None, removed: Removed = "keep", token: str | None = None, confirmed: bool = False,
    ) -> Applied:  # fmt: skip
        """Import features: write what differs, in one transaction, as one change.

        Parameters
        ----------
        removed
            What becomes of stored features that are not among them.
        token
            Of the difference that was looked at; None: none was.
        confirmed
            Many features may be removed.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        DifferenceOutdated
            The difference is not the one that was looked at.
        MissingNotKnown
            Rows were refused, so that nobody knows which stored features are missing.
        RemovalNotConfirmed
            More than a tenth of the stored features would be removed.
        """
        layer = written_layer(layer_id)
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            staging = _stage(connection, jurisdiction_code, layer, features)
            difference = _with_refused(staging.difference(), features)
            if token is not None and token != difference.token:
                raise DifferenceOutdated
            if removed == "delete":
                _require_removable(difference, confirmed=confirmed)
            if difference.is_empty and (removed == "keep" or difference.missing == 0):
                return Applied(difference, None)
            change_id = queries.begin_change(connection, kind="import", door=door, note=note)
            staging.write(difference, removed=removed)
            return Applied(difference, queries.find_changes(connection, ids=[change_id], limit=1)[0])

    def put(
        self, jurisdiction_code: str, layer_id: str, key: str, *, values: Mapping[str, object],
        place: BaseGeometry | None, building: str | None = None, actor: str, door: str,
    ) -> Change | None:  # fmt: skip
        """Write one feature, new or changed; what is not told of a stored one stays. None: it is so already.

        Parameters
        ----------
        place
            EPSG:4326; None: as it is stored, or where its building is.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        FeatureNotStored
            Something of it is not as it must be.
        """
        features = ReadFeatures(
            keys=(key,), values={name: (value,) for name, value in values.items()},
            geoms=None if place is None else np.array([place], dtype=object), buildings=(building,),
        )  # fmt: skip
        layer = written_layer(layer_id)
        with self._database.transaction(actor=actor) as connection:
            staging = _stage(connection, jurisdiction_code, layer, features)
            difference = staging.difference()
            if difference.refused:
                raise FeatureNotStored(reason=difference.refused[0].reason)
            if difference.is_empty:
                return None
            change_id = queries.begin_change(connection, kind="edit", door=door)
            staging.write(difference, removed="keep")
            return queries.find_changes(connection, ids=[change_id], limit=1)[0]

    def remove(self, jurisdiction_code: str, layer_id: str, key: str, *, actor: str, door: str) -> Change:
        """Remove one feature; its history stays.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten, FeatureUnknown
        """
        layer = written_layer(layer_id)
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            change_id = queries.begin_change(connection, kind="edit", door=door)
            if not queries.remove(connection, layer, jurisdiction_id=jurisdiction.id, key=key):
                raise FeatureUnknown(layer=layer_id, key=key)
            return queries.find_changes(connection, ids=[change_id], limit=1)[0]

    def history(self, jurisdiction_code: str, layer_id: str, key: str) -> tuple[Version, ...]:
        """Return what a feature has been, the latest first.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten, FeatureUnknown
        """
        layer = written_layer(layer_id)
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            found = queries.versions(connection, layer, jurisdiction_id=jurisdiction.id, key=key)
        if not found:
            raise FeatureUnknown(layer=layer_id, key=key)
        return found

    def features(
        self, jurisdiction_code: str, layer_id: str, *, at: datetime | None = None, key: str | None = None,
        after: str | None = None, limit: int,
    ) -> tuple[Mapping[str, Any], ...]:  # fmt: skip
        """Return features of a layer as they were at an instant (now when None), by key, those after a key.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        """
        layer = written_layer(layer_id)
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            return queries.features_at(
                connection, layer, jurisdiction_id=jurisdiction.id, at=at, key=key, after=after, limit=limit
            )

    def changes(
        self, jurisdiction_code: str, *, layer_id: str | None = None, before: int | None = None, limit: int
    ) -> tuple[Change, ...]:
        """Return changes of layers of a jurisdiction, the latest first; those before one of an id."""
        if layer_id is not None:
            written_layer(layer_id)
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            return queries.find_changes(
                connection, jurisdiction_id=jurisdiction.id, layer=layer_id, before=before, limit=limit
            )

    def undo(self, change_id: int, *, actor: str, door: str) -> Change:
        """Undo a change as a whole.

        Raises
        ------
        ChangeUnknown
        RefusedByDatabase
            Others changed since what it touched.
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            if not queries.find_changes(connection, ids=[change_id], limit=1):
                raise ChangeUnknown(change=change_id)
            undoing = queries.undo(connection, change_id, door=door)
            return queries.find_changes(connection, ids=[undoing], limit=1)[0]

    def changed_since(self, change_id: int) -> tuple[tuple[str, str], ...]:
        """Return layers and keys of the features that keep a change from being undone."""
        with self._database.transaction() as connection:
            return queries.changed_since(connection, change_id)


def written_layer(layer_id: str) -> Layer:
    """Return a layer whose features people write; raise LayerUnknown, LayerNotWritten."""
    layer = get_layer(layer_id)
    if not layer.is_written:
        raise LayerNotWritten(layer=layer_id)
    return layer


def _stage(connection: Connection, jurisdiction_code: str, layer: Layer, features: ReadFeatures) -> Staging:
    staging = Staging(connection, layer, get_jurisdiction(connection, jurisdiction_code).id)
    rows = features.rows or range(1, len(features.keys) + 1)
    staging.fill(features.keys, features.values, features.geoms, features.buildings, rows)
    return staging


def _with_refused(difference: Difference, features: ReadFeatures) -> Difference:
    """Return a difference that tells the rows that were refused before they came to the database, too."""
    refused: Sequence[Refused] = sorted([*(Refused(*row) for row in features.refused), *difference.refused])
    return replace(difference, refused=tuple(refused))


def _require_removable(difference: Difference, *, confirmed: bool) -> None:
    if difference.missing and difference.refused:
        raise MissingNotKnown(refused=len(difference.refused))
    if difference.missing > REMOVED_SHARE * difference.stored and not confirmed:
        raise RemovalNotConfirmed(missing=difference.missing, stored=difference.stored)
