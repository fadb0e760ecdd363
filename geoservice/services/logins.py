"""Database logins for people with QGIS or psql: each in one of the group roles, none owning anything.

A login that was made here is marked by a comment on its role, which names its database. Others are left alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection, sql
from sqlalchemy import make_url

from geoservice.auth.model import LoginRole
from geoservice.errors import GeoserviceError, JurisdictionUnknown
from geoservice.services.service_login import password_clause
from layers.db.acting import present_acting
from layers.db.session import translated_errors

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_BARE = sql.SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")
_FOUND = """
    SELECT coalesce(shobj_description(oid, 'pg_authid') = %(mark)s, false),
           rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
      FROM pg_roles WHERE rolname = %(name)s
"""
#: Of sessions that whoever asks may end.
_END_SESSIONS = """
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
     WHERE a.usename = %s AND pg_has_role(a.usesysid, 'MEMBER')
"""
_GRANT = """
    INSERT INTO geoservice.login_grant (login, role, jurisdiction_id, valid_to)
    VALUES (%(login)s, %(role)s, %(jurisdiction_id)s, %(valid_to)s)
        ON CONFLICT (login, role, (coalesce(jurisdiction_id, 0)))
        DO UPDATE SET valid_to = excluded.valid_to, granted_at = now()
"""
_CLEAR = "DELETE FROM geoservice.login_grant WHERE login = %(login)s"
_TAKE = f"{_CLEAR} AND role = %(role)s AND jurisdiction_id IS NOT DISTINCT FROM %(jurisdiction_id)s"
_ROLES = "SELECT DISTINCT role FROM geoservice.login_grant WHERE login = %(login)s"
_LIST = """
    SELECT g.login, g.role, j.code, g.valid_to FROM geoservice.login_grant AS g
      LEFT JOIN geoservice.jurisdiction AS j ON j.id = g.jurisdiction_id ORDER BY g.login, g.id
"""


class LoginNameRefused(GeoserviceError):
    """A login's name is lower-case letters, digits and underscores, begins with a letter, and is not `geoservice…`."""


class LoginGrantUnknown(GeoserviceError):
    """The login was not granted that; `db logins` lists what logins are."""


class LastLoginGrant(GeoserviceError):
    """It is the only thing that the login was granted: remove the login as a whole."""


class LoginUnknown(GeoserviceError):
    """There is no login of this name."""


class LoginNotMadeHere(GeoserviceError):
    """A role of this name was not made here for this database: it is left alone."""

    advice = "name-login"


class LoginHasMore(GeoserviceError):
    """Somebody gave this login more rights than logins have that are made here: it is left alone."""


class LoginOwnsThings(GeoserviceError):
    """The login owns something in this cluster, or was granted something by name: it can not go before that does."""

    advice = "drop-owned"


class LoginsNotAllowed(GeoserviceError):
    """The login that owns the database may not make or change logins."""

    advice = "allow-logins"


@dataclass(frozen=True)
class LoginLimits:
    """What a login may take. Its sessions begin with the times and may set others; the connections are a wall."""

    connections: int
    #: A statement that runs longer is cancelled.
    statement_s: float
    #: A session that leaves a transaction open and asks nothing for so long is ended.
    idle_in_transaction_s: float


def mark(database: str) -> str:
    """Return the comment by which a login of a database is known again."""
    return f"login of geoservice for {database}"


def grant_login(
    url: str, name: str, role: LoginRole, limits: LoginLimits, *, jurisdiction: str | None = None
) -> str:  # fmt: skip
    """Make a login, or give one made here a new password, this role only, there only, and these limits.

    Returns the password.

    Parameters
    ----------
    url
        A superuser's, or that of a login that may create roles.
    jurisdiction
        Code of that where alone it works; None: everywhere.

    Raises
    ------
    LoginNameRefused, LoginNotMadeHere, LoginHasMore, LoginsNotAllowed
    JurisdictionUnknown
    """
    _require_name(name)
    password = secrets.token_urlsafe(18)
    login = sql.Identifier(name)
    with _administering(url) as connection:
        made = _was_made_here(connection, name)
        verb = sql.SQL("ALTER ROLE {} ") if made else sql.SQL("CREATE ROLE {} ")
        limit = sql.SQL(" CONNECTION LIMIT {}").format(sql.Literal(limits.connections))
        connection.execute(
            verb.format(login) + sql.SQL("LOGIN ") + _BARE + limit + password_clause(connection, name, password)
        )
        note = sql.SQL("COMMENT ON ROLE {} IS {}")
        connection.execute(note.format(login, sql.Literal(mark(connection.info.dbname))))
        connection.execute(sql.SQL("ALTER ROLE {} SET search_path = geoservice, public").format(login))
        for setting, most_s in (
            ("statement_timeout", limits.statement_s),
            ("idle_in_transaction_session_timeout", limits.idle_in_transaction_s),
        ):
            most_ms = sql.Literal(round(most_s * 1000))
            connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(login, sql.Identifier(setting), most_ms))
        connection.execute(_CLEAR, {"login": name})
        _give(connection, name, role, jurisdiction, None)
        _join_group(connection, name)
    return password


