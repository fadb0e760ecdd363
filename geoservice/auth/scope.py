"""Whose rows somebody sees. A request sees nobody's until it is known who asks."""

from __future__ import annotations

from contextvars import Token

from geoservice.auth.model import Identity, Role
from layers.db.scope import EVERYWHERE, NOTHING, VISITOR, Scope, choose, leave, of_officer, within

Before = Token[Scope]


def scope_of(identity: Identity) -> Scope:
    """Return whose rows somebody sees; the database holds to it."""
    if identity.role in (Role.PUBLIC, Role.READER):
        return VISITOR
    if identity.role is Role.OFFICER:
        return NOTHING if identity.staff is None else of_officer(*identity.staff)
    return EVERYWHERE if identity.home is None else within(identity.home.id)


def see_nothing() -> Before:
    """See nothing from now on; return what `see_as_before` takes."""
    return choose(NOTHING)


def see_as(identity: Identity) -> None:
    """See what somebody may see."""
    choose(scope_of(identity))


def see_as_before(before: Before) -> None:
    """See what was seen before `see_nothing`."""
    leave(before)
