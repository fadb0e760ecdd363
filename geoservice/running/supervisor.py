"""Keeps the database and the web server alive until told to stop: web server first, then the database.

`python -m geoservice.running.supervisor LOCK-DESCRIPTOR` is the detached form that `geoservice up --background` starts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.errors import EmbeddedError
from geoservice.running.errors import NotAnswering
from geoservice.running.instance import Instance, InstanceState
from geoservice.running.processes import adopt_orphans, collect_orphans, identity_of, own_identity
from geoservice.running.webserver import (
    APPLICATION,
    FINISH_REQUESTS_S,
    answers,
    check_address_free,
    web_command,
    web_environment,
)
from geoservice.settings import Settings

TICK_S = 0.2
FIRST_ANSWER_S = 60.0
#: A web server that dies this often before its first answer will not get better by trying.
HOPELESS_DEATHS = 3


class Backoff:
    """Waits longer after each failure, and forgets them after a while without one."""

    FIRST_S, LONGEST_S, FORGET_S = 0.25, 10.0, 30.0

    def __init__(self) -> None:
        self._wait_s = 0.0
        self._failed_at = float("-inf")

    def fail(self, now: float) -> None:
        """Note a failure at this instant of the monotonic clock."""
        fresh = now - self._failed_at > self.FORGET_S
        # The first failure is met at once: after kill -9 nobody should wait.
        self._wait_s = 0.0 if fresh else min(max(self._wait_s * 2, self.FIRST_S), self.LONGEST_S)
        self._failed_at = now

    def is_over(self, now: float) -> bool:
        """Tell whether it is time to try again."""
        return now >= self._failed_at + self._wait_s


class Supervisor:
    """One instance's keeper; `run` returns after SIGTERM, SIGINT or SIGHUP.

    Parameters: cluster - the embedded database, already started; None when the database is somebody else's.
    """

    def __init__(
        self,
        settings: Settings,
        instance: Instance,
        *,
        database_url: str,
        cluster: Cluster | None,
        application: str = APPLICATION,
    ) -> None:
        self._settings = settings
        self._instance = instance
        self._database_url = database_url
        self._cluster = cluster
        self._application = application
        self._stopping = threading.Event()
        self._signals = 0
        self._web: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._phase = "starting"
        self._me = own_identity()
        self._web_backoff, self._database_backoff = Backoff(), Backoff()
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop; `on_ready` is called once, when the first answer came.

        Raises: WebPortTaken, AddressRefused, NotAnswering. Whatever happens, both servers are stopped at the end.
        """
        adopt_orphans()
        previous = {number: signal.signal(number, self._on_signal) for number in self._ending_signals()}
        try:
            check_address_free(self._settings.host, self._settings.port)
            self._start_web()
            self._wait_for_first_answer()
            if not self._stopping.is_set():
                self._tell("serving")
                on_ready()
            while not self._stopping.is_set():
                self._watch()
                self._stopping.wait(TICK_S)
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _ending_signals(self) -> tuple[signal.Signals, ...]:
        return (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        self._stopping.set()

    def _wait_for_first_answer(self) -> None:
        deadline = time.monotonic() + FIRST_ANSWER_S
        while not self._stopping.is_set():
            self._watch()
            if self._web is not None and answers(self._settings.host, self._settings.port):
                return
            if self._deaths >= HOPELESS_DEATHS or time.monotonic() > deadline:
                raise NotAnswering(host=self._settings.host, port=self._settings.port)
            self._stopping.wait(TICK_S)

    def _watch(self) -> None:
        self._watch_database()
        self._watch_web()
        collect_orphans(but={self._web.pid} if self._web is not None else set())

    def _watch_database(self) -> None:
        if self._cluster is None or self._cluster.postmaster() is not None:
            return
        now = time.monotonic()
        if not self._database_backoff.is_over(now):
            return
        self._database_backoff.fail(now)
        self._say("the database is gone; starting it again")
        try:
            self._cluster.start()
        except EmbeddedError as exc:
            self._say(f"{exc} {exc.advice()}")
        else:
            self._say("the database is back")

    def _watch_web(self) -> None:
        now = time.monotonic()
        if self._web is not None:
            code = self._web.poll()
            if code is None:
                return
            self._say(f"the web server ended by itself (code {code}); starting it again")
            self._kill_group(self._web)
            self._web = None
            self._deaths += 1
            self._web_backoff.fail(now)
        if self._web_backoff.is_over(now):
            self._start_web()

    def _start_web(self) -> None:
        self._web = subprocess.Popen(  # noqa: S603  our own interpreter and numbers from Settings
            web_command(self._settings, application=self._application, die_with=os.getpid()),
            env=web_environment(self._database_url),
            stdin=subprocess.DEVNULL,
            # Its own group: Ctrl-C reaches the supervisor alone, which stops the parts in their order.
            start_new_session=True,
        )
        self._tell(self._phase)

    def _tell(self, phase: str) -> None:
        self._phase = phase
        state = InstanceState(
            supervisor=self._me,
            web=identity_of(self._web.pid) if self._web is not None else None,
            phase=phase,
            host=self._settings.host,
            port=self._settings.port,
            database_port=self._cluster.port if self._cluster is not None else None,
            started_at=self._started_at,
        )
        try:
            self._instance.write(state)
        except OSError as exc:  # a full disk must not end a service that can still answer
            self._say(f"the state file was not written: {exc.strerror}")

    def _stop_all(self) -> None:
        self._tell("stopping")
        self._stop_web()
        if self._cluster is not None:
            self._cluster.stop()
        self._instance.forget()

    def _stop_web(self) -> None:
        web, self._web = self._web, None
        if web is None:
            return
        signals_before = self._signals
        web.terminate()
        deadline = time.monotonic() + FINISH_REQUESTS_S + 2
        while web.poll() is None:
            # A second Ctrl-C means now.
            if time.monotonic() > deadline or self._signals > signals_before:
                web.kill()
                web.wait()
            time.sleep(0.05)
        self._kill_group(web)

    def _kill_group(self, web: subprocess.Popen[bytes]) -> None:
        # Workers end with their server; this is for one that is stuck. The group's number stays ours while one lives.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(web.pid, signal.SIGTERM)

    def _say(self, line: str) -> None:
        with suppress(OSError):  # the terminal may be gone
            sys.stderr.write(f"geoservice: {line}\n")
            sys.stderr.flush()


def embedded_cluster(settings: Settings) -> Cluster | None:
    """Return the database that the service runs for itself; None when it was told another."""
    if not settings.embedded:
        return None
    return Cluster(settings.data_dir, settings.database_port, settings.service_account)


def own_database_url(settings: Settings) -> str:
    """Return the address of the database that the service was told; empty when none."""
    return settings.database_url.get_secret_value() if settings.database_url is not None else ""


def main() -> None:
    """Be the detached supervisor: the lock comes from the parent, everything else from the environment."""
    settings = Settings()
    instance = Instance(settings.data_dir)
    instance.inherit(int(sys.argv[1]))
    cluster = embedded_cluster(settings)
    url = cluster.url if cluster is not None else own_database_url(settings)
    try:
        Supervisor(settings, instance, database_url=url, cluster=cluster).run()
    except EmbeddedError as exc:
        sys.stderr.write(f"geoservice: {exc} {exc.advice()}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
