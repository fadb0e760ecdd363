"""Whose rows a request sees: nobody's until it is known who asks, then those that are his to see."""

from __future__ import annotations

from contextvars import Token

from geoservice.auth.model import Identity
from layers.db.scope import NOTHING, Scope, choose, leave

Before = Token[Scope]


def see_nothing() -> Before:
    """See nothing from now on; return what `see_as_before` takes."""
    return choose(NOTHING)


def see_as(identity: Identity) -> None:
    """See what somebody may see."""
    choose(identity.scope)


def see_as_before(before: Before) -> None:
    """See what was seen before `see_nothing`."""
    leave(before)
