"""Reads and writes of tables api_key and key_use."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from sqlalchemy import Connection, text

from geoservice.records.grants.model import NewGrant, StoredGrant, stored_grants
from geoservice.records.grants.queries import GIVEN_TO_KEY, GRANTS_OF_KEY


@dataclass(frozen=True)
class StoredKey:
    """A key as it is stored: without its secret."""

    id: str
    secret_sha256: bytes
    label: str
    created_at: datetime
    #: As histories name him.
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    #: What it may, where; those that were taken back or are over among them.
    grants: tuple[StoredGrant, ...] = ()
    #: Where alone it is good; none: wherever it is shown.
    networks: Collection[IPv4Network | IPv6Network] = ()
    #: Of the secret before, and until when that is good.
    previous_sha256: bytes | None = None
    previous_until: datetime | None = None
    #: Last, to some minutes.
    used_at: datetime | None = None


_INSERT = text(f"""
    WITH made AS (
        INSERT INTO geoservice.api_key AS k (id, secret_sha256, label, expires_at, networks)
        VALUES (:id, :secret_sha256, :label, :expires_at, CAST(:networks AS cidr[])) RETURNING k.id, k.created_by)
    {GIVEN_TO_KEY}
""")  # noqa: S608  columns of ours
_KEYS = f"""
    SELECT k.*, u.used_at, {GRANTS_OF_KEY}
      FROM geoservice.api_key AS k
      LEFT JOIN geoservice.key_use AS u ON u.key_id = k.id
"""  # noqa: S608  a value of ours
_VALID = text(f"""{_KEYS}
     WHERE k.id = :id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
""")
_LAST_VALID = text(f"""{_KEYS}
     WHERE k.label = :label
       AND EXISTS (SELECT FROM geoservice.access_grant AS o
                    WHERE o.key_id = k.id AND geoservice.is_in_force(o) AND o.role = :role AND o.staff_code IS NULL
                      AND o.jurisdiction_id IS NOT DISTINCT FROM :jurisdiction_id)
       AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
     ORDER BY k.expires_at DESC NULLS FIRST, k.id LIMIT 1
""")  # noqa: S608  columns of ours
#: Who makes the only key of a label waits for others who do; readers do not.
_ONE_AT_A_TIME = text("LOCK TABLE geoservice.api_key IN SHARE ROW EXCLUSIVE MODE")
_ALL = text(f"{_KEYS} ORDER BY k.created_at, k.id")
#: A standby, which answers too, writes nothing.
_USED = text("""
    INSERT INTO geoservice.key_use AS u (key_id) SELECT k.id FROM geoservice.api_key AS k WHERE k.id = ANY(:ids)
    ON CONFLICT (key_id) DO UPDATE SET used_at = now() WHERE u.used_at < now() - CAST(:every AS interval)
""")
_IS_WRITABLE = text("SELECT current_setting('transaction_read_only') = 'off'")
_ROTATE = text("""
    UPDATE geoservice.api_key
       SET previous_sha256 = secret_sha256, previous_until = least(now() + CAST(:overlap AS interval), expires_at),
           secret_sha256 = :secret_sha256, expires_at = :expires_at
     WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
""")
_REVOKE = text("UPDATE geoservice.api_key SET revoked_at = now() WHERE id = :id AND revoked_at IS NULL")


def insert_key(
    connection: Connection,
    *,
    key_id: str,
    secret_sha256: bytes,
    label: str,
    expires_at: datetime | None,
    grant: NewGrant,
    networks: Iterable[IPv4Network | IPv6Network] = (),
) -> None:
    """Store a key's hash, what it may, and where alone it may be shown."""
    connection.execute(
        _INSERT,
        {
            "id": key_id, "secret_sha256": secret_sha256, "label": label, "expires_at": expires_at,
            "networks": [str(one) for one in networks],
        } | grant.values,
    )  # fmt: skip


def find_valid_key(connection: Connection, key_id: str) -> StoredKey | None:
    """Return a key that is neither revoked nor expired, or None."""
    row = connection.execute(_VALID, {"id": key_id}).one_or_none()
    return None if row is None else _stored(dict(row._mapping))


def find_last_valid_key(
    connection: Connection, *, label: str, role: str, jurisdiction_id: int | None
) -> StoredKey | None:  # fmt: skip
    """Return the key of nobody in particular with this label, role and place that is valid longest, or None.

    Until the transaction ends nobody else makes a key.
    """
    connection.execute(_ONE_AT_A_TIME)
    asked = {"label": label, "role": role, "jurisdiction_id": jurisdiction_id}
    row = connection.execute(_LAST_VALID, asked).one_or_none()
    return None if row is None else _stored(dict(row._mapping))


def keys(connection: Connection) -> tuple[StoredKey, ...]:
    """Return every key, the oldest first."""
    return tuple(_stored(dict(row._mapping)) for row in connection.execute(_ALL))


def _stored(told: dict[str, Any]) -> StoredKey:
    return StoredKey(**told | {"grants": stored_grants(told["grants"])})


def note_used(connection: Connection, ids: Collection[str], *, every: timedelta) -> None:
    """Write down that keys were used now, unless that was written a little while ago."""
    if connection.execute(_IS_WRITABLE).scalar_one():
        connection.execute(_USED, {"ids": list(ids), "every": every})


def rotate_key(
    connection: Connection, key_id: str, secret_sha256: bytes, *, overlap: timedelta, expires_at: datetime | None
) -> bool:  # fmt: skip
    """Give a key another secret, and another end; the secret before is good for a while, but not beyond its end.

    Return whether there was such a key in use.
    """
    asked = {"id": key_id, "secret_sha256": secret_sha256, "overlap": overlap, "expires_at": expires_at}
    return connection.execute(_ROTATE, asked).rowcount == 1


def revoke_key(connection: Connection, key_id: str) -> bool:
    """Make a key void; return whether there was such a key in use."""
    return connection.execute(_REVOKE, {"id": key_id}).rowcount == 1
