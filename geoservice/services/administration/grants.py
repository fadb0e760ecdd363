"""Grants as one administrator sees, gives and takes them: where he works, and never above his rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission
from geoservice.records.grants.model import StoredGrant
from geoservice.records.grants.queries import Holder
from geoservice.services.administration.own import OwnGrants, require_may_give
from geoservice.services.grants import GrantService, GrantUnknown


@dataclass(frozen=True)
class Held:
    """What is held by an account or a key, as far as whoever asks is told."""

    #: Which of the two, and its login name or id.
    kind: Holder
    name: str
    grants: Sequence[StoredGrant]
    #: When it is over itself; None: never.
    ends: datetime | None = None


class GrantAdministration:
    """The grants of one database, for whoever asks."""

    def __init__(self, grants: GrantService) -> None:
        self._grants = grants

    def gives_until(self, identity: Identity, jurisdiction: str | None) -> datetime | None:
        """Return until when somebody may give in a jurisdiction (None: everywhere); None: without an end."""
        return self._grants.gives_until(identity.actor, jurisdiction)

    def give(
        self, held: Held, role: Role, *, jurisdiction: str | None, staff: tuple[str, str] | None,
        valid_from: datetime | None = None, valid_to: datetime | None, identity: Identity,
    ) -> int:  # fmt: skip
        """Give a grant and return its number.

        Raises
        ------
        OwnGrants, RoleAboveOwn, PlaceAboveOwn, OutlastsOwn
        GrantHeldAlready, OfficerElsewhere, JurisdictionUnknown, StaffUnknown, RefusedByDatabase
        """
        _require_others(held, identity)
        require_may_give(identity, role, jurisdiction, _NEEDED[held.kind])
        return self._grants.give(
            held.kind, held.name, role, by=identity.actor, jurisdiction=jurisdiction, staff=staff,
            valid_from=valid_from, valid_to=valid_to,
        )  # fmt: skip

    def take_back(self, held: Held, number: int, identity: Identity) -> None:
        """Take a grant back at once; raise as `_own`, and LastAdministrator."""
        self._grants.revoke(self._own(held, number, identity), by=identity.actor)

    def give_again(self, held: Held, number: int, identity: Identity) -> None:
        """Give a grant again as it was; raise as `_own`, GrantHeldAlready, OutlastsOwn."""
        self._grants.restore(self._own(held, number, identity))

    def _own(self, held: Held, number: int, identity: Identity) -> StoredGrant:
        """Return a grant that is somebody's to give; raise GrantUnknown, OwnGrants, RoleAboveOwn, PlaceAboveOwn."""
        found = next((one for one in held.grants if one.id == number), None)
        if found is None:
            raise GrantUnknown(grant=number)
        _require_others(held, identity)
        require_may_give(identity, Role(found.role), found.jurisdiction_code, _NEEDED[held.kind])
        return found


#: The permission to look after each kind.
_NEEDED: dict[Holder, Permission] = {"login": Permission.MANAGE_ACCOUNTS, "key_id": Permission.MANAGE_KEYS}


def _require_others(held: Held, identity: Identity) -> None:
    if held.name == (identity.login if held.kind == "login" else identity.key_id):
        raise OwnGrants(name=held.name)
