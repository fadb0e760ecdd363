"""Reads and writes of table api_key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class StoredKey:
    """A key as it is stored: without its secret."""

    id: str
    secret_sha256: bytes
    role: str
    label: str
    created_at: datetime
    #: As histories name him.
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    #: Where it is good; None: everywhere.
    jurisdiction_id: int | None = None
    jurisdiction_code: str | None = None
    #: Who holds an officer's key.
    staff_code: str | None = None


_INSERT = text("""
    INSERT INTO geoservice.api_key (id, secret_sha256, role, label, expires_at, jurisdiction_id, staff_code)
    VALUES (:id, :secret_sha256, :role, :label, :expires_at, :jurisdiction_id, :staff_code)
""")
_KEYS = """
    SELECT k.*, j.code AS jurisdiction_code
      FROM geoservice.api_key AS k LEFT JOIN geoservice.jurisdiction AS j ON j.id = k.jurisdiction_id
"""
_VALID = text(f"""{_KEYS}
     WHERE k.id = :id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
""")
_LAST_VALID = text(f"""{_KEYS}
     WHERE k.label = :label AND k.role = :role AND k.staff_code IS NULL
       AND k.jurisdiction_id IS NOT DISTINCT FROM :jurisdiction_id
       AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
     ORDER BY k.expires_at DESC NULLS FIRST, k.id LIMIT 1
""")
#: Who makes the only key of a label waits for others who do; readers do not.
_ONE_AT_A_TIME = text("LOCK TABLE geoservice.api_key IN SHARE ROW EXCLUSIVE MODE")
_ALL = text(f"{_KEYS} ORDER BY k.created_at, k.id")
_REVOKE = text("UPDATE geoservice.api_key SET revoked_at = now() WHERE id = :id AND revoked_at IS NULL")


def insert_key(
    connection: Connection,
    *,
    key_id: str,
    secret_sha256: bytes,
    role: str,
    label: str,
    expires_at: datetime | None,
    jurisdiction_id: int | None = None,
    staff_code: str | None = None,
) -> None:
    """Store a key's hash, where it is good (None: everywhere) and which member of staff holds it."""
    connection.execute(
        _INSERT,
        {
            "id": key_id, "secret_sha256": secret_sha256, "role": role, "label": label, "expires_at": expires_at,
            "jurisdiction_id": jurisdiction_id, "staff_code": staff_code,
        },
    )  # fmt: skip


def find_valid_key(connection: Connection, key_id: str) -> StoredKey | None:
    """Return a key that is neither revoked nor expired, or None."""
    row = connection.execute(_VALID, {"id": key_id}).one_or_none()
    return None if row is None else StoredKey(**row._mapping)


def find_last_valid_key(
    connection: Connection, *, label: str, role: str, jurisdiction_id: int | None
) -> StoredKey | None:  # fmt: skip
    """Return the key of nobody in particular with this label, role and place that is valid longest, or None.

    Until the transaction ends nobody else makes a key.
    """
    connection.execute(_ONE_AT_A_TIME)
    asked = {"label": label, "role": role, "jurisdiction_id": jurisdiction_id}
    row = connection.execute(_LAST_VALID, asked).one_or_none()
    return None if row is None else StoredKey(**row._mapping)


def keys(connection: Connection) -> tuple[StoredKey, ...]:
    """Return every key, the oldest first."""
    return tuple(StoredKey(**row._mapping) for row in connection.execute(_ALL))


def revoke_key(connection: Connection, key_id: str) -> bool:
    """Make a key void; return whether there was such a key in use."""
    return connection.execute(_REVOKE, {"id": key_id}).rowcount == 1
