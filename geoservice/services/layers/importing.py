"""Features of a file become features of a layer: what differs is shown, then written as one change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import NamedTuple

from shapely import MultiPolygon
from sqlalchemy import Connection

from geoservice.domain.importing.model import ReadFeatures
from geoservice.domain.privacy import holds_personal_number
from geoservice.services.audit.traces import note_features_read
from geoservice.services.layers.errors import DifferenceOutdated, MissingNotKnown, RemovalNotConfirmed
from geoservice.services.layers.staging import stage, written_layer
from geoservice.services.lookups import get_jurisdiction
from layers.changes import queries
from layers.changes.model import Change, Difference, Refused, Removed
from layers.changes.staging import SHOWN
from layers.crs import Bbox
from layers.db.session import Database
from layers.jurisdictions.queries import outline_at
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


class Surroundings(NamedTuple):
    """Where and when features of a jurisdiction are."""

    bbox: Bbox
    #: IANA name.
    time_zone: str
    #: Of now, EPSG:4326.
    outline: MultiPolygon


class LayerImportService:
    """Imports features of layers."""

    def __init__(self, database: Database, *, timeout_s: float = TIMEOUT_S) -> None:
        self._database = database
        self._timeout_s = timeout_s

    def surroundings(self, jurisdiction_code: str) -> Surroundings:
        """Return what a reader of files wants to know of a jurisdiction; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            outline = outline_at(connection, jurisdiction.id, None)
            return Surroundings(jurisdiction.bbox, jurisdiction.time_zone, outline)

    def compare(
        self, jurisdiction_code: str, layer_id: str, features: ReadFeatures, *, shown: int | None = SHOWN,
        is_traced: bool = False,
    ) -> Difference:  # fmt: skip
        """Return what importing features would change; nothing is changed.

        Parameters
        ----------
        shown
            So many of each kind are named; None: all.
        is_traced
            Whether it is entered that counts of people are told so.

        Raises
        ------
        JurisdictionUnknown, LayerUnknown, LayerNotWritten
        """
        layer = written_layer(layer_id)
        with self._database.transaction(timeout_s=self._timeout_s) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            staging = stage(connection, jurisdiction.id, layer, features)
            difference = _with_refused(staging.difference(shown=shown), features)
            if is_traced:
                note_features_read(connection, layer, jurisdiction.id, len(features.keys), part="import")
            return difference

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
            Of the difference that was looked at, by what becomes of what is missing; None: none was.
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
        with self._database.transaction(actor=actor, timeout_s=self._timeout_s) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            return import_features(
                connection, jurisdiction.id, layer, features, door=door, note=note, removed=removed, token=token,
                confirmed=confirmed,
            )  # fmt: skip


def import_features(
    connection: Connection, jurisdiction_id: int, layer: Layer, features: ReadFeatures, *, door: str,
    note: str | None = None, removed: Removed = "keep", token: str | None = None, confirmed: bool = False,
) -> Applied:  # fmt: skip
    """Import features in the transaction of a connection; parameters and errors are those of `apply`."""
    staging = stage(connection, jurisdiction_id, layer, features)
    difference = _with_refused(staging.difference(), features)
    if token is not None and token != difference.tokens[removed]:
        raise DifferenceOutdated
    if removed == "delete":
        _require_removable(difference, confirmed=confirmed)
    if difference.is_empty and (removed == "keep" or difference.missing == 0):
        return Applied(difference, None)
    change_id = queries.begin_change(connection, kind="import", door=door, note=note)
    staging.write(difference, removed=removed)
    queries.look_over(connection, layer)
    return Applied(difference, queries.find_changes(connection, ids=[change_id], limit=1)[0])


def note_of(file: Path) -> str:
    """Return what the history tells of a file: its name, and by which bytes it is known again.

    Of a name that holds what nobody sees, or what looks like a number of a person, only the ending is told.
    """
    if not file.is_file():
        return note_named(file.name, None)
    with file.open("rb") as opened:
        return note_named(file.name, hashlib.file_digest(opened, "sha256").hexdigest())


def note_named(name: str, sha256: str | None) -> str:
    """Return what the history tells of a file by its name and its bytes; None: it is none."""
    shown, suffix = name[:120], PurePath(name).suffix
    if not shown.isprintable() or holds_personal_number(shown):
        shown = f"*{suffix[:10]}" if suffix.isprintable() and suffix[1:].isalpha() else "*"
    return shown if sha256 is None else f"{shown} {sha256[:16]}"


def _with_refused(difference: Difference, features: ReadFeatures) -> Difference:
    """Return a difference that tells the rows that were refused before they came to the database, too."""
    refused: Sequence[Refused] = sorted([*(Refused(*row) for row in features.refused), *difference.refused])
    return replace(difference, refused=tuple(refused))


def _require_removable(difference: Difference, *, confirmed: bool) -> None:
    if difference.missing and difference.refused:
        raise MissingNotKnown(refused=len(difference.refused))
    if difference.missing > REMOVED_SHARE * difference.stored and not confirmed:
        raise RemovalNotConfirmed(missing=difference.missing, stored=difference.stored)
