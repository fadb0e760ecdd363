"""Whose rows somebody sees. A request sees nobody's until it is known who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Token
from dataclasses import replace

from geoservice.auth.model import Grant, Home, Identity, Role
from geoservice.auth.permissions import Permission, may
from geoservice.auth.tokens import token_sha256
from layers.db.scope import (
    EVERYWHERE,
    NOTHING,
    OWN,
    SEVERAL,
    VISITOR,
    Scope,
    Told,
    choose,
    leave,
    of_officer,
    of_reporter,
    within,
)

Before = Token[Scope]
#: What a permission tells beside the rows themselves.
_TOLD_BY: dict[Told, Permission] = {
    "households": Permission.READ_HOUSEHOLDS, "sensitive": Permission.READ_INCIDENTS, "drafts": Permission.READ_DRAFTS,
    "audit": Permission.READ_AUDIT, "webhooks": Permission.MANAGE_WEBHOOKS,
}  # fmt: skip


def scope_of(identity: Identity, needed: Permission | None = None) -> Scope:
    """Return whose rows somebody sees; the database holds to it.

    Parameters
    ----------
    needed
        What he asks for. Of several grants in one place, the rows are those that the ones show which allow it.
    """
    if identity.grants:
        return _scope_of_several(identity, needed)
    if identity.role in (Role.PUBLIC, Role.READER):
        return VISITOR
    if identity.role is Role.OFFICER:
        return NOTHING if identity.staff is None else of_officer(*identity.staff)
    scope = EVERYWHERE if identity.home is None else within(identity.home.id)
    return replace(scope, told=tuple(_told_to(identity.role)))


def _scope_of_several(identity: Identity, needed: Permission | None) -> Scope:
    """Return what grants of somebody show together, and of each place what all of those tell that are good there."""
    showing = [one for one in identity.grants if needed is None or may(one.role, needed)] or identity.grants
    working = [one for one in showing if _works(one)]
    officer = identity.staff if any(one.role is Role.OFFICER for one in showing) else None
    if not working:
        return VISITOR if officer is None else of_officer(*officer)
    here = _place_of(identity)
    places = [one.home or here for one in working]
    homes = sorted({home.id for home in places if home is not None})
    every = [(told, one.home or here) for one in filter(_works, identity.grants) for told in _told_to(one.role)]
    told_in = {(told, home.id) for told, home in every if home is not None}
    told = {told for told, home in every if home is None}
    own = OWN if officer is not None else ()
    everywhere = None in places
    if len(homes) == 1 and not everywhere:
        told, told_in = {one for one, _ in told_in}, set()
    role = EVERYWHERE.role if everywhere else within().role if officer is None else SEVERAL
    return Scope(
        role, () if everywhere else tuple(homes), officer, told=(*sorted(told), *own), told_in=tuple(sorted(told_in))
    )


def _works(grant: Grant) -> bool:
    """Return whether a grant shows the rows of a jurisdiction: a reader sees as visitors do, an officer his own."""
    return grant.role not in (Role.READER, Role.OFFICER)


def _place_of(identity: Identity) -> Home | None:
    """Return the one place that somebody acts in: what he is granted everywhere shows nothing of others then."""
    return next((one.home for one in identity.grants if identity.is_here and one.home is not None), None)


def _told_to(role: Role) -> Iterator[Told]:
    return (told for told, needed in _TOLD_BY.items() if may(role, needed))


def scope_of_token(token: str) -> Scope:
    """Return the scope of whoever shows the token of a report; of what has not the form of one, no report's."""
    return of_reporter(token_sha256(token) or b"")


def see_nothing() -> Before:
    """See nothing from now on; return what `see_as_before` takes."""
    return choose(NOTHING)


def see_as(identity: Identity, needed: Permission | None = None) -> None:
    """See what somebody may see who asks for what needs a permission."""
    choose(scope_of(identity, needed))


@contextmanager
def seeing_as(identity: Identity, needed: Permission) -> Iterator[None]:
    """See the same for a block."""
    before = choose(scope_of(identity, needed))
    try:
        yield
    finally:
        leave(before)


def see_as_before(before: Before) -> None:
    """See what was seen before `see_nothing`."""
    leave(before)