def extend_login(
    url: str, name: str, role: LoginRole, *, jurisdiction: str | None = None, valid_to: datetime | None = None
) -> None:  # fmt: skip
    """Let a login made by `grant_login` work as one more role, or in one more jurisdiction; its password stays.

    Parameters
    ----------
    jurisdiction
        Code of that where it works so; None: everywhere.
    valid_to
        When that ends, at once and by itself; None: without an end.

    Raises
    ------
    LoginNameRefused, LoginUnknown, LoginNotMadeHere, LoginHasMore, LoginsNotAllowed
    JurisdictionUnknown
    """
    _require_name(name)
    with _administering(url) as connection:
        if not _was_made_here(connection, name):
            raise LoginUnknown(name=name)
        _give(connection, name, role, jurisdiction, valid_to)
        _join_group(connection, name)


def narrow_login(url: str, name: str, role: LoginRole, *, jurisdiction: str | None = None) -> None:
    """Take from a login what it was granted as a role in a jurisdiction (None: everywhere), at once.

    Raises
    ------
    LoginNameRefused, LoginUnknown, LoginNotMadeHere, LoginHasMore, LoginsNotAllowed
    JurisdictionUnknown, LoginGrantUnknown, LastLoginGrant
    """
    _require_name(name)
    with _administering(url) as connection:
        if not _was_made_here(connection, name):
            raise LoginUnknown(name=name)
        asked = {"login": name, "role": role.value, "jurisdiction_id": _id(connection, jurisdiction)}
        if connection.execute(_TAKE, asked).rowcount == 0:
            raise LoginGrantUnknown(name=name, role=role.value, jurisdiction=jurisdiction)
        if connection.execute(_ROLES, {"login": name}).fetchone() is None:
            raise LastLoginGrant(name=name)
        _join_group(connection, name)


@dataclass(frozen=True)
class LoginGrant:
    """As what a login works, and where."""

    login: str
    role: str
    #: Code; None: everywhere.
    jurisdiction: str | None
    #: None: without an end.
    valid_to: datetime | None


def login_grants(url: str) -> tuple[LoginGrant, ...]:
    """Return what every login was granted, by its name."""
    with translated_errors(), psycopg.connect(url) as connection:
        return tuple(LoginGrant(*row) for row in connection.execute(_LIST))


def _give(
    connection: Connection[Any], name: str, role: LoginRole, jurisdiction: str | None, valid_to: datetime | None
) -> None:  # fmt: skip
    place = _id(connection, jurisdiction)
    connection.execute(
        _GRANT, {"login": name, "role": role.value, "jurisdiction_id": place, "valid_to": valid_to}
    )  # fmt: skip


def _join_group(connection: Connection[Any], name: str) -> None:
    """Make a login a member of the one group that what it was granted needs: who edits somewhere is an analyst."""
    roles = {role for (role,) in connection.execute(_ROLES, {"login": name})}
    group = LoginRole.ANALYST if LoginRole.ANALYST.value in roles else LoginRole.READER
    login, groups = sql.Identifier(name), sql.SQL(", ").join(sql.Identifier(f"geoservice_{one}") for one in LoginRole)
    connection.execute(sql.SQL("REVOKE {} FROM {}").format(groups, login))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(f"geoservice_{group}"), login))


def _id(connection: Connection[Any], jurisdiction: str | None) -> int | None:
    if jurisdiction is None:
        return None
    row = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = %s", [jurisdiction]).fetchone()
    if row is None:
        raise JurisdictionUnknown(jurisdiction=jurisdiction)
    return int(row[0])


def revoke_login(url: str, name: str) -> None:
    """Remove a login made by `grant_login`, and end its sessions.

    Raises: LoginNameRefused, LoginUnknown, LoginNotMadeHere, LoginHasMore, LoginOwnsThings, LoginsNotAllowed.
    """
    _require_name(name)
    with _administering(url) as connection:
        if not _was_made_here(connection, name):
            raise LoginUnknown(name=name)
        connection.execute(_END_SESSIONS, [name])
        connection.execute(_CLEAR, {"login": name})
        try:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
        except psycopg.errors.DependentObjectsStillExist as exc:
            raise LoginOwnsThings(name=name) from exc


def _require_name(name: str) -> None:
    if _NAME.fullmatch(name) is None or name.startswith(("geoservice", "pg_")):
        raise LoginNameRefused(name=name)


@contextmanager
def _administering(url: str) -> Iterator[Connection[Any]]:
    with translated_errors(), psycopg.connect(url) as connection:
        for setting, value in present_acting().named_settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [setting, value])
        try:
            yield connection
        except psycopg.errors.InsufficientPrivilege as exc:
            raise LoginsNotAllowed(owner=connection.info.user) from exc


def _was_made_here(connection: Connection[Any], name: str) -> bool:
    """Return whether there is such a login of ours; False: no role has that name. Raise what leaves it alone."""
    database = connection.info.dbname
    found = connection.execute(_FOUND, {"name": name, "mark": mark(database)}).fetchone()
    if found is None:
        return False
    ours, has_more = found
    if not ours:
        raise LoginNotMadeHere(name=name, database=database)
    if has_more:
        raise LoginHasMore(name=name)
    return True


def database_name(url: str) -> str:
    """Return the name of the database that a URL means."""
    return str(make_url(url).database)
