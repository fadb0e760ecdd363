"""Keys of programs as one administrator sees and makes them: of his jurisdiction, and never above his rights."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import PersonalNumberRefused
from geoservice.records.grants.model import alive
from geoservice.records.keys.queries import StoredKey
from geoservice.services.administration.grants import GrantAdministration, Held
from geoservice.services.administration.own import (
    PlaceAboveOwn,
    RoleAboveOwn,
    require_may_give,
    require_own_all,
    told_grants,
)
from geoservice.services.keys import KeyService, KeyUnknown


class KeyAdministration:
    """The keys of one database, for whoever asks."""

    def __init__(self, keys: KeyService, grants: GrantAdministration) -> None:
        self._keys = keys
        #: What keys may.
        self.grants = grants

    def keys(self, jurisdiction: str, identity: Identity) -> tuple[StoredKey, ...]:
        """Return the keys with a grant in a jurisdiction, the oldest first, each with what somebody is told of."""
        found = (
            replace(one, grants=told_grants(one.grants, jurisdiction, identity, Permission.MANAGE_KEYS))
            for one in self._keys.keys()
        )
        return tuple(one for one in found if one.grants)

    def key(self, jurisdiction: str, key_id: str, identity: Identity) -> StoredKey:
        """Return one of these; raise KeyUnknown, also where it is another's."""
        found = next((one for one in self.keys(jurisdiction, identity) if one.id == key_id), None)
        if found is None:
            raise KeyUnknown(name=key_id)
        return found

    def held(self, jurisdiction: str, key_id: str, identity: Identity) -> Held:
        """Return what a key holds, as far as somebody is told; raise KeyUnknown."""
        found = self.key(jurisdiction, key_id, identity)
        return Held("key_id", key_id, found.grants, found.expires_at)

    def is_own_whole(self, key: StoredKey, identity: Identity) -> bool:
        """Return whether all that a key holds is somebody's to give, so that he may rotate and revoke it."""
        try:
            self._require_whole(key.id, identity)
        except (RoleAboveOwn, PlaceAboveOwn):
            return False
        return True

    def create(
        self, role: Role, label: str, *, jurisdiction: str | None, staff: tuple[str, str] | None,
        networks: Collection[IPv4Network | IPv6Network], expires_at: datetime | None, identity: Identity,
    ) -> str:  # fmt: skip
        """Make a key and return its text, as KeyService.create.

        Raises
        ------
        RoleAboveOwn, PlaceAboveOwn, OutlastsOwn, PersonalNumberRefused
        JurisdictionUnknown, StaffUnknown, RefusedByDatabase
        """
        require_may_give(identity, role, jurisdiction, Permission.MANAGE_KEYS)
        if holds_personal_number(label):
            raise PersonalNumberRefused
        return self._keys.create(
            role, label, expires_at=expires_at, staff=staff, jurisdiction=jurisdiction, networks=networks
        )

    def rotate(
        self, jurisdiction: str, key_id: str, identity: Identity, *, overlap: timedelta, lasts: timedelta | None
    ) -> tuple[str, datetime]:  # fmt: skip
        """Return the text of a key with another secret, and until when the one before is good.

        Parameters
        ----------
        lasts
            From now on, where the key has an end, but not beyond what whoever asks may give; None: it keeps its end.

        Raises
        ------
        RoleAboveOwn, PlaceAboveOwn, OutlastsOwn, KeyUnknown
        """
        found = self._touched(jurisdiction, key_id, identity)
        own_end = self.gives_until(found, identity)
        text, _, until = self._keys.rotate(found.id, overlap=overlap, lasts=lasts, not_after=own_end)
        return text, until

    def gives_until(self, key: StoredKey, identity: Identity) -> datetime | None:
        """Return until when somebody may give all that a key holds; None: without an end."""
        places = {one.jurisdiction_code for one in alive(key.grants, datetime.now(UTC))}
        ends = [self.grants.gives_until(identity, place) for place in places]
        return min((one for one in ends if one is not None), default=None)

    def revoke(self, jurisdiction: str, key_id: str, identity: Identity) -> None:
        """Make a key void at once; raise RoleAboveOwn, PlaceAboveOwn, KeyUnknown."""
        if not self._keys.revoke(self._touched(jurisdiction, key_id, identity).id):
            raise KeyUnknown(name=key_id)

    def _touched(self, jurisdiction: str, key_id: str, identity: Identity) -> StoredKey:
        found = self.key(jurisdiction, key_id, identity)
        self._require_whole(key_id, identity)
        return found

    def _require_whole(self, key_id: str, identity: Identity) -> None:
        whole = next(one for one in self._keys.keys() if one.id == key_id)
        require_own_all(whole.grants, identity, Permission.MANAGE_KEYS)
