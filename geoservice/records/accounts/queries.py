"""Reads and writes of tables account and session."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from geoservice.records.grants.model import NewGrant, StoredGrant, in_force, stored_grants
from geoservice.records.grants.queries import GIVEN_TO_ACCOUNT, GRANTS_OF_ACCOUNT


@dataclass(frozen=True)
class StoredAccount:
    """An account as it is stored."""

    login: str
    password_hash: str = field(repr=False)
    must_change: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    disabled_at: datetime | None
    #: Last.
    signed_in_at: datetime | None
    #: Neither disabled nor over, and with a grant in force.
    is_open: bool
    #: Signing in asks for a code, too.
    has_second_factor: bool
    #: What it may, where; those that were taken back or are over among them.
    grants: tuple[StoredGrant, ...]

    @property
    def held(self) -> tuple[StoredGrant, ...]:
        """Return the grants that are in force."""
        return in_force(self.grants, datetime.now(UTC))


@dataclass(frozen=True)
class StoredSession:
    """A session that lasts, and its account as it is now."""

    account: StoredAccount
    #: An identity provider said who it is, in place of a password.
    by_provider: bool
    #: When it ends in any case.
    expires_at: datetime


#: The account and its grant in one statement, so that the entry of the one knows whose matter it is by the other.
_INSERT = text(f"""
    WITH made AS (
        INSERT INTO geoservice.account AS a (login, password_hash, must_change, created_by, expires_at)
        VALUES (:login, :password_hash, true, :created_by, :expires_at)
        ON CONFLICT (login) DO NOTHING RETURNING a.login, a.created_by)
    {GIVEN_TO_ACCOUNT}
""")  # noqa: S608  values of ours
_OPEN = """a.disabled_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > now())
       AND EXISTS (SELECT FROM geoservice.access_grant AS o WHERE o.login = a.login AND geoservice.is_in_force(o))"""
#: An account as `StoredAccount` has it.
_TOLD = f"""a.*, {_OPEN} AS is_open,
           EXISTS (SELECT FROM geoservice.second_factor AS f
                    WHERE f.login = a.login AND f.confirmed_at IS NOT NULL) AS has_second_factor,
           {GRANTS_OF_ACCOUNT}"""
_ACCOUNTS = f"SELECT {_TOLD} FROM geoservice.account AS a"  # noqa: S608  a condition of ours
_BY_LOGIN = text(f"{_ACCOUNTS} WHERE a.login = :login")
_ALL = text(f"{_ACCOUNTS} ORDER BY a.login")
_SET_PASSWORD = text("""
    UPDATE geoservice.account SET password_hash = :password_hash, must_change = :must_change WHERE login = :login
""")
_REHASH = text("""
    UPDATE geoservice.account SET password_hash = :fresh WHERE login = :login AND password_hash = :verified
""")
_DISABLE = text("UPDATE geoservice.account SET disabled_at = now() WHERE login = :login AND disabled_at IS NULL")
_ENABLE = text("UPDATE geoservice.account SET disabled_at = NULL WHERE login = :login AND disabled_at IS NOT NULL")
_SIGNED_IN = text("UPDATE geoservice.account SET signed_in_at = now() WHERE login = :login")
#: The lock has whoever changes the password wait, or be waited for: no session begins with one that was changed.
_BEGIN = text(f"""
    INSERT INTO geoservice.session (secret_sha256, login, by_provider, expires_at)
    SELECT :secret_sha256, a.login, :by_provider, now() + make_interval(secs => :longest_s)
      FROM geoservice.account AS a
     WHERE a.login = :login AND a.password_hash = :verified AND {_OPEN} FOR NO KEY UPDATE
""")  # noqa: S608  a condition of ours
_SESSION = text(f"""
    SELECT s.seen_at < now() - interval '1 minute' AS unseen, s.by_provider, s.expires_at AS ends_at, {_TOLD}
      FROM geoservice.session AS s
      JOIN geoservice.account AS a USING (login)
     WHERE s.secret_sha256 = :secret_sha256 AND s.revoked_at IS NULL AND s.expires_at > now()
       AND s.seen_at > now() - make_interval(secs => :idle_s) AND {_OPEN}
