"""What an incident, its history and a service are, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True)
class Incident:
    """One reported matter and where it went."""

    id: UUID
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
