"""Whose rows somebody sees. A request sees nobody's until it is known who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import Token
from dataclasses import replace

from geoservice.auth.model import Identity, Role
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


def scope_of(identity: Identity) -> Scope:
    """Return whose rows somebody sees; the database holds to it."""
    if identity.grants:
        return _scope_of_several(identity)
    if identity.role in (Role.PUBLIC, Role.READER):
        return VISITOR
    if identity.role is Role.OFFICER:
        return NOTHING if identity.staff is None else of_officer(*identity.staff)
    scope = EVERYWHERE if identity.home is None else within(identity.home.id)
    return replace(scope, told=tuple(_told_to(identity.role)))


def _scope_of_several(identity: Identity) -> Scope:
    """Return what all grants of somebody show together, and of each place what those tell that are good there."""
    working = [one for one in identity.grants if one.role not in (Role.READER, Role.OFFICER)]
    officer = identity.staff if any(one.role is Role.OFFICER for one in identity.grants) else None
    if not working:
        return VISITOR if officer is None else of_officer(*officer)
    homes = sorted({one.home.id for one in working if one.home is not None})
    told_in = {(told, one.home.id) for one in working if one.home is not None for told in _told_to(one.role)}
    told = {told for one in working if one.home is None for told in _told_to(one.role)}
    own = OWN if officer is not None else ()
    everywhere = any(one.home is None for one in working)
    # In one place what is good everywhere is good as well, and shows nothing of others.
    if identity.is_here and homes:
        told_in |= {(one, homes[0]) for one in told}
        everywhere, told = False, set()
    if len(homes) == 1 and not everywhere:
        told, told_in = {one for one, _ in told_in}, set()
    role = EVERYWHERE.role if everywhere else within().role if officer is None else SEVERAL
    return Scope(
        role, () if everywhere else tuple(homes), officer, told=(*sorted(told), *own), told_in=tuple(sorted(told_in))
    )


def _told_to(role: Role) -> Iterator[Told]:
    return (told for told, needed in _TOLD_BY.items() if may(role, needed))


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
