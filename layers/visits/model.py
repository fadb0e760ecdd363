"""What a visit is, as values: codes, a place, a minute; no words and nobody's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from layers.crs import Position

#: The six kinds of work of a grid officer: he walks and looks, registers, checks for hazards, settles disputes, takes
#: requests, does services.
Kind = Literal["patrol", "registration", "hazard_check", "dispute", "request", "service"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What came of it.
Outcome = Literal["done", "nobody_there", "follow_up", "handed_on"]


@dataclass(frozen=True)
class NewVisit:
    """A visit as it is noted; at a building or at a point, not both."""

    kind: Kind
    outcome: Outcome
    #: Its seconds are left out.
    at: datetime
    building_code: str | None = None
    position: Position | None = None


@dataclass(frozen=True)
class Visit(NewVisit):
    """A visit as it is stored."""

    id: int = 0
    #: That owned the place at that minute.
    grid_code: str = ""
    staff_code: str = ""