""")  # noqa: S608  a condition of ours
_SEEN = text("UPDATE geoservice.session SET seen_at = now() WHERE secret_sha256 = :secret_sha256")
_END = text("""
    UPDATE geoservice.session SET revoked_at = now() WHERE secret_sha256 = :secret_sha256 AND revoked_at IS NULL
""")
_END_ALL = text("""
    UPDATE geoservice.session SET revoked_at = now()
     WHERE login = :login AND revoked_at IS NULL AND secret_sha256 IS DISTINCT FROM CAST(:but AS bytea)
""")
_FORGET = text("DELETE FROM geoservice.session WHERE expires_at < now()")


def insert_account(
    connection: Connection, *, login: str, password_hash: str, created_by: str, expires_at: datetime | None,
    grant: NewGrant,
) -> bool:  # fmt: skip
    """Store an account whose password must be changed, with a grant; return whether there was none of this name."""
    values = {"login": login, "password_hash": password_hash, "created_by": created_by, "expires_at": expires_at}
    return connection.execute(_INSERT, values | grant.values).rowcount == 1


def find_account(connection: Connection, login: str) -> StoredAccount | None:
    """Return the account of a name, disabled or not, or None."""
    row = connection.execute(_BY_LOGIN, {"login": login}).one_or_none()
    return None if row is None else _stored(dict(row._mapping))


def accounts(connection: Connection) -> tuple[StoredAccount, ...]:
    """Return every account by name."""
    return tuple(_stored(dict(row._mapping)) for row in connection.execute(_ALL))


def _stored(told: dict[str, Any]) -> StoredAccount:
    return StoredAccount(**told | {"grants": stored_grants(told["grants"])})


def set_password(connection: Connection, login: str, password_hash: str, *, must_change: bool) -> None:
    """Store the hash of a new password."""
    connection.execute(_SET_PASSWORD, {"login": login, "password_hash": password_hash, "must_change": must_change})


def rehash_password(connection: Connection, login: str, *, verified: str, fresh: str) -> None:
    """Store another hash of the same password, unless it was changed meanwhile."""
    connection.execute(_REHASH, {"login": login, "verified": verified, "fresh": fresh})


def disable_account(connection: Connection, login: str) -> bool:
    """Let nobody sign in by a name any more, and end its sessions; return whether it was enabled."""
    return connection.execute(_DISABLE, {"login": login}).rowcount == 1


def enable_account(connection: Connection, login: str) -> bool:
    """Let somebody sign in by a name again; return whether it was disabled."""
    return connection.execute(_ENABLE, {"login": login}).rowcount == 1


def note_signed_in(connection: Connection, login: str) -> None:
    """Write down that somebody signed in now."""
    connection.execute(_SIGNED_IN, {"login": login})


def begin_session(
    connection: Connection, login: str, secret_sha256: bytes, *, verified: str, longest_s: float,
    by_provider: bool = False,
) -> bool:  # fmt: skip
    """Begin a session; return False when the account is not open, or its password not that of this hash any more.

    Sessions of anybody that are over by time are forgotten.
    """
    connection.execute(_FORGET)
    asked = {"login": login, "secret_sha256": secret_sha256, "verified": verified}
    return connection.execute(_BEGIN, asked | {"longest_s": longest_s, "by_provider": by_provider}).rowcount == 1


def find_session(
    connection: Connection, secret_sha256: bytes, *, idle_s: float, in_use: bool = True
) -> StoredSession | None:  # fmt: skip
    """Return a session that lasts, with its account as it is now, or None.

    Parameters
    ----------
    in_use
        Note that it was seen, so that it goes on.
    """
    row = connection.execute(_SESSION, {"secret_sha256": secret_sha256, "idle_s": idle_s}).one_or_none()
    if row is None:
        return None
    told = dict(row._mapping)
    if told.pop("unseen") and in_use:
        connection.execute(_SEEN, {"secret_sha256": secret_sha256})
    by_provider, ends_at = told.pop("by_provider"), told.pop("ends_at")
    return StoredSession(_stored(told), by_provider, ends_at)


def end_session(connection: Connection, secret_sha256: bytes) -> None:
    """End a session."""
    connection.execute(_END, {"secret_sha256": secret_sha256})


def end_sessions(connection: Connection, login: str, *, but: bytes | None = None) -> None:
    """End every session of an account, but for one."""
    connection.execute(_END_ALL, {"login": login, "but": but})
