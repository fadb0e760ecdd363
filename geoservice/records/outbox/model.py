"""What other systems hear of, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """One thing that happened. It names no person and holds nobody's words."""

    #: Its place in the order in which everybody hears of it; numbers grow and are never used again.
    number: int
    at: datetime
    #: `incident.` with the rule that was followed, `edition.published` or `layer.changed`.
    type: str
    jurisdiction_id: int | None
    jurisdiction_code: str | None
    #: Codes, ids and numbers; for an incident: incident, service, status, from_status, grid, from_grid, officer,
    #: edition, method, rating, original_status; for a layer: layer, change.
    data: Mapping[str, Any]
    #: Whether the jurisdiction shows visitors nothing.
    closed: bool = False


@dataclass(frozen=True)
class Kept:
    """Which events are kept: the numbers of the first and the last one. Without any, the first is the one to come."""

    first: int
    last: int
