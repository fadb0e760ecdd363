"""Whose rows a transaction sees: the group role that row policies are written for, and what they ask of it.

The policies are in migrations/schema/row_policies.sql. A transaction whose scope nobody chose sees what the present
context says; outside a request that is everything, as for whoever runs the service.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, text

#: The group role that has all rights of the service. No row policy is for it: it sees no row that has one.
APP_ROLE = "geoservice_app"
#: SQL that has the rest of a transaction see a scope; its settings are the values.
SET_SCOPE = (
    "set_config('role', :role, true), set_config('geoservice.jurisdictions', :jurisdictions, true),"
    " set_config('geoservice.post', :post, true), set_config('geoservice.officer', :staff, true),"
    " set_config('geoservice.reporter', :reporter, true),"
    " set_config('geoservice.told', :told, true)"
)
#: What only some are told of: single households, where sensitive reports were made, drafts of boundaries, who did what,
#: and where to it is sent; an officer of his own grids.
Told = Literal["households", "sensitive", "drafts", "audit", "webhooks", "own_households", "own_sensitive"]
EVERYTHING: tuple[Told, ...] = ("households", "sensitive", "drafts", "audit", "webhooks")
OWN: tuple[Told, ...] = ("own_households", "own_sensitive")


@dataclass(frozen=True)
class Scope:
    """Some rows of those that have an owner."""

    #: Group role.
    role: str
    #: Ids of those whose rows are seen, where the role asks.
    jurisdictions: tuple[int, ...] = ()
    #: Of an officer: the jurisdiction's id, and his code. He sees what his grids have today and what he was named for.
    officer: tuple[int, str] | None = None
    #: Hash of the token of a report, by which its reporter sees it.
    reporter: bytes = b""
    #: What he is told that others are not, of all that he sees.
    told: tuple[Told, ...] = ()
    #: What else he is told, of a jurisdiction by its id: grants differ by place.
    told_in: tuple[tuple[Told, int], ...] = ()

    @property
    def settings(self) -> dict[str, str]:
        """Return what the policies ask, as the database keeps settings."""
        post, staff = ("", "") if self.officer is None else (str(self.officer[0]), self.officer[1])
        return {
            "role": self.role, "jurisdictions": f"{{{','.join(map(str, self.jurisdictions))}}}",
            "post": post, "staff": staff, "reporter": self.reporter.hex(),
            "told": " ".join((*self.told, *(f"{what}:{where}" for what, where in self.told_in))),
        }  # fmt: skip


#: What the service's login works as.
ROLES = (
    APP_ROLE, "geoservice_everywhere", "geoservice_within", "geoservice_officer", "geoservice_several",
    "geoservice_visitor",
)  # fmt: skip
SEVERAL = "geoservice_several"
NOTHING = Scope(APP_ROLE)
#: Of whoever runs the service; of programs that serve several jurisdictions; of what is told as counts.
EVERYWHERE = Scope("geoservice_everywhere", told=EVERYTHING)
#: Of what is told as counts to whoever asks: all rows, without what only some are told of them.
COUNTED = Scope("geoservice_everywhere")
#: Of whom nothing is known: what jurisdictions show to everybody.
VISITOR = Scope("geoservice_visitor")


def within(*jurisdictions: int) -> Scope:
    """Return the scope of those who work in some jurisdictions, by id."""
    return Scope("geoservice_within", jurisdictions, told=EVERYTHING)


def of_officer(jurisdiction: int, staff_code: str) -> Scope:
    """Return the scope of an officer: his grids of today, and what he was named for."""
    return Scope("geoservice_officer", officer=(jurisdiction, staff_code), told=OWN)


def asked_by_present(scope: Scope) -> Scope:
    """Return a scope that tells no more than whoever asks now is told."""
    present = _present.get()
    return replace(
        scope, jurisdictions=present.jurisdictions, officer=present.officer, told=present.told, told_in=present.told_in
    )


def of_reporter(token_sha256: bytes) -> Scope:
    """Return the scope of whoever holds the token of a report: the report, and what it is a duplicate of."""
    return Scope("geoservice_visitor", reporter=token_sha256)


_present: ContextVar[Scope] = ContextVar("scope", default=EVERYWHERE)


def present_scope() -> Scope:
    """Return the scope of transactions that begin now."""
    return _present.get()


def sees_households() -> bool:
    """Return whether whoever asks now is told single households, and counts of a few, of every grid."""
    return "households" in _present.get().told


def sees_sensitive() -> bool:
    """Return whether whoever asks now is told where and when sensitive reports were made, in every grid."""
    return "sensitive" in _present.get().told


def counting_all(connection: Connection) -> None:
    """Count for the rest of a transaction what is only told as a count: sensitive reports are reports, too."""
    present = _present.get()
    enter(connection, replace(present, told=tuple({*present.told, "sensitive"})))


def sees_all_of(jurisdiction_id: int) -> bool:
    """Return whether whoever asks now sees every incident of a jurisdiction, and not only some grids' or his own."""
    present = _present.get()
    if present.role == EVERYWHERE.role:
        return True
    return present.role in (within().role, SEVERAL) and jurisdiction_id in present.jurisdictions


def choose(scope: Scope) -> Token[Scope]:
    """Have transactions of this context see this scope; return what `leave` takes."""
    return _present.set(scope)


def leave(token: Token[Scope]) -> None:
    """Have them see what they saw before."""
    _present.reset(token)


def enter(connection: Connection, scope: Scope) -> None:
    """See another scope for the rest of a transaction."""
    connection.execute(text(f"SELECT {SET_SCOPE}"), scope.settings)
