"""Keys of programs as one administrator sees and makes them: of his jurisdiction, and never above his rights."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from geoservice.auth.model import Identity, Role
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import PersonalNumberRefused
from geoservice.records.keys.queries import StoredKey
from geoservice.services.administration.own import is_own, require_own_place, require_own_role
from geoservice.services.keys import KeyService, KeyUnknown


class KeyAdministration:
    """The keys of one database, for whoever asks."""

    def __init__(self, keys: KeyService) -> None:
        self._keys = keys

    def keys(self, jurisdiction: str, identity: Identity) -> tuple[StoredKey, ...]:
        """Return the keys that are good in a jurisdiction and somebody's to look after, the oldest first."""
        return tuple(one for one in self._keys.keys() if is_own(one.jurisdiction_code, jurisdiction, identity))

    def key(self, jurisdiction: str, key_id: str, identity: Identity) -> StoredKey:
        """Return one of these; raise KeyUnknown, also where it is another's."""
        found = next((one for one in self.keys(jurisdiction, identity) if one.id == key_id), None)
        if found is None:
            raise KeyUnknown(name=key_id)
        return found

    def create(
        self, role: Role, label: str, *, jurisdiction: str | None, staff: tuple[str, str] | None,
        networks: Collection[IPv4Network | IPv6Network], expires_at: datetime | None, identity: Identity,
    ) -> str:  # fmt: skip
        """Make a key and return its text, as KeyService.create.

        Raises
        ------
        RoleAboveOwn, PlaceAboveOwn, PersonalNumberRefused
        JurisdictionUnknown, StaffUnknown, RefusedByDatabase
        """
        require_own_role(identity, role)
        require_own_place(identity, jurisdiction)
        if holds_personal_number(label):
            raise PersonalNumberRefused
        return self._keys.create(
            role, label, expires_at=expires_at, staff=staff, jurisdiction=jurisdiction, networks=networks
        )

    def rotate(
        self, jurisdiction: str, key_id: str, identity: Identity, *, overlap: timedelta, lasts: timedelta
    ) -> tuple[str, datetime]:  # fmt: skip
        """Return the text of a key with another secret, and until when the one before is good.

        Parameters
        ----------
        lasts
            From now on, where the key has an end.

        Raises
        ------
        RoleAboveOwn, KeyUnknown
        """
        found = self._touched(jurisdiction, key_id, identity)
        text, _, until = self._keys.rotate(found.id, overlap=overlap, lasts=lasts)
        return text, until

    def revoke(self, jurisdiction: str, key_id: str, identity: Identity) -> None:
        """Make a key void at once; raise RoleAboveOwn, KeyUnknown."""
        if not self._keys.revoke(self._touched(jurisdiction, key_id, identity).id):
            raise KeyUnknown(name=key_id)

    def _touched(self, jurisdiction: str, key_id: str, identity: Identity) -> StoredKey:
        found = self.key(jurisdiction, key_id, identity)
        require_own_role(identity, Role(found.role))
        return found
