"""What a printed sheet shows: the grids in force, and what layers have in a frame of ground."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from geoservice.errors import LiesAcross180
from geoservice.services import lookups
from geoservice.services.audit.traces import note_features_read
from layers.antimeridian import lies_across
from layers.crs import Bbox
from layers.db.session import Database
from layers.features import FeaturesWithin, features_within
from layers.grids.layer import GRIDS
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import outline_at

#: Grids that are read for key maps and lists of sheets.
MOST_GRIDS = 5_000


@dataclass(frozen=True)
class Town:
    """A jurisdiction and its grids in force, now."""

    jurisdiction: Jurisdiction
    #: By code, with what the layer of grids tells.
    grids: tuple[Mapping[str, Any], ...]
    #: (n,) their shapes, EPSG:4326.
    geoms: np.ndarray
    #: How many there are; more than are listed where they are too many for a list.
    matched: int


class SheetService:
    """Reads what is printed; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def town(self, jurisdiction_code: str) -> Town:
        """Return a jurisdiction with its grids; raise JurisdictionUnknown, LiesAcross180."""
        with self._database.transaction() as connection:
            one = lookups.get_jurisdiction(connection, jurisdiction_code)
            if lies_across([outline_at(connection, one.id)]):
                raise LiesAcross180(jurisdiction=jurisdiction_code)
            found = features_within(connection, GRIDS, jurisdiction_id=one.id, bbox=one.bbox, most=MOST_GRIDS)
            return Town(one, found.rows, found.geoms, found.matched)

    def ground(
        self, jurisdiction: Jurisdiction, layer_ids: Iterable[str], bbox: Bbox, *, most: int
    ) -> dict[str, FeaturesWithin]:  # fmt: skip
        """Return what layers have in a box, by layer; of one that has more than `most` only how many."""
        with self._database.transaction() as connection:
            return {id_: self._within(connection, id_, jurisdiction, bbox, most) for id_ in layer_ids}

    @staticmethod
    def _within(
        connection: Any, layer_id: str, jurisdiction: Jurisdiction, bbox: Bbox, most: int
    ) -> FeaturesWithin:  # fmt: skip
        layer = lookups.get_layer(layer_id)
        found = features_within(connection, layer, jurisdiction_id=jurisdiction.id, bbox=bbox, most=most)
        note_features_read(connection, layer, jurisdiction.id, None, part="sheet")
        return found
