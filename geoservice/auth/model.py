"""Who somebody is: a role, and the key or the account that showed it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # commands that only tell about themselves do without what it brings
    from layers.jurisdictions.model import Visitors


class Role(StrEnum):
    """What somebody is to the service."""

    PUBLIC = "public"  #: nobody known
    READER = "reader"  #: another system that asks
    REPORTER = "reporter"  #: another system that reports
    OFFICER = "officer"
    DISPATCHER = "dispatcher"
    ANALYST = "analyst"
    PUBLISHER = "publisher"  #: puts in force what somebody else drew
    STEWARD = "steward"  #: erases what people wrote
    AUDITOR = "auditor"
    ADMIN = "admin"


class LoginRole(StrEnum):
    """What somebody may do who logs in to the database with QGIS or psql."""

    READER = "reader"  #: see the layers without people
    ANALYST = "analyst"  #: edit drafts and the layers of the landscape


class Home(NamedTuple):
    """A jurisdiction."""

    id: int
    code: str


class Granted(Protocol):
    """What a key or an account is for, as it is stored."""

    @property
    def role(self) -> str:
        """A role."""

    @property
    def jurisdiction_id(self) -> int | None:
        """Where it is good; None: everywhere."""

    @property
    def jurisdiction_code(self) -> str | None:
        """The same by code."""

    @property
    def staff_code(self) -> str | None:
        """Which member of staff there holds it."""


@dataclass(frozen=True)
class Identity:
    """Who asks."""

    role: Role
    #: Id of the key that was shown; None for the public, and for who is signed in.
    key_id: str | None = None
    #: Who holds an officer's key: the jurisdiction's id and the code of the member of staff.
    staff: tuple[int, str] | None = None
    #: Where alone somebody acts; None: everywhere.
    home: Home | None = None
    #: Of a visitor: what the jurisdictions show that he asks about.
    shown: Visitors = "open"
    #: Login name of the account that somebody is signed in with; None: nobody is.
    login: str | None = None

    @classmethod
    def of(cls, granted: Granted, *, key_id: str | None = None, login: str | None = None) -> Identity:
        """Return who shows a key, or is signed in with an account."""
        home = holder = None
        if granted.jurisdiction_id is not None and granted.jurisdiction_code is not None:
            home = Home(granted.jurisdiction_id, granted.jurisdiction_code)
            holder = None if granted.staff_code is None else (home.id, granted.staff_code)
        return cls(Role(granted.role), key_id, holder, home, login=login)

    def acting_in(self, jurisdictions: Collection[str]) -> Identity:
        """Return as who somebody acts in jurisdictions, by code: elsewhere than at home a key is worth nothing."""
        return PUBLIC if self.home is not None and set(jurisdictions) - {self.home.code} else self

    @property
    def actor(self) -> str:
        """Return the name that histories keep: of who is signed in the account, of an officer's key the staff code."""
        if self.login is not None:
            return f"{self.role}:{self.login}"
        if self.staff is not None:
            return f"{self.role}:{self.staff[1]}"
        return f"{self.role}:{self.key_id}" if self.key_id else str(self.role)


PUBLIC = Identity(Role.PUBLIC)
#: Visitors, by what they are shown. Made once: asked for with every plain request.
VISITORS: dict[Visitors, Identity] = {
    "closed": Identity(Role.PUBLIC, shown="closed"), "grids": Identity(Role.PUBLIC, shown="grids"), "open": PUBLIC,
}  # fmt: skip
