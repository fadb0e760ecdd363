"""The login that serves: it owns nothing, is no superuser, and works as what it is a member of."""

from __future__ import annotations

import getpass

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from layers.db.scope import ROLES
from layers.db.session import translated_errors

#: What the login may work as. It inherits nothing: a connection that chooses none of them can do nothing.
MEMBERSHIPS = ROLES
_BARE = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"
_LACKING = """
    SELECT rolname FROM pg_roles WHERE rolname = ANY(%(groups)s)
       AND NOT pg_has_role(%(login)s, oid, 'MEMBER') ORDER BY rolname
"""


def login_of(url: str) -> str:
    """Return the login that a URL means; without one the driver takes the name of the account."""
    return make_url(url).username or getpass.getuser()


def prepare_service_login(owner_url: str, service_url: str) -> None:
    """Make the login of `service_url` unless it is there, and a member of MEMBERSHIPS.

    Of a login that is there nothing else is changed: neither its password nor what it has beside that.

    Parameters
    ----------
    owner_url
        Of a login that may create roles, to the migrated database.
    """
    name, password = login_of(service_url), make_url(service_url).password
    with translated_errors(), psycopg.connect(owner_url) as connection:
        if connection.info.user == name:
            return
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
            create = sql.SQL("CREATE ROLE {} LOGIN " + _BARE).format(sql.Identifier(name))
            connection.execute(create + password_clause(connection, name, password))
        lacking = connection.execute(_LACKING, {"groups": list(MEMBERSHIPS), "login": name}).fetchall()
        for (group,) in lacking:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(name)))


def password_clause(connection: psycopg.Connection, login: str, password: str | None) -> sql.Composed:
    """Return ` PASSWORD '…'` with what the server keeps of a password: its words are in no statement and no log."""
    if password is None:
        return sql.SQL("").format()
    kept = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
    return sql.SQL(" PASSWORD {}").format(sql.Literal(kept.decode()))
