"""The layers of a jurisdiction as they are: how many features each has, and its last change."""

from __future__ import annotations

from typing import NamedTuple

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.services.lookups import get_jurisdiction
from layers.catalogue import catalogue
from layers.changes.model import Change
from layers.changes.queries import find_changes
from layers.db.session import Database
from layers.features import count
from layers.layer import Layer


class LayerState(NamedTuple):
    """A layer of a jurisdiction."""

    layer: Layer
    features: int
    #: None: its features are not written as changes, or none was made.
    last: Change | None


class LayerStateService:
    """Looks at the layers of a jurisdiction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def layers(self, jurisdiction_code: str, identity: Identity) -> tuple[LayerState, ...]:
        """Return the layers that somebody may read, by id; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            found = []
            for layer in catalogue().values():
                if permitted(identity, Permission(layer.read)):
                    last = find_changes(connection, jurisdiction_id=j, layer=layer.id, limit=1)
                    found.append(LayerState(layer, count(connection, layer, j), last[0] if last else None))
            return tuple(found)
