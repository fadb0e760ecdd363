"""The latest events in memory, from which every stream of this process reads; while there is one, a task reads on."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from geoservice.records.outbox.model import Event
from geoservice.services.events import EventService
from geoservice.streams.frames import message_of
from layers.errors import LayerError

log = structlog.get_logger()

#: While somebody listens, looked for so often. Notifications would wake us no sooner than a person can see, and cost
#: every writer a lock.
LOOK_EVERY_S = 0.05
RETRY_S = 0.5
#: Whoever listens first waits so long for the database to say where the events end.
AWAKE_S = 5.0
#: Kept in memory; whoever is further behind reads the database.
FRAMES_KEPT = 10_000


@dataclass(frozen=True)
class Frame:
    """An event and how it is written."""

    event: Event
    message: bytes


class Hub:
    """Holds the latest events in their order. One event loop uses it; the database is asked in threads."""

    def __init__(self, events: EventService) -> None:
        self._events = events
        self._frames: list[Frame] = []
        self._numbers: list[int] = []
        self._last: int | None = None
        self._came = asyncio.Event()
        self._listeners = 0
        self._wanted = asyncio.Event()
        self._awake = asyncio.Event()

    @property
    def last(self) -> int | None:
        """Return the number of the last event known; None before the first reading."""
        return self._last

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[bool]:
        """Have events read as long as somebody listens; yield whether they are: not when the database is away."""
        self._listeners += 1
        self._wanted.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(AWAKE_S):
                    await self._awake.wait()
            yield self._awake.is_set()
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._wanted.clear()

    async def run(self) -> None:
        """Look for events until cancelled. While the database is away, streams stay open and hear nothing."""
        while True:
            try:
                if not self._wanted.is_set():
                    self._awake.clear()
                    await self._wanted.wait()
                if not self._awake.is_set():
                    await self._wake_up()
                self._take(await asyncio.to_thread(self._events.new_after, self._last or 0))
                await asyncio.sleep(LOOK_EVERY_S)
            except LayerError as exc:
                log.warning("events could not be read", reason=f"{type(exc).__name__}: {exc}")
                await asyncio.sleep(RETRY_S)
            except Exception:  # whatever it is: without this task every stream would be open and hear nothing for good
                log.exception("events could not be read")
                await asyncio.sleep(RETRY_S)

    async def _wake_up(self) -> None:
        """Begin anew at the last event: what came while nobody listened is in the database."""
        self._last = await asyncio.to_thread(self._events.newest)
        self._frames, self._numbers = [], []
        self._awake.set()

    def _take(self, events: Sequence[Event]) -> None:
        if not events:
            return
        self._frames += [Frame(event, message_of(event)) for event in events]
        if len(self._frames) > 2 * FRAMES_KEPT:  # now and then, not each time
            del self._frames[:-FRAMES_KEPT]
        self._numbers = [frame.event.number for frame in self._frames]
        self._last = self._numbers[-1]
        self._wake()

    def _wake(self) -> None:
        self._came.set()
        self._came = asyncio.Event()

    def after(self, number: int) -> Sequence[Frame] | None:
        """Return the events that follow the one of a number; None when that is too long ago to be held."""
        if self._last is None or number >= self._last:
            return ()
        if not self._numbers or number < self._numbers[0] - 1:
            return None
        return self._frames[bisect_right(self._numbers, number) :]

    async def read_after(self, number: int) -> tuple[Frame, ...]:
        """Return the same from the database, as many as are read at once; raise LayerError."""
        events = await asyncio.to_thread(self._events.after, number)
        return tuple(Frame(event, message_of(event)) for event in events)

    async def wait(self, timeout_s: float) -> None:
        """Wait until something came, at most so long."""
        came = self._came
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await came.wait()
