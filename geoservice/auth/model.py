"""Who somebody is: a role, and the key or the account that showed it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
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


class Grant(NamedTuple):
    """A role, in a jurisdiction or everywhere."""

    role: Role
    #: Where it is good; None: everywhere.
    home: Home | None = None
    #: Which member of staff there holds it, by code.
    staff_code: str | None = None


class Granted(Protocol):
    """A grant as it is stored."""

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


#: Of several grants that allow a step the first acts: that of the place before that for everywhere, then as roles are
#: listed.
_ORDER = {role: number for number, role in enumerate(Role)}


@dataclass(frozen=True)
class Identity:
    """Who asks.

    Whoever holds one grant has its role, home and member of staff. Whoever holds several has all of them in `grants`;
    role and home are then those of the one that acts.
    """

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
    #: What he holds where he acts, when that is more than one grant.
    grants: tuple[Grant, ...] = ()
    #: Whether all of these are good in the one place that he acts in; else each is where it is good.
    is_here: bool = False

    @classmethod
    def of(cls, granted: Iterable[Granted], *, key_id: str | None = None, login: str | None = None) -> Identity:
        """Return who shows a key, or is signed in with an account, by its grants that are in force."""
        held = sorted((_grant(one) for one in granted), key=_place_in_order)
        if not held:
            return PUBLIC
        return cls(held[0].role, key_id, _staff_of(held), held[0].home, login=login, grants=_several(held))

    def holding(self, grants: Sequence[Grant], *, is_here: bool = False) -> Identity:
        """Return the same with these grants alone, of which the first acts; the public, without any."""
        if not grants:
            return PUBLIC
        several = _several(grants)
        return replace(
            self, role=grants[0].role, home=grants[0].home, staff=_staff_of(grants), grants=several,
            is_here=is_here and bool(several),
        )  # fmt: skip

    @property
    def held(self) -> tuple[Grant, ...]:
        """Return every grant that he holds where he acts."""
        return self.grants or (Grant(self.role, self.home, None if self.staff is None else self.staff[1]),)

    @property
    def homes(self) -> frozenset[Home | None]:
        """Return where he acts; None: everywhere."""
        return frozenset(one.home for one in self.held)

    def acting_in(self, jurisdictions: Collection[str]) -> Identity:
        """Return as who somebody acts in jurisdictions, by code: elsewhere than there a grant is worth nothing."""
        if not self.grants:
            return PUBLIC if self.home is not None and set(jurisdictions) - {self.home.code} else self
        named = set(jurisdictions)
        if not named or self.is_here:
            return self
        return self.holding([one for one in self.grants if one.home is None or named == {one.home.code}], is_here=True)

    def acting_by(self, roles: Collection[Role]) -> Identity:
        """Return the same acting by the first of his grants that is of some roles; unchanged, where none is."""
        able = next((one for one in self.grants if one.role in roles), None)
        return self if able is None else replace(self, role=able.role, home=able.home)

    @property
    def actor(self) -> str:
        """Return the name that histories keep: of who is signed in the account, of an officer's key the staff code."""
        if self.login is not None:
            return f"{self.role}:{self.login}"
        if self.staff is not None and (not self.grants or self.role is Role.OFFICER):
            return f"{self.role}:{self.staff[1]}"
        return f"{self.role}:{self.key_id}" if self.key_id else str(self.role)


def _grant(stored: Granted) -> Grant:
    if stored.jurisdiction_id is None or stored.jurisdiction_code is None:
        return Grant(Role(stored.role))
    return Grant(Role(stored.role), Home(stored.jurisdiction_id, stored.jurisdiction_code), stored.staff_code)


def _several(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    return tuple(grants) if len(grants) > 1 else ()


def _staff_of(grants: Sequence[Grant]) -> tuple[int, str] | None:
    """Return which member of staff somebody is: as an officer, if he is one."""
    for one in sorted(grants, key=lambda one: one.role is not Role.OFFICER):
        if one.home is not None and one.staff_code is not None:
            return one.home.id, one.staff_code
    return None


def _place_in_order(grant: Grant) -> tuple[bool, int, str]:
    return grant.home is None, _ORDER[grant.role], "" if grant.home is None else grant.home.code


PUBLIC = Identity(Role.PUBLIC)
#: Visitors, by what they are shown. Made once: asked for with every plain request.
VISITORS: dict[Visitors, Identity] = {
    "closed": Identity(Role.PUBLIC, shown="closed"), "grids": Identity(Role.PUBLIC, shown="grids"), "open": PUBLIC,
}  # fmt: skip
