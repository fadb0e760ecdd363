"""Who somebody is: a role, and the key that showed it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the service."""

    PUBLIC = "public"  #: nobody known
    READER = "reader"  #: another system that asks
    REPORTER = "reporter"  #: another system that reports
    OFFICER = "officer"
    DISPATCHER = "dispatcher"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"


class LoginRole(StrEnum):
    """What somebody may do who logs in to the database with QGIS or psql."""

    READER = "reader"  #: see the layers without people
    ANALYST = "analyst"  #: edit drafts and the layers of the landscape


@dataclass(frozen=True)
class Identity:
    """Who asks."""

    role: Role
    #: Id of the key that was shown; None for the public.
    key_id: str | None = None
    #: Who holds an officer's key: the jurisdiction's id and the code of the member of staff.
    staff: tuple[int, str] | None = None

    @property
    def actor(self) -> str:
        """Return the name that histories keep: of an officer the staff code, of others the key."""
        if self.staff is not None:
            return f"{self.role}:{self.staff[1]}"
        return f"{self.role}:{self.key_id}" if self.key_id else str(self.role)


PUBLIC = Identity(Role.PUBLIC)
