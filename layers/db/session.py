"""Connections and transactions: the only place that opens, commits and translates what the driver says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import psycopg
from sqlalchemy import Connection, Engine, create_engine, exc, make_url, pool, text

from layers.db.acting import SET_ACTING, present_acting
from layers.db.scope import EVERYWHERE, SET_SCOPE, Scope, asked_by_present, present_scope
from layers.db.sentences import broken, missing, rule_called
from layers.errors import (
    DatabaseUnavailable,
    EditedMeanwhile,
    FourEyes,
    LastAdministrator,
    LayerError,
    MovedMeanwhile,
    NotYours,
    OutlastsOwn,
    PublishedMeanwhile,
    RefusedByDatabase,
    SchemaMissing,
    StepRefused,
    TooBusy,
    TookTooLong,
    TryAgain,
)

#: A database that went away without a word is noticed after this time, and by one who waits for its answer after twice
#: that: nothing of his is on the way, so the kernel must ask.
_CONNECT_TIMEOUT_S = 3
_TCP_USER_TIMEOUT_MS = 5000
_KEEPALIVE_S = 5
#: Refusals of our own functions that callers treat each in its way, by SQLSTATE.
_MEANWHILE: dict[str, type[RefusedByDatabase]] = {
    "GS403": NotYours, "GS409": PublishedMeanwhile, "GS410": MovedMeanwhile, "GS411": StepRefused,
    "GS412": EditedMeanwhile, "GS413": FourEyes, "GS414": LastAdministrator,
    "GS415": OutlastsOwn,
}  # fmt: skip
_BEGIN = text(f"SELECT {SET_SCOPE}, {SET_ACTING}, set_config('statement_timeout', :limit_ms, true)")
_NAME_ACTOR = text("SELECT set_config('geoservice.actor', :actor, true), set_config('geoservice.role', :role, true)")
_NOT_YOURS = "What was to be written belongs to another jurisdiction, or to another grid, than yours."
#: What in PostgreSQL refuses a row that no policy allows; the sentence is another one in each language.
_ROW_POLICY_CHECK = "ExecWithCheckOptions"
_UNFIT_VALUE = "One of the values is not one that the database can store or reckon with."


class _NotKept(Exception):
    """Ends a transaction of which nothing is to be kept."""


def engine_url(url: str) -> str:
    """Return a postgresql:// URL as SQLAlchemy wants it, with psycopg named as the driver."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@dataclass(frozen=True)
