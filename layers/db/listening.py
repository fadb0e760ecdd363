"""Hear what the database announces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from layers.db.session import Database, translated_errors

#: Where triggers announce changes of what look-ups need: migrations/schema/announcements.sql.
CHANGES = "geoservice_changed"
#: What comes within this time of a notification belongs to it: one change touches several tables.
_TOGETHER_S = 0.005


@dataclass(frozen=True)
class Listener:
    """A connection that hears notifications. It runs statements too, each in a transaction of its own."""

    connection: Connection

    def wait(self, timeout_s: float) -> bool:
        """Wait for a notification, at most so long; return whether one came. Raise DatabaseUnavailable."""
        driver = self.connection.connection.driver_connection
        assert driver is not None  # noqa: S101  only None once detached
        with translated_errors():
            came = bool(list(driver.notifies(timeout=timeout_s, stop_after=1)))
            while came and list(driver.notifies(timeout=_TOGETHER_S)):
                pass
        return came


@contextmanager
def listening(database: Database) -> Iterator[Listener]:
    """Yield a listener that hears everything announced from now on; raise LayerError.

    A hot standby lets nobody listen: there it hears nothing, and waits for as long as it is told.
    """
    with translated_errors(), database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        if not connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            connection.execute(text(f"LISTEN {CHANGES}"))
        try:
            yield Listener(connection)
        finally:
            connection.invalidate()  # no other user of the pool is to inherit the notifications
