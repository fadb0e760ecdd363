"""Whose rows somebody sees. A request sees nobody's until it is known who asks."""

from __future__ import annotations

from contextvars import Token
from dataclasses import replace

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, may
from geoservice.auth.tokens import token_sha256
from layers.db.scope import EVERYWHERE, NOTHING, VISITOR, Scope, Told, choose, leave, of_officer, of_reporter, within

Before = Token[Scope]
#: What a permission tells beside the rows themselves.
_TOLD_BY: dict[Told, Permission] = {
    "households": Permission.READ_HOUSEHOLDS, "sensitive": Permission.READ_INCIDENTS, "drafts": Permission.READ_DRAFTS
}  # fmt: skip


def scope_of(identity: Identity) -> Scope:
    """Return whose rows somebody sees; the database holds to it."""
    if identity.role in (Role.PUBLIC, Role.READER):
        return VISITOR
    if identity.role is Role.OFFICER:
        return NOTHING if identity.staff is None else of_officer(*identity.staff)
    scope = EVERYWHERE if identity.home is None else within(identity.home.id)
    return replace(scope, told=tuple(told for told, needed in _TOLD_BY.items() if may(identity.role, needed)))


def scope_of_token(token: str) -> Scope:
    """Return the scope of whoever shows the token of a report; of what has not the form of one, no report's."""
    return of_reporter(token_sha256(token) or b"")


def see_nothing() -> Before:
    """See nothing from now on; return what `see_as_before` takes."""
    return choose(NOTHING)


def see_as(identity: Identity) -> None:
    """See what somebody may see."""
    choose(scope_of(identity))


def see_as_before(before: Before) -> None:
    """See what was seen before `see_nothing`."""
    leave(before)
