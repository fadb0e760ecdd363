"""What is an administrator's own: what is good where he looks, and nothing that may more than he."""

from __future__ import annotations

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import roles_within
from geoservice.errors import GeoserviceError


class RoleAboveOwn(GeoserviceError):
    """Nobody gives a role that may something which he may not himself."""


class PlaceAboveOwn(GeoserviceError):
    """Whoever works in one jurisdiction gives nothing that is good in others."""


def is_own(good_in: str | None, jurisdiction: str, identity: Identity) -> bool:
    """Return whether something is good in a jurisdiction and somebody's to look after.

    Parameters
    ----------
    good_in
        Code of where it is good; None: everywhere. That is looked after by those alone who work everywhere.
    """
    home = None if identity.home is None else identity.home.code
    if good_in is None:
        return home is None
    return good_in == jurisdiction and home in (None, jurisdiction)


def require_own_place(identity: Identity, jurisdiction: str | None) -> None:
    """Raise PlaceAboveOwn unless somebody may give what is good in a jurisdiction; None: everywhere."""
    if identity.home is not None and identity.home.code != jurisdiction:
        raise PlaceAboveOwn(jurisdiction=identity.home.code)


def require_own_role(identity: Identity, role: Role) -> None:
    """Raise RoleAboveOwn unless somebody may give a role."""
    if role not in roles_within(identity.role):
        raise RoleAboveOwn(role=role.value)
