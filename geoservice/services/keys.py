"""Keys of programs: make, list, revoke, recognise."""

from __future__ import annotations

from datetime import UTC, datetime

from geoservice.auth.keys import new_key, same_secret, split_key
from geoservice.auth.model import Identity, Role
from geoservice.records.keys.queries import (
    StoredKey,
    find_last_valid_key,
    find_valid_key,
    insert_key,
    keys,
    revoke_key,
)
from geoservice.services import lookups
from geoservice.services.snapshot_cache import SnapshotCache
from layers.db.session import Database


class KeyService:
    """The keys of one database."""

    def __init__(self, database: Database, cache: SnapshotCache | None = None) -> None:
        self._database = database
        self._cache = cache

    def create(
        self, role: Role, label: str, *, expires_at: datetime | None = None, staff: tuple[str, str] | None = None,
        jurisdiction: str | None = None,
    ) -> str:  # fmt: skip
        """Make a key and return its text, which is shown this once and stored nowhere.

        Parameters
        ----------
        staff
            Codes of a jurisdiction and of the member of its staff who holds the key and acts with it.
        jurisdiction
            Code of that where alone it is good; None: everywhere, or where its holder is.

        Raises
        ------
        JurisdictionUnknown, StaffUnknown
        RefusedByDatabase
            An officer's key has nobody who holds it.
        """
        key = new_key()
        with self._database.transaction() as connection:
            home, staff_code = lookups.jurisdiction_id(connection, jurisdiction), None
            if staff is not None:
                home, staff_code = lookups.get_staff(connection, *staff)
            insert_key(
                connection, key_id=key.id, secret_sha256=key.secret_sha256, role=role, label=label,
                expires_at=expires_at, jurisdiction_id=home, staff_code=staff_code,
            )  # fmt: skip
        return key.text

    def create_unless_valid(
        self, role: Role, label: str, *, expires_at: datetime, jurisdiction: str
    ) -> str | StoredKey:  # fmt: skip
        """Make a key unless one of this role, label and jurisdiction is valid; return its text, or what is there.

        The text of a key that is there is stored nowhere and can not be shown again.
        """
        key = new_key()
        with self._database.transaction() as connection:
            home = lookups.get_jurisdiction(connection, jurisdiction).id
            there = find_last_valid_key(connection, label=label, role=role, jurisdiction_id=home)
            if there is not None:
                return there
            insert_key(
                connection, key_id=key.id, secret_sha256=key.secret_sha256, role=role, label=label,
                expires_at=expires_at, jurisdiction_id=home,
            )  # fmt: skip
        return key.text

    def identify(self, text: str) -> Identity | None:
        """Return who shows this key; None when it is malformed, unknown, expired or revoked."""
        parts = split_key(text)
        if parts is None:
            return None
        with self._database.transaction() as connection:
            return _identity(find_valid_key(connection, parts[0]), parts[1])

    def identify_for_look_up(self, text: str) -> Identity | None:
        """Return the same for one who only looks up, which needs no database.

        A key that is held in memory is recognised there; that it was revoked is heard of like every other change.
        """
        parts = split_key(text)
        stored = None if parts is None else self._cached(parts[0])
        return self.identify(text) if parts is None or stored is None else _identity(stored, parts[1])

    def identify_from_memory(self, text: str) -> Identity | None:
        """Return who shows this key as far as memory knows; None when it does not."""
        parts = split_key(text)
        return None if parts is None else _identity(self._cached(parts[0]), parts[1])

    def _cached(self, key_id: str) -> StoredKey | None:
        confirmed = None if self._cache is None else self._cache.confirmed
        return None if confirmed is None else confirmed.snapshot.keys.get(key_id)

    def keys(self) -> tuple[StoredKey, ...]:
        """Return every key without its secret."""
        with self._database.transaction() as connection:
            return keys(connection)

    def revoke(self, key_id: str) -> bool:
        """Make a key void at once; return whether it was in use."""
        with self._database.transaction() as connection:
            return revoke_key(connection, key_id)


def _identity(stored: StoredKey | None, secret_sha256: bytes) -> Identity | None:
    if stored is None or not same_secret(stored.secret_sha256, secret_sha256):
        return None
    if stored.revoked_at is not None or (stored.expires_at is not None and stored.expires_at <= datetime.now(UTC)):
        return None
    return Identity.of(stored, key_id=stored.id)
