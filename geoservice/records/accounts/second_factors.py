"""Reads and writes of tables second_factor, recovery_code and pending_sign_in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class StoredFactor:
    """The second factor of an account as it is stored."""

    secret: bytes = field(repr=False)
    confirmed_at: datetime | None
    #: How many recovery codes were not used yet.
    codes_left: int
    #: The database's clock, in seconds since 1970.
    now_s: float


@dataclass(frozen=True)
class PendingSignIn:
    """That it is known who signs in, and a code is still to come."""

    login: str
    #: Hash of the password of then.
    verified: str = field(repr=False)
    #: An identity provider said who it is, in place of a password.
    by_provider: bool


_FACTOR = text("""
    SELECT f.secret, f.confirmed_at,
           (SELECT count(*) FROM geoservice.recovery_code AS c WHERE c.login = f.login) AS codes_left,
           extract(epoch FROM clock_timestamp())::double precision AS now_s
      FROM geoservice.second_factor AS f
     WHERE f.login = :login AND (f.confirmed_at IS NOT NULL OR f.made_at > now() - CAST(:patience AS interval))
""")
_MAKE = text("""
    INSERT INTO geoservice.second_factor AS f (login, secret) VALUES (:login, :secret)
    ON CONFLICT (login) DO UPDATE SET secret = excluded.secret, made_at = now() WHERE f.confirmed_at IS NULL
""")
_CONFIRM = text("""
    UPDATE geoservice.second_factor SET confirmed_at = now(), last_step = :step
     WHERE login = :login AND secret = :secret AND confirmed_at IS NULL
""")
#: Two who show one code at once wait for each other here, and the second finds it used.
_USE_STEP = text("""
    UPDATE geoservice.second_factor SET last_step = :step
     WHERE login = :login AND confirmed_at IS NOT NULL AND last_step < :step
""")
_ADD_CODE = text("INSERT INTO geoservice.recovery_code (login, code_sha256) VALUES (:login, :code_sha256)")
_USE_CODE = text("DELETE FROM geoservice.recovery_code WHERE login = :login AND code_sha256 = :code_sha256")
_REMOVE = text("DELETE FROM geoservice.second_factor WHERE login = :login")
_BEGIN_PENDING = text("""
    INSERT INTO geoservice.pending_sign_in (secret_sha256, login, verified, by_provider, expires_at)
    VALUES (:secret_sha256, :login, :verified, :by_provider, now() + make_interval(secs => :patience_s))
""")
_FORGET_PENDING = text("DELETE FROM geoservice.pending_sign_in WHERE expires_at < now()")
_PENDING = text("""
    SELECT h.login, h.verified, h.by_provider FROM geoservice.pending_sign_in AS h
     WHERE h.secret_sha256 = :secret_sha256 AND h.expires_at > now()
""")
_END_PENDING = text("DELETE FROM geoservice.pending_sign_in WHERE secret_sha256 = :secret_sha256")
_END_PENDING_OF = text("DELETE FROM geoservice.pending_sign_in WHERE login = :login")


def find_factor(connection: Connection, login: str, *, patience: timedelta) -> StoredFactor | None:
    """Return the second factor of an account, or None.

    Parameters
    ----------
    patience
        How long one is kept that was not confirmed.
    """
    row = connection.execute(_FACTOR, {"login": login, "patience": patience}).one_or_none()
    return None if row is None else StoredFactor(**row._mapping)


def make_factor(connection: Connection, login: str, secret: bytes) -> bool:
    """Store what codes will be made of once one was shown; return whether there was none that is confirmed."""
    return connection.execute(_MAKE, {"login": login, "secret": secret}).rowcount == 1


def confirm_factor(connection: Connection, login: str, secret: bytes, *, step: int, codes: Iterable[bytes]) -> bool:
    """Ask for codes from now on, after the one of a step, or one of those whose hashes these are.

    Return whether it was not confirmed, nor made anew, by somebody else meanwhile.
    """
    if connection.execute(_CONFIRM, {"login": login, "secret": secret, "step": step}).rowcount != 1:
        return False
    connection.execute(_ADD_CODE, [{"login": login, "code_sha256": one} for one in codes])
    return True


def use_step(connection: Connection, login: str, step: int) -> bool:
    """Accept the code of a step; return whether neither it nor a later one was accepted before."""
    return connection.execute(_USE_STEP, {"login": login, "step": step}).rowcount == 1


def use_recovery_code(connection: Connection, login: str, code_sha256: bytes) -> bool:
    """Accept a recovery code; return whether there was such a one."""
    return connection.execute(_USE_CODE, {"login": login, "code_sha256": code_sha256}).rowcount == 1


def remove_factor(connection: Connection, login: str) -> bool:
    """Ask for no codes any more; return whether there was something to remove."""
    return connection.execute(_REMOVE, {"login": login}).rowcount == 1


def begin_pending(connection: Connection, pending: PendingSignIn, secret_sha256: bytes, *, patience_s: float) -> None:
    """Write down that it is known who signs in. What of anybody is over by time is forgotten."""
    connection.execute(_FORGET_PENDING)
    asked = {"login": pending.login, "verified": pending.verified, "by_provider": pending.by_provider}
    connection.execute(_BEGIN_PENDING, asked | {"secret_sha256": secret_sha256, "patience_s": patience_s})


def find_pending(connection: Connection, secret_sha256: bytes) -> PendingSignIn | None:
    """Return who signs in, or None when that is not known, or too long ago."""
    row = connection.execute(_PENDING, {"secret_sha256": secret_sha256}).one_or_none()
    return None if row is None else PendingSignIn(**row._mapping)


def end_pending(connection: Connection, secret_sha256: bytes) -> bool:
    """Forget it; return whether it was known."""
    return connection.execute(_END_PENDING, {"secret_sha256": secret_sha256}).rowcount == 1


def end_pending_of(connection: Connection, login: str) -> None:
    """Forget it of an account, whoever has it."""
    connection.execute(_END_PENDING_OF, {"login": login})
