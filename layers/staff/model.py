"""Who serves where, as values: codes and call signs, never names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Officer:
    """Somebody posted to a grid, by code and call sign."""

    code: str
    call_sign: str
    #: grid_officer, deputy or police_officer.
    role: str


@dataclass(frozen=True)
class Posting:
    """An officer serves a grid from a day to a day, half-open."""

    jurisdiction_id: int
    grid_code: str
    officer: Officer
    valid_from: date
    #: None: until further notice.
    valid_to: date | None
