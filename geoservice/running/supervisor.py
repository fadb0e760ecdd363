"""Keeps the database, the web server, the events' server and the worker alive until told to stop: the database last.

`python -m geoservice.running.supervisor LOCK-DESCRIPTOR` is the detached form that `geoservice up --background` starts.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import FrameType

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import EmbeddedError
from geoservice.running.instance import Instance, InstanceState
from geoservice.running.instance_errors import NotAnswering
from geoservice.running.processes import adopt_orphans, collect_orphans, own_identity
from geoservice.running.webserver import (
    APPLICATION,
    CUT_STREAMS_S,
    FINISH_ATTEMPTS_S,
    FINISH_REQUESTS_S,
    answers,
    check_addresses_free,
    events_command,
    web_command,
    web_environment,
    worker_command,
)
from geoservice.running.worker_process import Backoff, Child
from geoservice.settings import Settings

TICK_S = 0.2
FIRST_ANSWER_S = 60.0
#: A web server that dies this often before its first answer will not get better by trying.
HOPELESS_DEATHS = 3


class Supervisor:
    """Keeps one instance alive; `run` returns after SIGTERM, SIGINT or SIGHUP.

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
        self._stopping = threading.Event()
        self._signals = 0
        self._phase = "starting"
        self._me = own_identity()
        self._database_backoff = Backoff()
        environment = web_environment(database_url)
        self._web = Child(
            "the web server", web_command(settings, application=application, die_with=os.getpid()), environment,
            finish_s=FINISH_REQUESTS_S + 2, say=self._say,
        )  # fmt: skip
        self._events: Child | None = None
        if settings.events_at is not None:
            self._events = Child(
                "the events' server", events_command(settings, die_with=os.getpid()), environment,
                finish_s=CUT_STREAMS_S + 2, say=self._say,
            )  # fmt: skip
        self._worker: Child | None = None
        if settings.webhooks:
            self._worker = Child(
                "the worker", worker_command(die_with=os.getpid()), environment,
                finish_s=FINISH_ATTEMPTS_S, say=self._say,
            )  # fmt: skip
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop; `on_ready` is called once, when the first answer came.

        Raises: WebPortTaken, AddressRefused, NotAnswering. Whatever happens, all children are stopped at the end.
        """
        adopt_orphans()
        previous = {number: signal.signal(number, self._on_signal) for number in self._ending_signals()}
        try:
            check_addresses_free(self._settings)
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
            if answers(self._settings.host, self._settings.port):
                return
            if self._web.deaths >= HOPELESS_DEATHS or time.monotonic() > deadline:
                raise NotAnswering(host=self._settings.host, port=self._settings.port)
            self._stopping.wait(TICK_S)

    def _watch(self) -> None:
        self._watch_database()
        started = [child.keep() for child in self._children]
        if any(started):
            self._tell(self._phase)
        collect_orphans(but={child.pid for child in self._children if child.pid is not None})

    @property
    def _children(self) -> tuple[Child, ...]:
        return tuple(child for child in (self._web, self._events, self._worker) if child is not None)

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

    def _tell(self, phase: str) -> None:
        self._phase = phase
        state = InstanceState(
            supervisor=self._me,
            web=self._web.identity,
            events=None if self._events is None else self._events.identity,
            worker=None if self._worker is None else self._worker.identity,
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
        for child in reversed(self._children):
            signals_before = self._signals
            child.stop(hurry=partial(self._signalled_since, signals_before))
        if self._cluster is not None:
            self._cluster.stop()
        self._instance.forget()

    def _signalled_since(self, signals: int) -> bool:
        """Tell whether another signal came: a second Ctrl-C means now."""
        return self._signals > signals

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
