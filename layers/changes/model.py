"""Changes of layers as values: how what is to be written differs from what is stored, and what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

#: What becomes of stored features that an import does not name.
Removed = Literal["keep", "delete"]
#: What a change did to a feature.
What = Literal["added", "changed", "removed"]


class Refused(NamedTuple):
    """A row that becomes no feature."""

    row: int
    reason: str


class FeatureKey(NamedTuple):
    """What names a feature among those of all layers and jurisdictions."""

    layer: str
    jurisdiction: str
    key: str


class FieldChange(NamedTuple):
    """What a field of a feature is, and would be."""

    field: str
    old: object
    new: object


class FeatureChange(NamedTuple):
    """A feature that would be another one."""

    key: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class Difference:
    """How features that are to be written differ from those that are stored."""

    added: int
    changed: int
    #: Stored and not among those to be written, whatever becomes of them.
    missing: int
    same: int
    stored: int
    refused: tuple[Refused, ...]
    #: In how many features each field would change.
    fields: Mapping[str, int]
    #: The first of each kind, by key.
    first_added: tuple[str, ...]
    first_changed: tuple[FeatureChange, ...]
    first_missing: tuple[str, ...]
    #: By what becomes of what is missing: equal for equal differences. What stays is not looked at.
    tokens: Mapping[Removed, str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be added or changed."""
        return self.added == self.changed == 0


class ChangeCount(NamedTuple):
    """What a change did to a layer in a jurisdiction."""

    layer: str
    jurisdiction: str
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class Change:
    """A transaction that changed layers."""

    id: int
    at: datetime
    actor: str
    #: sql, command or api.
    door: str
    #: edit, import or undo.
    kind: str
    note: str | None
    #: The change that this one undid.
    undoes: int | None
    #: The latest change that undid this one.
    undone_by: int | None
    counts: tuple[ChangeCount, ...]


class TouchedFeature(NamedTuple):
    """What a change did to a feature, and to which of its fields."""

    what: What
    #: Its key as the change left it. Fields only where it was there before and after.
    change: FeatureChange


@dataclass(frozen=True)
class Touched:
    """To how many features of a layer a change did something."""

    added: int
    changed: int
    removed: int
    #: In how many features each field differs.
    fields: Mapping[str, int]


@dataclass(frozen=True)
class Version:
    """What a feature was, from an instant until another."""

    since: datetime
    #: None: it still is.
    until: datetime | None
    #: None: from before there was a history.
    made_by: Change | None
    ended_by: Change | None
    #: Values by column of the layer, and its place as GeoJSON.
    values: Mapping[str, object]
    geometry: str
