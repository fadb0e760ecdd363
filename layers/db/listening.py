"""Hear what the database announces, without looking again and again whether it did."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from layers.db.session import Database, translated_errors

#: Where triggers announce changes of what look-ups need: migrations/schema/announcements.sql.
CHANGES = "geoservice_changed"
#: Where triggers announce what the clock should look at: a report that is late soon, a webhook.
DUE = "geoservice_due"
#: What comes within this time of a notification belongs to it: one change touches several tables.
_TOGETHER_S = 0.005


class Wakeup:
    """Ends a wait: set by any thread, and by the handler of a signal."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Return the descriptor that can be read from when it was set."""
        return self._descriptor

    def set(self) -> None:
        """End the wait under way, or the next one."""
        os.eventfd_write(self._descriptor, 1)

    def wait(self, timeout_s: float | None, *others: Any) -> bool:
        """Wait until it is set or one of other descriptors can be read, at most so long; return whether one was."""
        waiting = select.poll()
        for one in (self, *others):
            waiting.register(one, select.POLLIN)
        woken = waiting.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)
        with suppress(BlockingIOError):
            os.eventfd_read(self._descriptor)
        return bool(woken)

    def __del__(self) -> None:
        os.close(self._descriptor)


@dataclass(frozen=True)
class Listener:
    """A connection that hears notifications. It runs statements too, each in a transaction of its own."""

    connection: Connection
    #: Ends a wait from outside.
    wakeup: Wakeup
    #: A hot standby lets nobody listen: nothing is ever heard there.
    on_standby: bool

    def wait(self, timeout_s: float) -> bool:
        """Wait for a notification, at most so long; return whether one came. Raise DatabaseUnavailable."""
        driver = self.connection.connection.driver_connection
        assert driver is not None  # noqa: S101  only None once detached
        with translated_errors():
            # What came along with the answer of a statement lies here already.
            came = bool(list(driver.notifies(timeout=0)))
            if not came and self.wakeup.wait(timeout_s, driver):
                came = bool(list(driver.notifies(timeout=0)))
            while came and list(driver.notifies(timeout=_TOGETHER_S)):
                pass
        return came


@contextmanager
def listening(database: Database, wakeup: Wakeup, *channels: str) -> Iterator[Listener]:
    """Yield a listener that hears everything announced from now on in some channels; raise LayerError.

    A hot standby lets nobody listen: there it hears nothing, and waits for as long as it is told.
    """
    with translated_errors(), database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SET statement_timeout = 0"))  # whoever follows the database has time
        on_standby = bool(connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one())
        for channel in () if on_standby else channels:
            connection.execute(text(f"LISTEN {channel}"))
        try:
            yield Listener(connection, wakeup, on_standby)
        finally:
            connection.invalidate()  # no other user of the pool is to inherit the notifications
