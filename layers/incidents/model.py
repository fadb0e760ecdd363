"""What an incident, its history and a service are, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from layers.crs import DeclaredPosition, Position


@dataclass(frozen=True)
class Report:
    """An incident as it is handed in; the database finds its owner."""

    jurisdiction_id: int
    service_code: str
    place: DeclaredPosition
    source: str
    description: str = ""
    accuracy_m: float | None = None
    building_code: str | None = None
    reported_at: datetime | None = None
    #: Of the token that the reporter holds; None when nobody follows it.
    reporter_sha256: bytes | None = None
    #: Answers to the service's attributes, by their codes.
    attributes: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportKey:
    """What is kept of the key that a report or a step came with."""

    #: Of what came with it.
    request_sha256: bytes
    incident_id: UUID
    #: None: it was a step.
    sealed_token: bytes | None


@dataclass(frozen=True)
class Incident:
    """One reported matter and where it went."""

    id: UUID
    jurisdiction_id: int | None
    jurisdiction_code: str | None
    service_code: str
    source: str
    description: str
    position: Position
    received_x: float
    received_y: float
    declared_crs: str
    accuracy_m: float | None
    building_code: str | None
    status: str
    grid_code: str | None
    edition_id: int | None
    #: covers, nearest, building, manual or none.
    method: str
    distance_to_border_m: float | None
    near_border: bool
    candidates: tuple[dict[str, object], ...]
    officer_code: str | None
    reported_at: datetime
    recorded_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    rating: int | None
    version: int
    #: Since when it has its status.
    status_since: datetime
    #: Since when a question to the reporter is open.
    waiting_since: datetime | None
    #: Since when the officer who accepted it is on the way.
    set_out_at: datetime | None
    #: The incident that this one was merged into.
    duplicate_of: UUID | None
    #: Of a duplicate: how far the incident has come that it ends at.
    original_status: str | None
    #: The words that came with the last step.
    step_reason: str | None
    #: While it is in hand: the words with which it was last dispatched, given to somebody or another grid, or reopened.
    assignment_reason: str | None
    #: By when it should be resolved; None without a limit, and while the clock stands.
    expected_at: datetime | None
    #: When it was found late.
    overdue_at: datetime | None
    #: The order of lists: the smaller, the sooner somebody has to do something.
    urgency: float
    attributes: Mapping[str, object]
    #: When what people wrote in it and in its history was erased.
    words_gone_at: datetime | None


@dataclass(frozen=True)
class Alike:
    """Another incident of the same service in hand, reported near in place and time: perhaps the same matter."""

    id: UUID
    status: str
    grid_code: str | None
    reported_at: datetime
    distance_m: float


@dataclass(frozen=True)
class IncidentEvent:
    """One line of an incident's history."""

    at: datetime
    actor: str
    rule: str
    from_status: str | None
    to_status: str
    from_grid_code: str | None
    to_grid_code: str | None
    method: str | None
    edition_id: int | None
    reason: str | None
    officer_code: str | None
    #: Of the incident from this line on; None where nothing of it changed.
    version: int | None


@dataclass(frozen=True)
class Said:
    """What somebody said when taking a step."""

    at: datetime
    #: The rule that it came with.
    rule: str
    words: str
    #: The reporter's own.
    by_reporter: bool


@dataclass(frozen=True)
class StatusChange:
    """A line of a history that changed a status."""

    #: Of the line; later lines have larger ones.
    number: int
    incident_id: UUID
    at: datetime
    status: str


@dataclass(frozen=True)
class Routing:
    """How an incident was routed, as its history keeps it, and the rule asked again by what was known then."""

    at: datetime
    rule: str
    actor: str
    routed_at: datetime
    position: Position
    received_x: float
    received_y: float
    declared_crs: str
    accuracy_m: float | None
    building_code: str | None
    edition_id: int | None
    grid_code: str | None
    method: str
    distance_to_border_m: float | None
    near_border: bool
    candidates: tuple[dict[str, object], ...]
    officer_code: str | None
    reason: str | None
    #: The answer by position, asked again as it was known at `at`.
    again_grid_code: str | None
    again_method: str
    again_edition_id: int | None
    again_distance_to_border_m: float | None
    again_near_border: bool

    @property
    def agrees(self) -> bool:
        """Return whether what is stored is what the rule says; of a person's decision, whether its ground is."""
        by_rule = (self.again_edition_id, self.again_distance_to_border_m, self.again_near_border)
        stored = (self.edition_id, self.distance_to_border_m, self.near_border)
        decided = (self.again_grid_code, self.again_method) == (self.grid_code, self.method)
        return by_rule == stored and (decided or self.method == "manual")


@dataclass(frozen=True)
class Service:
    """A kind of incident."""

    code: str
    name: str
    name_en: str | None
    description: str | None
    category: str | None
    keywords: tuple[str, ...]
    limit_working_hours: float | None
    #: What a report is asked for, each as GeoReport v2 defines it.
    attributes: tuple[dict[str, Any], ...] = ()
    #: Where one of its incidents was reported is nobody's business, such as a dispute at home.
    sensitive: bool = False
    #: Nothing new is reported of it; what was reported is handled to its end.
    retired: bool = False


@dataclass(frozen=True)
class Search:
    """Which incidents are meant; what is None does not matter."""

    jurisdiction_id: int | None = None
    grid_codes: tuple[str, ...] | None = None
    officer_codes: tuple[str, ...] | None = None
    #: Only what these grids have, or what this member of staff was named for: codes.
    with_grids_or_officer: tuple[tuple[str, ...], str] | None = None
    ids: tuple[UUID, ...] | None = None
    statuses: tuple[str, ...] | None = None
    service_codes: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    overdue: bool | None = None
    #: Only those whose grid is in doubt because a border is near, or only the others.
    near_border: bool | None = None
    #: Each of these has to stand in what was reported, or to begin the incident's number.
    words: tuple[str, ...] = ()
    #: Half-open.
    reported: tuple[datetime | None, datetime | None] = (None, None)
    updated: tuple[datetime | None, datetime | None] = (None, None)
    closed: tuple[datetime | None, datetime | None] = (None, None)
    #: Of the last one seen, what the list is ordered by, and its id: only those that follow.
    after: tuple[datetime | float, UUID] | None = None
