"""What stands open in a database: rights of the service's login, locks, and what its log keeps. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, sql

from geoservice.services.service_login import MEMBERSHIPS
from layers.db.session import translated_errors
from layers.errors import DatabaseUnavailable


@dataclass(frozen=True)
class Opening:
    """Something that stands open, and what closes it."""

    #: What it is and why it matters, for people.
    what: str
    #: What closes it, for people.
    remedy: str = ""
    #: What an administrator of the database runs.
    statements: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return it in one line."""
        run = f"Run as an administrator of the database: {' '.join(self.statements)}" if self.statements else ""
        return " ".join(filter(None, (f"warning: {self.what}", self.remedy, run)))


#: By the column of pg_roles: what an attribute means, and what takes it away.
_ATTRIBUTES = {
    "rolsuper": ("is a superuser", "NOSUPERUSER"),
    "rolcreaterole": ("may make roles", "NOCREATEROLE"),
    "rolcreatedb": ("may make databases", "NOCREATEDB"),
    "rolreplication": ("may replicate", "NOREPLICATION"),
    "rolbypassrls": ("passes by row security", "NOBYPASSRLS"),
    "rolinherit": ("inherits the rights of its groups", "NOINHERIT"),
}
_OWNS = """
    SELECT EXISTS (SELECT FROM pg_shdepend AS d
                    WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'
                      AND d.refobjid = (SELECT oid FROM pg_roles WHERE rolname = session_user))
        OR EXISTS (SELECT FROM pg_database WHERE datname = current_database()
                      AND datdba = (SELECT oid FROM pg_roles WHERE rolname = session_user))
"""
_OTHER_GROUPS = """
    SELECT rolname FROM pg_roles
     WHERE NOT rolsuper AND pg_has_role(session_user, oid, 'MEMBER')
       AND rolname <> session_user AND rolname <> ALL(%(groups)s)
     ORDER BY rolname
"""
#: Ways in which somebody who only reads could make writers wait; of what was closed none is left.
_OPEN_LOCKS = """
    SELECT what FROM (VALUES
        (1, 'locks that reports and publications wait for may be taken',
         EXISTS (SELECT FROM pg_proc AS p
                  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^pg_(try_)?advisory_'
                    AND has_function_privilege('public', p.oid, 'EXECUTE'))),
        (2, 'foreign keys from temporary tables may wait for our tables',
         has_database_privilege('public', current_database(), 'TEMPORARY')),
        (3, 'triggers and rules may wait for our tables',
         NOT EXISTS (SELECT FROM pg_event_trigger AS t WHERE t.evtname = 'geoservice_readers' AND t.evtenabled <> 'D'))
    ) AS way (place, what, stands_open) WHERE stands_open ORDER BY place
"""
#: What PostgreSQL's log must be told for it to hold no words of anybody: what a setting may be, that to be set first.
_LOG = {
    "log_min_messages": ("log", "fatal", "panic"),
    "log_min_error_statement": ("panic",),
    "log_error_verbosity": ("terse",),
    "log_statement": ("none",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_parameter_max_length": ("0",),
    "log_parameter_max_length_on_error": ("0",),
}


def find_openings(service_url: str) -> list[Opening]:
    """Return what stands open for the login of `service_url`; nothing when all is closed. Raise LayerError."""
    try:
        with translated_errors(), psycopg.connect(service_url, connect_timeout=10) as connection:
            return [*of_login(connection), *of_locks(connection), *of_log(connection)]
    except psycopg.OperationalError as exc:  # such as a password that is not right
        raise DatabaseUnavailable from exc


def of_login(connection: Connection[Any]) -> list[Opening]:
    """Return what the login of a connection has and does not need."""
    login = str(_one(connection, "SELECT session_user"))
    if _one(connection, _OWNS):
        return [
            Opening(
                f"The service logs in as {login}, which owns what is in the database: whoever gets a statement of his"
                " into the service may change anything.",
                "Set GEOSERVICE_DATABASE_OWNER_URL to this address, and GEOSERVICE_DATABASE_URL to that of another"
                " login: it is made, with the password that the address names, when the schema is brought up to date.",
            )
        ]
    columns = sql.SQL(", ").join(map(sql.Identifier, _ATTRIBUTES))
    query = sql.SQL("SELECT {} FROM pg_roles WHERE rolname = session_user").format(columns)
    has = dict(zip(_ATTRIBUTES, connection.execute(query).fetchone() or (), strict=True))
    groups = [] if has["rolsuper"] else connection.execute(_OTHER_GROUPS, {"groups": list(MEMBERSHIPS)}).fetchall()
    too_much = [
        *((means, _text(f"ALTER ROLE {{}} {close}", login)) for one, (means, close) in _ATTRIBUTES.items() if has[one]),
        *((f"may become {group}, too", _text("REVOKE {} FROM {}", group, login)) for (group,) in groups),
    ]
    return [Opening(f"The service's login {login} {means}.", statements=(closes,)) for means, closes in too_much]


def of_locks(connection: Connection[Any]) -> list[Opening]:
    """Return by what somebody who only reads could make writers wait."""
    ways = [way for (way,) in connection.execute(_OPEN_LOCKS).fetchall()]
    if not ways:
        return []
    what = f"Whoever may only read this database can make reports wait: {', '.join(ways)}."
    return [Opening(what, statements=("SELECT geoservice.close_locks();",))]


def of_log(connection: Connection[Any]) -> list[Opening]:
    """Return what the log of this database would keep of what people write, as the login's sessions are set."""
    found = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(_LOG)]).fetchall()
    wrong = {name: setting for name, setting in found if setting not in _LOG[name]}
    if not wrong:
        return []
    shown = ", ".join(f"{name} is {wrong[name]}" for name in _LOG if name in wrong)
    database = _text("ALTER DATABASE {}", str(_one(connection, "SELECT current_database()"))).removesuffix(";")
    return [
        Opening(
            f"PostgreSQL's log may keep the words of reports, with rows and values: {shown}.",
            statements=tuple(f"{database} SET {name} = '{_LOG[name][0]}';" for name in _LOG if name in wrong),
        )
    ]


def _text(statement: str, *names: str) -> str:
    """Return a statement with names in it, quoted."""
    return sql.SQL(statement + ";").format(*map(sql.Identifier, names)).as_string(None)


def _one(connection: Connection[Any], query: str, **values: object) -> Any:
    row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]
