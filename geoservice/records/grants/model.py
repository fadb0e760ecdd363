"""What of a grant is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True)
class NewGrant:
    """A grant that is to be given."""

    role: str
    #: Where it is good; None: everywhere.
    jurisdiction_id: int | None = None
    #: Which member of staff there holds it.
    staff_code: str | None = None
    #: None: from now on.
    valid_from: datetime | None = None
    #: None: without an end.
    valid_to: datetime | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Return the same as statements take it."""
        return {
            "role": self.role, "jurisdiction_id": self.jurisdiction_id, "staff_code": self.staff_code,
            "valid_from": self.valid_from, "valid_to": self.valid_to,
        }  # fmt: skip


@dataclass(frozen=True)
class StoredGrant:
    """A grant as it is stored."""

    id: int
    role: str
    #: Where it is good; None: everywhere.
    jurisdiction_id: int | None
    jurisdiction_code: str | None
    #: By whose clocks its days are told; None: of everywhere.
    time_zone: str | None
    #: Which member of staff there holds it.
    staff_code: str | None
    valid_from: datetime
    #: None: without an end.
    valid_to: datetime | None
    #: As histories name him.
    granted_by: str
    #: When it was taken back before its end.
    revoked_at: datetime | None

    def state(self, now: datetime) -> Literal["revoked", "over", "to come", "in force"]:
        """Return whether it is in force, and why not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.valid_to is not None and self.valid_to <= now:
            return "over"
        return "in force" if self.valid_from <= now else "to come"


def in_force(grants: Iterable[StoredGrant], now: datetime) -> tuple[StoredGrant, ...]:
    """Return those that are in force."""
    return tuple(one for one in grants if one.state(now) == "in force")


def alive(grants: Iterable[StoredGrant], now: datetime) -> tuple[StoredGrant, ...]:
    """Return those that are in force or will be."""
    return tuple(one for one in grants if one.state(now) in ("in force", "to come"))


def home_of(grants: Iterable[StoredGrant]) -> int | None:
    """Return the one jurisdiction of all grants, by id; None: they are of several, or of all."""
    homes = {one.jurisdiction_id for one in grants}
    return homes.pop() if len(homes) == 1 else None


def stored_grants(told: Iterable[dict[str, Any]] | None) -> tuple[StoredGrant, ...]:
    """Return grants from what GRANTS_TOLD selects."""
    return tuple(
        StoredGrant(**one | {name: one[name] and datetime.fromisoformat(one[name]) for name in _INSTANTS})
        for one in told or ()
    )


_INSTANTS = ("valid_from", "valid_to", "revoked_at")
