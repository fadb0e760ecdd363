"""Who serves where, as values: codes and call signs, never names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True)
class Officer:
    """Somebody posted to a grid, by code and call sign."""

    code: str
    call_sign: str
    #: grid_officer, deputy or police_officer.
    role: str


class Member(NamedTuple):
    """A member of staff."""

    code: str
    call_sign: str
    #: grid_officer, police_officer or dispatcher.
    role: str


class PostingSpan(NamedTuple):
    """Which grid a member of staff serves, as what, from a day to a day, half-open."""

    staff_code: str
    grid_code: str
    #: grid_officer, deputy or police_officer.
    role: str
    valid_from: date
    #: None: until further notice.
    valid_to: date | None

    @property
    def ends(self) -> date:
        """Return the first day on which it is over; the last of all days when nobody knows."""
        return self.valid_to or date.max

    def overlaps(self, other: PostingSpan) -> bool:
        """Return whether a day is in both."""
        return self.valid_from < other.ends and other.valid_from < self.ends


class NumberedPosting(NamedTuple):
    """A posting as it is stored, with the number by which it is known."""

    id: int
    posting: PostingSpan


@dataclass(frozen=True)
class Posting:
    """An officer serves a grid from a day to a day, half-open."""

    jurisdiction_id: int
    grid_code: str
    officer: Officer
    valid_from: date
    #: None: until further notice.
    valid_to: date | None
