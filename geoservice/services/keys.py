"""Keys of programs: make, list, give another secret, revoke, recognise."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from sqlalchemy import Connection

from geoservice.auth.keys import new_key, same_secret, split_key
from geoservice.auth.model import Identity, Role
from geoservice.auth.networks import is_within
from geoservice.errors import GeoserviceError
from geoservice.records.audit.queries import note
from geoservice.records.grants.model import NewGrant, home_of, in_force
from geoservice.records.keys.queries import (
    StoredKey,
    find_last_valid_key,
    find_valid_key,
    insert_key,
    keys,
    note_used,
    revoke_key,
    rotate_key,
)
from geoservice.services import lookups
from geoservice.services.snapshot_cache import SnapshotCache
from layers.db.session import Database
from layers.errors import LayerError

#: How long a key is good when it is made or rotated, unless something else is said.
LASTS = timedelta(days=365)
#: That a key is used is written so often; those that are recognised in memory wait for each other first.
USED_EVERY = timedelta(minutes=5)
_GATHER_S = 60.0


class KeyElsewhere(GeoserviceError):
    """The key is good in networks that are named when it is made, and was shown elsewhere."""


class KeyUnknown(GeoserviceError):
    """There is no key in use of this id, nor of this label."""


class KeyAmbiguous(GeoserviceError):
    """Several keys in use have this label: say which by its id."""


class KeyService:
    """The keys of one database."""

    def __init__(self, database: Database, cache: SnapshotCache | None = None) -> None:
        self._database = database
        self._cache = cache
        #: Keys that memory recognised, of which that is not written yet.
        self._used: set[str] = set()
        self._write_again_s = 0.0
        if cache is not None:
            cache.each_time = self.write_uses

    def create(
        self, role: Role, label: str, *, expires_at: datetime | None = None, staff: tuple[str, str] | None = None,
        jurisdiction: str | None = None, networks: Collection[IPv4Network | IPv6Network] = (),
    ) -> str:  # fmt: skip
        """Make a key and return its text, which is shown this once and stored nowhere.

        Parameters
        ----------
        staff
            Codes of a jurisdiction and of the member of its staff who holds the key and acts with it.
        jurisdiction
            Code of that where alone it is good; None: everywhere, or where its holder is.
        networks
            Where alone it may be shown; none: wherever.

        Raises
        ------
        JurisdictionUnknown, StaffUnknown
        RefusedByDatabase
            An officer's key has nobody who holds it.
        """
        key = new_key()
        with self._database.transaction() as connection:
            grant = lookups.new_grant(connection, role, jurisdiction=jurisdiction, staff=staff)
            insert_key(
                connection, key_id=key.id, secret_sha256=key.secret_sha256, label=label, expires_at=expires_at,
                grant=grant, networks=networks,
            )  # fmt: skip
        return key.text

    def rotate(
        self, name: str, *, overlap: timedelta, lasts: timedelta | None, not_after: datetime | None = None
    ) -> tuple[str, datetime | None, datetime]:  # fmt: skip
        """Give a key another secret and return its text, shown this once, its end, and that of the secret before.

        Parameters
        ----------
        name
            Its id, or its label where one key in use has it.
        overlap
            How long the secret before is good, too; not beyond its own end. One before that is void at once.
        lasts
            From now on, where the key had an end; None: it keeps the end that it has.
        not_after
            Its end is put off until then at the most; None: as far as `lasts` says.

        Raises
        ------
        KeyUnknown, KeyAmbiguous, OutlastsOwn
        """
        with self._database.transaction() as connection:
            now, before = datetime.now(UTC), _named(connection, name)
            ends = before.expires_at if lasts is None else put_off(before.expires_at, now + lasts, not_after)
            fresh = new_key(before.id)
            if not rotate_key(connection, before.id, fresh.secret_sha256, overlap=overlap, expires_at=ends):
                raise KeyUnknown(name=name)
        return fresh.text, ends, min(now + overlap, before.expires_at or now + overlap)

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
                connection, key_id=key.id, secret_sha256=key.secret_sha256, label=label, expires_at=expires_at,
                grant=NewGrant(role, home),
            )  # fmt: skip
        return key.text

    def identify(self, text: str, address: str | None = None) -> Identity | None:
        """Return who shows this key; None when it is malformed, unknown, expired or revoked.

        Parameters
        ----------
        address
            Where it is shown.

        Raises
        ------
        KeyElsewhere
            It is not good there; that it was tried is written.
        """
        parts = split_key(text)
        if parts is None:
            return None
        with self._database.transaction() as connection:
            stored = find_valid_key(connection, parts[0])
            identity = _identity(stored, parts[1])
            if stored is None or identity is None:
                return None
            if _is_good_at(stored, address):
                if stored.used_at is None or stored.used_at < datetime.now(UTC) - USED_EVERY:
                    note_used(connection, (stored.id,), every=USED_EVERY)
                return identity
        self._refuse_elsewhere(stored, identity)
        raise KeyElsewhere

    def identify_for_look_up(self, text: str, address: str | None = None) -> Identity | None:
        """Return the same for one who only looks up, which needs no database.

        A key that is held in memory is recognised there; that it was revoked is heard of like every other change.
        """
        parts = split_key(text)
        stored = None if parts is None else self._cached(parts[0])
        # Of one that is shown elsewhere an entry is written.
        if parts is None or stored is None or not _is_good_at(stored, address):
            return self.identify(text, address)
        return self._remembered(stored, parts[1])

    def identify_from_memory(self, text: str, address: str | None = None) -> Identity | None:
        """Return who shows this key as far as memory knows; None when it does not, or it is not good there."""
        parts = split_key(text)
        stored = None if parts is None else self._cached(parts[0])
        if parts is None or stored is None or not _is_good_at(stored, address):
            return None
        return self._remembered(stored, parts[1])

    def write_uses(self) -> None:
        """Write which keys memory recognised, now and then; where nothing can be written it is written later."""
        if not self._used or time.monotonic() < self._write_again_s:
            return
        self._write_again_s = time.monotonic() + _GATHER_S
        used, self._used = self._used, set()
        with suppress(LayerError), self._database.transaction() as connection:
            note_used(connection, used, every=USED_EVERY)

    def _remembered(self, stored: StoredKey, secret_sha256: bytes) -> Identity | None:
        identity = _identity(stored, secret_sha256)
        if identity is not None:
            self._used.add(stored.id)
        return identity

    def _refuse_elsewhere(self, stored: StoredKey, identity: Identity) -> None:
        """Write that a key was shown where it is not good; not where that is, for entries hold no addresses."""
        with self._database.transaction(actor=identity.actor) as connection:
            note(
                connection, "key_elsewhere", touched={"ids": [stored.id]}, jurisdiction_id=home_of(stored.grants),
                role=identity.role,
            )  # fmt: skip

    def _cached(self, key_id: str) -> StoredKey | None:
        confirmed = None if self._cache is None else self._cache.confirmed
        return None if confirmed is None else confirmed.snapshot.keys.get(key_id)

    def keys(self) -> tuple[StoredKey, ...]:
        """Return every key without its secret."""
        with self._database.transaction() as connection:
            return keys(connection)

    def key(self, name: str) -> StoredKey:
        """Return the key in use of an id, or of a label that one alone has; raise KeyUnknown, KeyAmbiguous."""
        with self._database.transaction() as connection:
            return _named(connection, name)

    def revoke(self, key_id: str) -> bool:
        """Make a key void at once; return whether it was in use."""
        with self._database.transaction() as connection:
            return revoke_key(connection, key_id)


def put_off(ends: datetime | None, until: datetime, not_after: datetime | None) -> datetime | None:
    """Return when something ends whose end is put off, where it has one, but not beyond an instant.

    What ends beyond that already keeps its end.
    """
    if ends is None or not_after is None or until <= not_after:
        return None if ends is None else until
    return max(ends, not_after)


def _named(connection: Connection, name: str) -> StoredKey:
    now = datetime.now(UTC)
    found = [one for one in keys(connection) if name in (one.id, one.label) and _is_in_use(one, now)]
    found = [one for one in found if one.id == name] or found
    if not found:
        raise KeyUnknown(name=name)
    if len(found) > 1:
        raise KeyAmbiguous(name=name)
    return found[0]


def _identity(stored: StoredKey | None, secret_sha256: bytes) -> Identity | None:
    now = datetime.now(UTC)
    if stored is None or not _is_in_use(stored, now) or not _is_secret_of(stored, secret_sha256, now):
        return None
    held = in_force(stored.grants, now)
    return Identity.of(held, key_id=stored.id) if held else None


def _is_in_use(stored: StoredKey, now: datetime) -> bool:
    return stored.revoked_at is None and (stored.expires_at is None or stored.expires_at > now)


def _is_secret_of(stored: StoredKey, secret_sha256: bytes, now: datetime) -> bool:
    if same_secret(stored.secret_sha256, secret_sha256):
        return True
    previous, until = stored.previous_sha256, stored.previous_until
    return previous is not None and until is not None and until > now and same_secret(previous, secret_sha256)


def _is_good_at(stored: StoredKey, address: str | None) -> bool:
    return not stored.networks or is_within(address, stored.networks)
