"""A town on its way: what its steps share, and what each tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from geoservice.domain.importing.model import ReadFeatures, RefusedRow
from geoservice.domain.importing.properties import faults_of
from geoservice.errors import TownFileWrong
from geoservice.reading.features import read_features
from geoservice.reading.limits import Limits
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.layers.staging import written_layer
from geoservice.services.town.plan import Features, Plan
from layers.changes.model import Refused
from layers.crs import Bbox
from layers.db.session import Database
from layers.jurisdictions.model import Jurisdiction


class Done(NamedTuple):
    """What a step did."""

    #: As it is called in town.toml.
    step: str
    #: Sentences.
    did: tuple[str, ...]
    #: What was taken for what, what was refused.
    remarks: tuple[str, ...] = ()
    refused: tuple[Refused | RefusedRow, ...] = ()
    #: Of grids: a draft that waits for somebody to look at it, and whether something forbids publishing it.
    draft: int | None = None
    is_forbidden: bool = False


@dataclass
class Making:
    """A town on its way."""

    database: Database
    plan: Plan
    limits: Limits
    actor: str
    #: See `RegisterService`.
    seal_key: bytes | None
    #: Where it is, once that is known.
    bbox: Bbox | None = None
    _read: dict[str, ReadFeatures] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Return the code of the jurisdiction."""
        return self.plan.town.code

    def there(self) -> Jurisdiction | None:
        """Return the jurisdiction, once it is there."""
        return next((one for one in JurisdictionService(self.database).jurisdictions() if one.code == self.code), None)

    def read(self, layer_id: str, table: Features) -> ReadFeatures:
        """Return the features of a file, read once; raise as `read_features` does."""
        known = f"{layer_id} {table.model_dump_json()}"
        if known not in self._read:
            layer, choices = written_layer(layer_id), table.choices(self.plan.town, self.bbox)
            for fault in faults_of(layer, table.set):
                raise TownFileWrong(file=table.file.name, what=f"set: {fault}")
            found = read_features(str(table.file), layer, choices, self.limits)
            self._read[known] = _with_constants(found, table.set)
        return self._read[known]


def _with_constants(features: ReadFeatures, constants: Mapping[str, object]) -> ReadFeatures:
    values = dict(features.values) | {name: [value] * len(features.keys) for name, value in constants.items()}
    return ReadFeatures(
        features.keys, values, features.geoms, features.buildings, features.rows, features.refused, features.remarks
    )


Step = Callable[[Making], Done]