class Database:
    """A pool of connections to one PostGIS database, working as group roles: they own nothing, switch off no guard."""

    engine: Engine = field(repr=False)
    #: A statement is cancelled after this time unless a transaction asks for more.
    statement_timeout_s: float = 5.0
    #: What its transactions see; None: what the context says that they begin in.
    scope: Scope | None = None

    @classmethod
    def connect(
        cls, url: str, *, pool_size: int = 8, pool_timeout_s: float = 2.0, statement_timeout_s: float = 5.0
    ) -> Database:
        """Return a database that opens connections when they are first needed."""
        engine = create_engine(
            engine_url(url),
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's text is logged; values may be a resident's words
            pool_timeout=pool_timeout_s,
            pool_pre_ping=True,  # costs 0.1 ms; without it the first request after a restart fails
            connect_args={
                "options": f"-c role={EVERYWHERE.role} -c timezone=UTC -c search_path=geoservice,public"
                f" -c statement_timeout={round(statement_timeout_s * 1000)}",
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "tcp_user_timeout": _TCP_USER_TIMEOUT_MS,
                "keepalives_idle": _KEEPALIVE_S,
                "keepalives_interval": _KEEPALIVE_S,
                "application_name": "geoservice",
            },
        )
        return cls(engine, statement_timeout_s)

    def scoped(self, scope: Scope) -> Database:
        """Return the same pool with transactions that see this scope, whoever asks."""
        return replace(self, scope=scope)

    @contextmanager
    def transaction(
        self, *, actor: str = "", timeout_s: float | None = None, one_view: bool = False, kept: bool = True,
        scope: Scope | None = None,
    ) -> Iterator[Connection]:  # fmt: skip
        """Run the block in one transaction; commit at its end, roll back on any error, or when nothing is to be kept.

        Parameters
        ----------
        actor
            Who acts, for histories; when empty, who the context says that it is, else the database login.
        timeout_s
            Longest time of one statement; the pool's default when None.
        one_view
            All statements see the database as the first one did.
        kept
            False: it is only tried, and rolled back at its end.
        scope
            What it sees; None: what the database says, or the context.

        Raises
        ------
        LayerError
            What the driver said, translated: refused, too busy, took too long, unavailable, schema missing.
        """
        limit_ms = round((self.statement_timeout_s if timeout_s is None else timeout_s) * 1000)
        engine = self.engine.execution_options(isolation_level="REPEATABLE READ") if one_view else self.engine
        with suppress(_NotKept), translated_errors(), engine.begin() as connection:
            seen = scope or (present_scope() if self.scope is None else asked_by_present(self.scope))
            connection.execute(_BEGIN, {"limit_ms": str(limit_ms)} | present_acting().settings(actor) | seen.settings)
            yield connection
            if not kept:
                raise _NotKept

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run each statement of the block for itself: a question of one statement takes half the round trips.

        There is no transaction to choose a scope in: it is for those who see everything.

        Raises
        ------
        LayerError
            As `transaction` does.
        """
        if (self.scope or present_scope()) != EVERYWHERE:
            raise RuntimeError("only who sees everything reads without a transaction")
        with translated_errors(), self._autocommit.connect() as connection:
            yield connection

    @cached_property
    def _autocommit(self) -> Engine:
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def name_actor(connection: Connection, actor: str, role: str) -> None:
    """Have traces name somebody otherwise for the rest of a transaction: who holds several roles acts in one."""
    connection.execute(_NAME_ACTOR, {"actor": actor, "role": role})


@contextmanager
def owner_connection(url: str) -> Iterator[Connection]:
    """Yield one connection with the rights of the login itself, in one transaction; for migrations."""
    # A login named like the schema would have it searched first; nothing of ours is found by search path.
    connect_args = {"connect_timeout": 10, "options": "-c search_path=public"}
    engine = create_engine(engine_url(url), poolclass=pool.NullPool, connect_args=connect_args)
    with translated_errors(), engine.begin() as connection:
        yield connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what SQLAlchemy and the driver raise into LayerErrors."""
    try:
        yield
    except exc.TimeoutError as error:
        raise TooBusy from error
    except exc.DBAPIError as error:
        raise translate(error.orig) from error
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: BaseException | None) -> LayerError:  # noqa: C901 - a flat table of what the driver says
    """Return the LayerError for an error of the driver; an error we did not foresee comes back as a bug would."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return TookTooLong()
    if isinstance(error, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return TryAgain()
    if isinstance(error, psycopg.errors.InsufficientPrivilege) and error.diag.source_function == _ROW_POLICY_CHECK:
        return NotYours(_NOT_YOURS)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):  # a standby: no trace of a read
        return DatabaseUnavailable()
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return SchemaMissing()
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        if error.diag.source_function == "exec_stmt_raise":  # a sentence of our own functions, meant for people
            return _refusal(error.sqlstate, error.diag)
        if error.sqlstate[:2] == "23":  # an integrity constraint
            # The driver's own sentence is for programmers, and its detail can hold the whole row.
            told = error.diag
            sentence = broken(told.constraint_name) if told.constraint_name else missing(told.column_name)
            return RefusedByDatabase(sentence, rule=rule_called(told.constraint_name))
        if error.sqlstate[:2] == "22":  # a value
            return RefusedByDatabase(_UNFIT_VALUE)
        if error.sqlstate[:2] not in ("08", "53", "57", "58", "XX"):
            raise error
    if isinstance(error, psycopg.DataError):  # refused before it was sent: NUL in a text
        return RefusedByDatabase(_UNFIT_VALUE)
    if isinstance(error, psycopg.Error):
        return DatabaseUnavailable()
    raise TypeError(error)


def _refusal(sqlstate: str, told: psycopg.errors.Diagnostic) -> RefusedByDatabase:
    """Return a refusal; what a function gives as CONSTRAINT is the code of an advice, its values are JSON in DETAIL."""
    refusal = _MEANWHILE.get(sqlstate, RefusedByDatabase)
    values = json.loads(told.message_detail) if told.constraint_name and told.message_detail else None
    return refusal(told.message_primary or "", told.message_hint, advice=told.constraint_name, values=values)
