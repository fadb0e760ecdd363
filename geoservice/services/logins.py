"""Database logins for people with QGIS or psql: each in one of the group roles, none owning anything."""

from __future__ import annotations

import re
import secrets

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from geoservice.auth.model import LoginRole
from geoservice.errors import GeoserviceError
from layers.db.session import translated_errors

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


class LoginNameRefused(GeoserviceError):
    """A login's name is lower-case letters, digits and underscores, begins with a letter, and is not `geoservice…`."""


def grant_login(url: str, name: str, role: LoginRole) -> str:
    """Make a login, or give an existing one a new password and this role only; return the password.

    Parameters
    ----------
    url
        A superuser's, or that of a login that may create roles.
    """
    if _NAME.fullmatch(name) is None or name.startswith(("geoservice", "pg_")):
        raise LoginNameRefused(name=name)
    password = secrets.token_urlsafe(18)
    login, groups = sql.Identifier(name), sql.SQL(", ").join(sql.Identifier(f"geoservice_{one}") for one in LoginRole)
    with translated_errors(), psycopg.connect(url) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        verb = sql.SQL("ALTER" if known else "CREATE")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                verb, login, sql.Literal(password)
            )
        )
        connection.execute(sql.SQL("REVOKE {} FROM {}").format(groups, login))
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(f"geoservice_{role}"), login))
        connection.execute(sql.SQL("ALTER ROLE {} SET search_path = geoservice, public").format(login))
    return password


def revoke_login(url: str, name: str) -> None:
    """Remove a login made by `grant_login`."""
    if _NAME.fullmatch(name) is None or name.startswith(("geoservice", "pg_")):
        raise LoginNameRefused(name=name)
    with translated_errors(), psycopg.connect(url) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def database_name(url: str) -> str:
    """Return the name of the database that a URL means."""
    return str(make_url(url).database)
