"""What editions, grids and findings are, as values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning"]
EditionStatus = Literal["draft", "published", "superseded", "withdrawn"]

#: Control and direction-changing characters, which no name may hold; a code may not hold invisible ones either.
_HIDDEN_IN_NAME = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_HIDDEN_IN_CODE = re.compile("[\xad\u200b-\u200f]|" + _HIDDEN_IN_NAME.pattern)
CODE_LENGTH_MAX = 64
#: In files: why ground belongs to nobody. Short enough for a shapefile.
UNOWNED_FIELD = "unowned"
NAME_LENGTH_MAX = 200


# Named tuples, not dataclasses: these two are made for every look-up, and cost a third so.
class Candidate(NamedTuple):
    """A grid near enough to a position to be meant."""

    grid_code: str
    distance_m: float


class Ownership(NamedTuple):
    """Which grid owns a position, and how that was found."""

    jurisdiction_id: int | None
    edition_id: int | None
    grid_code: str | None
    grid_name: str | None
    #: covers, nearest or none.
    method: str
    #: To the nearest border; None when none lies within reach.
    distance_to_border_m: float | None
    near_border: bool
    candidates: tuple[Candidate, ...]
    #: Why nobody owns it, where the edition leaves the place to nobody.
    unowned_reason: str | None = None


@dataclass(frozen=True)
class GridShape:
    """One grid as it was read or drawn; nothing about it is promised yet."""

    code: str
    name: str
    name_en: str | None
    parent_code: str | None
    #: EPSG:4326; None when there is none.
    geom: MultiPolygon | None
    #: What else the source said about it.
    properties: dict[str, object] = field(default_factory=dict)
    #: Why the ground belongs to nobody; None: it is a grid.
    unowned_reason: str | None = None


@dataclass(frozen=True)
class Finding:
    """One defect or remark about an edition."""

    #: Stable id of the rule, such as overlap.
    rule: str
    severity: Severity
    grid_codes: tuple[str, ...]
    #: One sentence for people that names the grids, the place and the size.
    message: str
    size: float | None = None
    #: m2, m, grids, features or vertices.
    unit: str | None = None
    #: Where, EPSG:4326; None when it has no place.
    geom: BaseGeometry | None = None


class Unowned(NamedTuple):
    """Ground of the outline that belongs to nobody, and why."""

    reason: str
    #: EPSG:4326.
    geom: MultiPolygon


class Decision(NamedTuple):
    """A gap or an overlap that somebody gave to a grid, or to nobody."""

    kind: Literal["gap", "overlap"]
    #: Code of the grid, or of the ground that belongs to nobody.
    to: str
    area_m2: float
    #: In it, EPSG:4326.
    lon: float
    lat: float
    reason: str
    actor: str
    at: datetime


class ReassignedCode(NamedTuple):
    """A code that names another place from an edition on, which somebody accepted."""

    code: str
    reason: str
    accepted_by: str


@dataclass(frozen=True)
class EditionOutline:
    """The outline that an edition partitions, beside the one that it was drawn from."""

    #: EPSG:4326, of the edition it was drawn from; without one, of its jurisdiction.
    before: MultiPolygon
    outline: MultiPolygon
    #: Why it is another one; None: it is not, or nobody confirmed it.
    reason: str | None
    confirmed_by: str | None

    @property
    def is_as_before(self) -> bool:
        """Return whether both are the same, to the vertex."""
        return bool(self.outline.equals_exact(self.before))


@dataclass(frozen=True)
class Edition:
    """One complete set of grids of one jurisdiction."""

    id: int
    jurisdiction_code: str
    title: str
    status: EditionStatus
    valid_from: datetime | None
    valid_to: datetime | None
    #: Where the boundaries came from, such as a file name.
    source: str | None
    grid_count: int
    #: Whether its grids were looked at as they stand now, whatever was found.
    validated: bool
    error_count: int
    warning_count: int
    recorded_at: datetime
    published_at: datetime | None
    published_by: str | None
    #: The edition it was drawn from.
    base_id: int | None
    #: Number of the last step of a draft: equal revisions have equal grids.
    revision: int
    #: Why it is drawn, as its analyst says.
    note: str | None
    #: Who asks for the draft, as it stands, to be put in force; None: nobody, or it was edited since.
    asked_by: str | None


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether any finding forbids publishing."""
    return any(finding.severity == "error" for finding in findings)


def code_fault(code: str) -> str | None:
    """Return what keeps a text from being a grid code, or None; geoservice.is_code in the database agrees."""
    if not code:
        return "is empty"
    if len(code) > CODE_LENGTH_MAX:
        return f"has {len(code)} characters; {CODE_LENGTH_MAX} is the most"
    if _HIDDEN_IN_CODE.search(code):
        return "holds an invisible character"
    if code != code.strip():
        return "begins or ends with a space"
    if not unicodedata.is_normalized("NFC", code):
        return "is not in Unicode's composed form (NFC)"
    return None


def name_fault(name: str) -> str | None:
    """Return what keeps a text from being shown as a name, or None; geoservice.is_name in the database agrees."""
    if not name:
        return "is empty"
    if len(name) > NAME_LENGTH_MAX:
        return f"has {len(name)} characters; {NAME_LENGTH_MAX} is the most"
    if _HIDDEN_IN_NAME.search(name):
        return "holds an invisible or direction-changing character"
    return None
