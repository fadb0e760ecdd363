"""A server that the supervisor keeps alive: started, looked at, started again, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from geoservice.running.processes import ProcessIdentity, identity_of


class Backoff:
    """Waits longer after each failure, and forgets them after a while without one."""

    FIRST_S, MAX_S, FORGET_S = 0.25, 10.0, 30.0

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
        return now >= self._failed_at + self._wait_s


class Child:
    """One server process and the processes it starts.

    Parameters
    ----------
    name
        As people call it, e.g. "the web server".
    command, environment
        What is run.
    finish_s
        A server that is told to stop may take so long.
    say
        Tells the log.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        *,
        finish_s: float,
        say: Callable[[str], None],
    ) -> None:
        self._name = name
        self._command = command
        self._environment = environment
        self._finish_s = finish_s
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._backoff = Backoff()
        #: How often it ended by itself.
        self.deaths = 0

    @property
    def pid(self) -> int | None:
        """Return the number of its process while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return its process as others can recognise it."""
        return None if self._process is None else identity_of(self._process.pid)

    def keep(self) -> bool:
        """Start it when it does not run and it is time; return whether it was started."""
        now = time.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return False
            self._say(f"{self._name} ended by itself (code {code}); starting it again")
            self._end_group(self._process)
            self._process = None
            self.deaths += 1
            self._backoff.fail(now)
        if not self._backoff.is_over(now):
            return False
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and numbers from Settings
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            # Its own group: Ctrl-C reaches the supervisor alone, which stops the parts in their order.
            start_new_session=True,
        )
        return True

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Stop it: it finishes what it has begun, unless `hurry` says that nobody wants to wait."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + self._finish_s
        while process.poll() is None:
            if time.monotonic() > deadline or hurry():
                process.kill()
                process.wait()
            time.sleep(0.05)
        self._end_group(process)

    def _end_group(self, process: subprocess.Popen[bytes]) -> None:
        # Workers end with their server; this is for one that is stuck. The group's number stays ours while one lives.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
