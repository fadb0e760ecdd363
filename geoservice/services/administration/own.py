"""What is an administrator's own: what is good where he looks, and nothing that may more than he."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, homes_with, may_give
from geoservice.errors import GeoserviceError
from geoservice.records.grants.model import StoredGrant, alive


class RoleAboveOwn(GeoserviceError):
    """Nobody gives a role that may something which he may not himself."""


class PlaceAboveOwn(GeoserviceError):
    """Whoever works in one jurisdiction gives nothing that is good in others."""


class OwnGrants(GeoserviceError):
    """Nobody gives himself something, or takes it: another administrator does that."""


def is_own(good_in: str | None, jurisdiction: str, identity: Identity, needed: Permission) -> bool:
    """Return whether something is good in a jurisdiction and somebody's to look after.

    Parameters
    ----------
    good_in
        Code of where it is good; None: everywhere. That is looked after by those alone who work everywhere.
    needed
        The permission to look after it, which he has where his grants allow it.
    """
    homes = homes_with(identity, needed)
    if good_in is None:
        return None in homes
    return good_in == jurisdiction and not homes.isdisjoint({None, jurisdiction})


def told_grants(
    grants: Iterable[StoredGrant], jurisdiction: str, identity: Identity, needed: Permission
) -> tuple[StoredGrant, ...]:  # fmt: skip
    """Return the grants of an account or a key that somebody is told of; none, where it is not his to look after.

    Whoever works in a jurisdiction is told of what is good there; whoever works everywhere of all that is held by what
    is good there, or everywhere.
    """
    found = tuple(grants)
    own = tuple(one for one in found if is_own(one.jurisdiction_code, jurisdiction, identity, needed))
    return found if own and None in homes_with(identity, needed) else own


def require_may_give(identity: Identity, role: Role, place: str | None, needed: Permission) -> None:
    """Raise PlaceAboveOwn or RoleAboveOwn unless somebody may give a role in a jurisdiction; None: everywhere."""
    homes = homes_with(identity, needed)
    if homes.isdisjoint({None, place}):
        raise PlaceAboveOwn(jurisdiction=", ".join(sorted(one for one in homes if one is not None)))
    if not may_give(identity, role, place):
        raise RoleAboveOwn(role=role.value)


def require_own_all(grants: Iterable[StoredGrant], identity: Identity, needed: Permission) -> None:
    """Raise as `require_may_give` unless all that is held, now or later, is somebody's to give."""
    for one in alive(grants, datetime.now(UTC)):
        require_may_give(identity, Role(one.role), one.jurisdiction_code, needed)
