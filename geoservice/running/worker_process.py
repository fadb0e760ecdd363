"""A server that the supervisor keeps alive: started, looked at, started again, stopped."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from geoservice.running.forkserver import ForkedProcess, ForkServer, Program
from geoservice.running.processes import ProcessIdentity

log = structlog.get_logger()


class Backoff:
    """Waits longer after each failure, and forgets them after a while without one."""

    FIRST_S, MAX_S, FORGET_S = 0.25, 10.0, 5.0

    def __init__(self) -> None:
        self._wait_s = 0.0
        self._failed_at = float("-inf")

    def fail(self, now: float) -> None:
        """Note a failure at this instant of the monotonic clock."""
        fresh = now - self._failed_at > self.FORGET_S
        # The first failure is met at once: after kill -9 nobody should wait.
        self._wait_s = 0.0 if fresh else min(max(self._wait_s * 2, self.FIRST_S), self.MAX_S)
        self._failed_at = now

    def is_over(self, now: float) -> bool:
        """Tell whether it is time to try again."""
        return self.left_s(now) <= 0

    def left_s(self, now: float) -> float:
        """Return in how many seconds it is time to try again; 0 or less: now."""
        return self._failed_at + self._wait_s - now


class Child:
    """One server process and the processes it starts.

    Parameters
    ----------
    name
        As people call it, e.g. "the web server".
    finish_s
        A server that is told to stop may take so long.
    """

    def __init__(self, name: str, program: Program, *, finish_s: float) -> None:
        self._name = name
        self._program = program
        self._finish_s = finish_s
        self._process: ForkedProcess | None = None
        self._backoff = Backoff()
        #: How often it ended by itself.
        self.deaths = 0

    @property
    def process(self) -> ForkedProcess | None:
        """Return its process while it runs."""
        return self._process

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return its process as others can recognise it."""
        return None if self._process is None else self._process.identity

    @property
    def wait_s(self) -> float | None:
        """Return in how many seconds it is to be started again; None while it runs."""
        return None if self._process is not None else max(0.0, self._backoff.left_s(time.monotonic()))

    def keep(self, forks: ForkServer) -> bool:
        """Start it when it does not run and it is time; return whether it was started."""
        now = time.monotonic()
        if self._process is not None:
            if not self._process.wait():
                return False
            log.warning(f"{self._name} ended by itself; starting it again", ended=self._process.pid)
            self._end_group(self._process)
            self._process = None
            self.deaths += 1
            self._backoff.fail(now)
        if not self._backoff.is_over(now):
            return False
        if not forks.is_ready():
            return False
        self._process = forks.fork(self._program)
        if self._process is None:
            self._backoff.fail(now)
        return self._process is not None

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Stop it: it finishes what it has begun, unless `hurry` says that nobody wants to wait."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send(signal.SIGTERM)
        deadline = time.monotonic() + self._finish_s
        while not process.wait(0.05):
            if time.monotonic() > deadline or hurry():
                process.send(signal.SIGKILL)
        self._end_group(process)

    def _end_group(self, process: ForkedProcess) -> None:
        # Workers end with their server; this is for one that is stuck. The group's number stays ours while one lives.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
