"""Keeps what look-ups need in memory, and keeps it fresh: by notifications, and by comparing fingerprints in case."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from geoservice.engine.engines import Engine, Wanted, engine_for
from geoservice.services.edition_builder import EditionBuilder
from geoservice.services.memory import give_back
from geoservice.services.snapshots import Fingerprints, Snapshot, fingerprints, read_snapshot
from layers.catalogue import hold
from layers.db.listening import CHANGES, Listener, Wakeup, listening
from layers.db.session import Database
from layers.errors import LayerError

log = structlog.get_logger()

#: After the database went away it is asked again so often.
RETRY_S = 0.5
#: A reading that is under way when it is stopped may end in this time.
STOP_S = 5.0
#: What could not be read or built is tried again after this time, or when it changes.
READ_AGAIN_S = 10.0


@dataclass(frozen=True)
class Confirmed:
    """What is held, and when the database last said that it still holds."""

    snapshot: Snapshot
    #: The service's own clock, UTC.
    at: datetime
    #: time.monotonic() at that moment.
    mark_s: float

    @property
    def age_s(self) -> float:
        """Return how long ago that was, seconds."""
        return time.monotonic() - self.mark_s


class SnapshotCache:
    """Holds a snapshot that look-ups read without waiting; a thread of its own renews it.

    Parameters
    ----------
    database
        Connections of its own: it must not wait for requests, nor they for it.
    compare_every_s
        How often fingerprints are compared when nothing is announced.
    engine
        What is to read the tables of the editions' indices.
    """

    def __init__(self, database: Database, *, compare_every_s: float = 1.0, engine: Wanted = "auto") -> None:
        self._database = database
        self._compare_every_s = compare_every_s
        self._confirmed: Confirmed | None = None
        self._failure: str | None = None
        self._refused: Fingerprints | None = None
        self._refused_until_s = 0.0
        self._settled = threading.Event()
        self._settled.set()
        self._stopping = threading.Event()
        self._wakeup: Wakeup | None = None
        self._builder = EditionBuilder(database, self._on_built, engine=engine)
        self._look_again_s = 0.0
        self._thread: threading.Thread | None = None
        #: Called after each reading with its seconds, or None when it failed; for figures.
        self.on_reading: Callable[[float | None], None] = lambda seconds: None
        #: Called after each look at the database, when that answers; for what is gathered until then.
        self.each_time: Callable[[], None] = lambda: None

    @property
    def confirmed(self) -> Confirmed | None:
        """Return what is held; None before the first reading. One reference: never a mixture of two states."""
        return self._confirmed

    @property
    def engine(self) -> Engine:
        """Return what answers look-ups from what is held."""
        return engine_for(self._builder.engine)

    @property
    def renewing(self) -> bool:
        """Return whether the database is known to hold something newer, which is being made ready at this moment."""
        return not self._settled.is_set()

    def wait_until_settled(self, timeout_s: float) -> None:
        """Wait until nothing newer is being made ready, at most so long."""
        self._settled.wait(timeout_s)

    @property
    def failure(self) -> str | None:
        """Return why the last attempt to renew failed; None when it did not."""
        return self._failure

    def start(self) -> None:
        """Begin to hold and to renew; once."""
        if self._thread is None:
            # Not before: processes that are forked from one that only made this do not share it.
            self._wakeup = Wakeup()
            self._thread = threading.Thread(target=self._run, args=(self._wakeup,), name="cache", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop renewing; what is held stays."""
        self._stopping.set()
        if self._thread is not None and self._wakeup is not None:
            self._wakeup.set()
            self._thread.join(timeout=STOP_S)
            self._thread = None
        self._builder.stop(STOP_S)
        self._database.close()

    def _on_built(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()

    def _run(self, wakeup: Wakeup) -> None:
        while not self._stopping.is_set():
            try:
                with listening(self._database, wakeup, CHANGES) as listener:
                    self._follow(listener)
            except Exception as exc:  # noqa: BLE001  whatever it is, look-ups go on with what is held
                self._note_failure(exc)
                self._stopping.wait(RETRY_S)

    def _follow(self, listener: Listener) -> None:
        """Renew at once, then when something is announced or it is time to compare, until stopped or cut off."""
        while not self._stopping.is_set():
            if self.renew(listener.connection):
                give_back()  # what it replaced
            self.each_time()
            listener.wait(self._compare_every_s)

    def renew(self, connection: Connection) -> bool:
        """Confirm what is held, or read it anew when the database holds something else; return whether it replaced it.

        What can not be built leaves what is held as it is, growing older, and raises an alarm.

        Raises
        ------
        LayerError
            The database does not answer.
        """
        at, mark_s = datetime.now(UTC), time.monotonic()
        confirmed = self._confirmed
        now = fingerprints(connection)
        if confirmed is not None and now == confirmed.snapshot.fingerprints and self._is_whole(confirmed.snapshot):
            snapshot = confirmed.snapshot
        elif now == self._refused and mark_s < self._refused_until_s:
            return False
        else:
            try:
                snapshot = self._read(confirmed.snapshot if confirmed else None)
            except LayerError:
                raise
            except Exception as exc:  # noqa: BLE001  reading it again twice a second would not help
                self._refused, self._refused_until_s = now, time.monotonic() + READ_AGAIN_S
                self._note_failure(exc)
                return False
        hold(snapshot.own_layers.layers, view=snapshot.own_layers.view)
        self._confirmed = Confirmed(snapshot, at, mark_s)
        self._settled.set()
        self._refused = None
        if snapshot.refused:
            self._note_failure(snapshot.refused[0])
        else:
            self._failure = None
        return confirmed is not None and snapshot is not confirmed.snapshot

    def _is_whole(self, snapshot: Snapshot) -> bool:
        """Return whether nothing is to be read anew for editions that were not ready; now and then they are tried."""
        return not snapshot.editions.pending or (not self._builder.ready and time.monotonic() < self._look_again_s)

    def _read(self, before: Snapshot | None) -> Snapshot:
        began = time.monotonic()
        self._look_again_s = began + READ_AGAIN_S
        self._settled.clear()
        try:
            snapshot = read_snapshot(self._database, before, self._builder)
        except Exception:  # whatever it is, the old state is the best there is; it is raised again
            self._settled.set()
            self.on_reading(None)
            raise
        self.on_reading(time.monotonic() - began)
        return snapshot

    def _note_failure(self, error: Exception | str) -> None:
        said = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        if said != self._failure:  # once for each outage, not twice a second
            log.error("what look-ups need could not be renewed", reason=said, held=self._confirmed is not None)
        self._failure = said
