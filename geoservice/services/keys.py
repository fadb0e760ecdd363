"""Keys of programs: make, list, revoke, recognise."""

from __future__ import annotations

from datetime import datetime

from geoservice.auth.keys import new_key, same_secret, split_key
from geoservice.auth.model import Identity, Role
from layers.db.session import Database
from layers.keys.queries import StoredKey, find_valid_key, insert_key, keys, revoke_key


class KeyService:
    """The keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, role: Role, label: str, *, expires_at: datetime | None = None) -> str:
        """Make a key and return its text, which is shown this once and stored nowhere."""
        key = new_key()
        with self._database.transaction() as connection:
            insert_key(
                connection, key_id=key.id, secret_sha256=key.secret_sha256, role=role, label=label,
                expires_at=expires_at,
            )  # fmt: skip
        return key.text

    def identify(self, text: str) -> Identity | None:
        """Return who shows this key; None when it is malformed, unknown, expired or revoked."""
        parts = split_key(text)
        if parts is None:
            return None
        key_id, secret_sha256 = parts
        with self._database.transaction() as connection:
            stored = find_valid_key(connection, key_id)
        if stored is None or not same_secret(stored.secret_sha256, secret_sha256):
            return None
        return Identity(Role(stored.role), stored.id)

    def keys(self) -> tuple[StoredKey, ...]:
        """Return every key without its secret."""
        with self._database.transaction() as connection:
            return keys(connection)

    def revoke(self, key_id: str) -> bool:
        """Make a key void at once; return whether it was in use."""
        with self._database.transaction() as connection:
            return revoke_key(connection, key_id)
