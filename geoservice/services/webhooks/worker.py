"""Fans out and delivers until it is told to stop. It holds nothing: killed, it loses nothing."""

from __future__ import annotations

import queue
import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from geoservice.records.webhooks.model import Claimed
from geoservice.services.webhooks.delivering import Attempt, DeliveringService, attempt, host_of
from geoservice.services.webhooks.fanning import FanningService
from geoservice.webhooks.networks import Network
from geoservice.webhooks.sending import Outcome, Verdict
from layers.errors import LayerError

log = structlog.get_logger()

#: Attempts made at once.
THREADS = 16
#: While there is a webhook in use, looked for new events and for deliveries that are due so often.
LOOK_EVERY_S = 0.1
#: While the database is away, asked so often whether it is back.
RETRY_S = 1.0
#: What is under way when it is told to stop may end in this time; the rest is attempted again by the next worker.
FINISH_ATTEMPTS_S = 2.0


class DeliveryWorker:
    """Sends what webhooks are to hear of; `run` returns after `stop`. Without a webhook in use it asks for nothing."""

    def __init__(
        self,
        fanning: FanningService,
        delivering: DeliveringService,
        *,
        tls: ssl.SSLContext,
        allowed: Sequence[Network],
    ) -> None:
        self._fanning = fanning
        self._delivering = delivering
        self._tls = tls
        self._allowed = allowed
        self._stopping = threading.Event()
        #: Webhooks may be other ones than before.
        self._changed = threading.Event()
        self._changed.set()
        self._in_use = False
        self._to_attempt: queue.SimpleQueue[Claimed] = queue.SimpleQueue()
        #: None wakes whoever waits for it.
        self._attempted: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()
        #: What was attempted and is not noted yet.
        self._done: list[Attempt] = []
        self._under_way: Counter[str] = Counter()

    def stop(self) -> None:
        """Have `run` return soon; may be called from a signal's handler."""
        self._stopping.set()
        self._changed.set()
        self._attempted.put(None)

    def look(self) -> None:
        """Look again whether there is a webhook in use: one was made, removed, enabled or disabled. Never waits."""
        self._changed.set()

    def run(self) -> None:
        """Work until told to stop; errors of the database are waited out, what is not foreseen ends it."""
        # Daemons: an attempt that is under way may not hold up our end.
        fanning = threading.Thread(target=self._fan_out_or_tell, name="fan out", daemon=True)
        senders = [threading.Thread(target=self._send, name=f"send {n}", daemon=True) for n in range(THREADS)]
        for thread in (fanning, *senders):
            thread.start()
        while fanning.is_alive() and not self._stopping.is_set():
            self._take_done(LOOK_EVERY_S if self._in_use or self._done or self._under_way.total() else None)
            self._turn(free=THREADS - self._under_way.total())
        if not self._stopping.is_set():
            raise RuntimeError("fanning out ended by itself; the log says why")
        ends_at_s = time.monotonic() + FINISH_ATTEMPTS_S
        while self._under_way.total() and time.monotonic() < ends_at_s:
            self._take_done(LOOK_EVERY_S)
        self._turn(free=0)
        fanning.join(FINISH_ATTEMPTS_S)

    def _take_done(self, timeout_s: float | None) -> None:
        """Wait until something was attempted or changed, at most so long; take all that was attempted."""
        try:
            self._take(self._attempted.get(timeout=timeout_s))
            while True:
                self._take(self._attempted.get_nowait())
        except queue.Empty:
            return

    def _take(self, one: Attempt | None) -> None:
        if one is not None:
            self._done.append(one)
            self._under_way[host_of(one.delivery.url)] -= 1

    def _turn(self, *, free: int) -> None:
        try:
            claimed = self._delivering.turn(self._done, free=free, under_way=self._under_way)
        except LayerError as exc:
            log.warning("deliveries wait for the database", reason=f"{type(exc).__name__}: {exc}")
            self._stopping.wait(RETRY_S)
            return
        self._done.clear()
        for delivery in claimed:
            self._under_way[host_of(delivery.url)] += 1
            self._to_attempt.put(delivery)

    def _send(self) -> None:
        while True:
            delivery = self._to_attempt.get()
            try:
                outcome = attempt(delivery, tls=self._tls, allowed=self._allowed)
            except Exception:  # whatever it is, the others go on, and this one is tried again
                log.exception("an attempt failed on our side", delivery=delivery.id)
                outcome = Outcome(Verdict.FAILED, "The attempt failed on our side; the log of the worker says why.")
            self._attempted.put(Attempt(delivery, outcome))

    def _fan_out_or_tell(self) -> None:
        try:
            self._fan_out()
        finally:
            self._attempted.put(None)  # `run` may wait for nothing else

    def _fan_out(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._changed.is_set():
                    self._changed.clear()
                    self._in_use = self._fanning.in_use()
                    self._attempted.put(None)
                if not self._in_use:
                    self._changed.wait()
                elif not self._fanning.fan_out():
                    self._stopping.wait(LOOK_EVERY_S)
            except LayerError as exc:
                log.warning("events wait for the database", reason=f"{type(exc).__name__}: {exc}")
                self._changed.set()  # perhaps it was that which could not be read
                self._stopping.wait(RETRY_S)
