"""Builds large editions for memory in a thread of its own, so that no jurisdiction waits for another's."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping

import structlog

from geoservice.engine.engines import Wanted
from geoservice.engine.index import OwnershipIndex
from geoservice.engine.loaded_editions import LoadedEdition
from geoservice.errors import GeoserviceError
from layers.db.session import Database
from layers.errors import LayerError, NoRow
from layers.grids.published_editions import PublishedEdition, Shapes, shapes_of

log = structlog.get_logger()

#: Reading 35,000 areas takes seconds, which no request is given.
READ_TIMEOUT_S = 120.0
#: What could not be built is tried again after this time.
AGAIN_S = 10.0


class SnapshotDiffers(GeoserviceError):
    """What was read of an edition is not what its fingerprint says; the database is asked in its stead."""


def built(edition: PublishedEdition, shapes: Shapes, engine: Wanted) -> LoadedEdition:
    """Return an edition with its index; raise SnapshotDiffers."""
    if shapes.content_hash != edition.content_hash:
        raise SnapshotDiffers(edition=edition.edition_id)
    index = OwnershipIndex.build(shapes.codes, list(shapes.geoms), engine=engine)
    index.warm()
    return LoadedEdition(
        edition.jurisdiction_id, edition.jurisdiction_code, edition.edition_id, edition.valid_from, edition.valid_to,
        edition.snap_tolerance_m, edition.accuracy_m, edition.content_hash, index, shapes.names, shapes.outline,
        shapes.unowned,
    )  # fmt: skip


class EditionBuilder:
    """Editions that are being made ready, one after the other.

    Parameters
    ----------
    database
        It takes a connection from there while it reads.
    on_done
        Called from its thread when one is ready, or could not be made so.
    engine
        What is to read the tables of their indices.
    """

    def __init__(self, database: Database, on_done: Callable[[], None], *, engine: Wanted = "auto") -> None:
        self._database = database
        self._on_done = on_done
        self.engine = engine
        self._asked: queue.SimpleQueue[PublishedEdition | None] = queue.SimpleQueue()
        self._waiting: set[int] = set()
        self._ready: dict[int, LoadedEdition] = {}
        self._refused: dict[int, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ready(self) -> Mapping[int, LoadedEdition]:
        """Return what has become ready and was not collected yet, by the edition's id."""
        with self._lock:
            return dict(self._ready)

    def collected(self, editions: Iterable[int]) -> None:
        """Let go of editions that are held elsewhere now."""
        with self._lock:
            for edition in editions:
                self._ready.pop(edition, None)

    def ask(self, edition: PublishedEdition) -> None:
        """Have an edition made ready; asking again while it waits is nothing new."""
        with self._lock:
            if self._stopping.is_set() or edition.edition_id in self._waiting or edition.edition_id in self._ready:
                return
            self._waiting.add(edition.edition_id)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="builder", daemon=True)
            self._thread.start()
        self._asked.put(edition)

    def refusal(self, edition_id: int) -> str | None:
        """Return why an edition could not be made ready, for the time in which it is not tried again; else None."""
        with self._lock:
            reason, until_s = self._refused.get(edition_id, ("", 0.0))
            return reason if time.monotonic() < until_s else None

    def refuse(self, edition_id: int, error: Exception) -> str:
        """Note that an edition could not be made ready, and when it may be tried again; return the reason."""
        said = f"{type(error).__name__}: {error}"
        if not isinstance(error, LayerError | NoRow):
            log.error("an edition could not be made ready for memory", edition=edition_id, reason=said)
        with self._lock:
            self._refused[edition_id] = (said, time.monotonic() + AGAIN_S)
        return said

    def stop(self, timeout_s: float) -> None:
        """End the thread when the edition that it is at is done; none is made ready afterwards."""
        self._stopping.set()
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(timeout=timeout_s)
            self._thread = None

    def _run(self) -> None:
        while (edition := self._asked.get()) is not None and not self._stopping.is_set():
            try:
                made = self._made(edition)
            except Exception as exc:  # noqa: BLE001  whatever it is, others are made ready; it is told and tried again
                self.refuse(edition.edition_id, exc)
            else:
                with self._lock:
                    self._ready[edition.edition_id] = made
                    self._refused.pop(edition.edition_id, None)
            with self._lock:
                self._waiting.discard(edition.edition_id)
            self._on_done()

    def _made(self, edition: PublishedEdition) -> LoadedEdition:
        with self._database.transaction(timeout_s=READ_TIMEOUT_S, one_view=True) as connection:
            shapes = shapes_of(connection, edition.edition_id)
        return built(edition, shapes, self.engine)
