"""Keeps the database, the web server, the events' server and the worker alive until told to stop: the database last.

`python -m geoservice.running.supervisor LOCK-DESCRIPTOR` is the detached form that `geoservice up --background` starts.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from types import FrameType

import structlog

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.cluster_errors import EmbeddedError
from geoservice.embedded.stepping_down import server_account
from geoservice.running.addresses import answers, listen_for_events, listen_on
from geoservice.running.backups import ScheduledBackups
from geoservice.running.commands import (
    APPLICATION,
    CUT_STREAMS_S,
    FINISH_ATTEMPTS_S,
    FINISH_REQUESTS_S,
    events_arguments,
    web_arguments,
    web_environment,
)
from geoservice.running.database import database_urls, embedded_cluster
from geoservice.running.forkserver import ForkServer, Program
from geoservice.running.instance import Instance, InstanceState
from geoservice.running.instance_errors import NotAnswering
from geoservice.running.logging import configure_logging
from geoservice.running.processes import adopt_orphans, collect_orphans, name_process, own_identity
from geoservice.running.worker_process import Backoff, Child
from geoservice.settings import Settings

log = structlog.get_logger()

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: Whatever was noticed and whatever was not, it is looked after so often.
LOOK_EVERY_S = 30.0
FIRST_ANSWER_S = 60.0
#: Asked so often for its first answer.
ASK_EVERY_S = 0.1
#: A web server that dies this often before its first answer will not get better by trying.
HOPELESS_DEATHS = 3


class Supervisor:
    """Keeps one instance alive; `run` returns after SIGTERM, SIGINT or SIGHUP.

    It keeps the sockets that the servers listen on: while one of them is away, callers wait instead of being refused.
    It sleeps until a signal comes or a process ends.

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
        self._account = server_account(settings.service_account)
        self._environment = self._account.environment(web_environment(database_url), settings.data_dir)
        self._cluster = cluster
        self._backups = ScheduledBackups(settings, self._account, os.environ)
        self._application = application
        self._stopping = False
        self._signals = 0
        self._phase = "starting"
        self._me = own_identity()
        self._wakeup = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._database_backoff = Backoff()
        self._forks_backoff = Backoff()
        self._sockets: list[socket.socket] = []
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def _open(self) -> None:
        """Take the addresses; raise WebPortTaken, EventsPortTaken, AddressRefused."""
        web = listen_on(self._settings.host, self._settings.port)
        self._sockets.append(web)
        events = listen_for_events(self._settings)
        if events is not None:
            self._sockets.append(events)
        self._forks = ForkServer(self._environment, [one.fileno() for one in self._sockets], self._account)
        bound = ("--end-with", str(os.getpid()))
        self._worker = Child("the worker", Program("gs-worker", "geoservice.worker", bound), finish_s=FINISH_ATTEMPTS_S)
        self._web = Child(
            "the web server",
            _server("gs-web", web, (*bound, *web_arguments(self._settings, application=self._application))),
            finish_s=FINISH_REQUESTS_S + 2,
        )  # fmt: skip
        self._events = None if events is None else Child(
            "the events' server", _server("gs-events", events, (*bound, *events_arguments(self._settings))),
            finish_s=CUT_STREAMS_S + 2,
        )  # fmt: skip

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop; `on_ready` is called once, when the first answer came.

        Raises: WebPortTaken, AddressRefused, NotAnswering. Whatever happens, all children are stopped at the end.
        """
        configure_logging(self._settings.log_level)
        name_process("gs-supervisor")
        if self._account.warning:
            log.warning(self._account.warning)
        adopt_orphans()
        previous = {number: signal.signal(number, self._on_signal) for number in (*ENDING, signal.SIGCHLD)}
        try:
            self._open()
        except BaseException:  # Ctrl-C included; it is raised again
            self._close()
            raise
        try:
            self._wait_for_first_answer()
            if not self._stopping:
                self._tell("serving")
                on_ready()
            while not self._stopping:
                self._watch(self._children)
                self._sleep(LOOK_EVERY_S)
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number in ENDING:
            self._signals += 1
            self._stopping = True
        os.eventfd_write(self._wakeup, 1)

    def _wait_for_first_answer(self) -> None:
        """Start the worker and the web server; who streams events comes when the web server answers."""
        deadline = time.monotonic() + FIRST_ANSWER_S
        while not self._stopping:
            self._watch((self._worker, self._web))
            if self._web.process is not None and answers(self._settings.host, self._settings.port):
                return
            if self._web.deaths >= HOPELESS_DEATHS or time.monotonic() > deadline:
                raise NotAnswering(host=self._settings.host, port=self._settings.port)
            self._sleep(ASK_EVERY_S)

    def _watch(self, children: Sequence[Child]) -> None:
        """Start again what has ended."""
        self._watch_database()
        self._backups.keep()
        started = [self._keep_forks(), *(child.keep(self._forks) for child in children)]
        if any(started):
            self._tell(self._phase)
        collect_orphans(but={pid for pid in (self._forks.pid, self._backups.pid) if pid is not None})

    def _keep_forks(self) -> bool:
        """Start the fork server when it does not run and it is time; return whether it was started."""
        now = time.monotonic()
        if self._forks.pid is not None and not self._forks.has_ended():
            return False
        if self._forks.pid is not None:
            log.warning("the fork server ended by itself; starting it again", ended=self._forks.pid)
            self._forks.stop()
            self._forks_backoff.fail(now)
        if not self._forks_backoff.is_over(now):
            return False
        self._forks.start()
        return True

    def _waits(self) -> Iterator[float]:
        """Return in how many seconds there is something to start again that nothing else will wake us for."""
        now = time.monotonic()
        if self._forks.pid is None:
            yield self._forks_backoff.left_s(now)
        elif self._forks.is_ready():
            yield from (child.wait_s for child in self._children if child.wait_s)
        if self._cluster is not None and self._cluster.postmaster() is None:
            yield self._database_backoff.left_s(now)
        if self._backups.wait_s is not None:
            yield self._backups.wait_s

    def _sleep(self, most_s: float) -> None:
        """Wait for a signal, the end of a process, or a time to start one; at most so long."""
        waiting = select.poll()
        running = [child.process.fileno() for child in self._children if child.process is not None]
        waiting.register(self._wakeup, select.POLLIN)
        for descriptor in (*running, *self._forks.waited_for()):
            waiting.register(descriptor, select.POLLIN)
        with self._postmaster_watched(waiting):
            waiting.poll(1000 * max(0.0, min((most_s, *self._waits()))))
        with suppress(BlockingIOError):
            os.eventfd_read(self._wakeup)

    @contextmanager
    def _postmaster_watched(self, waiting: select.poll) -> Iterator[None]:
        """Have a wait end with the postmaster, too: it need not be a child of ours."""
        postmaster = None if self._cluster is None else self._cluster.postmaster()
        try:
            descriptor = None if postmaster is None else os.pidfd_open(postmaster.pid)
        except ProcessLookupError:
            descriptor = None
        try:
            if descriptor is not None:
                waiting.register(descriptor, select.POLLIN)
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    @property
    def _children(self) -> tuple[Child, ...]:
        return tuple(child for child in (self._worker, self._web, self._events) if child is not None)

    def _watch_database(self) -> None:
        if self._cluster is None:
            return
        with suppress(OSError):  # no service ends for that
            self._cluster.prune_logs()
        if self._cluster.postmaster() is not None:
            return
        now = time.monotonic()
        if not self._database_backoff.is_over(now):
            return
        self._database_backoff.fail(now)
        log.warning("the database is gone; starting it again")
        try:
            self._cluster.start()
        except EmbeddedError as exc:
            log.critical(str(exc), advice=exc.advice())
        else:
            log.info("the database is back")

    def _tell(self, phase: str) -> None:
        self._phase = phase
        state = InstanceState(
            supervisor=self._me,
            web=self._web.identity,
            events=None if self._events is None else self._events.identity,
            worker=self._worker.identity,
            forks=self._forks.identity,
            phase=phase,
            host=self._settings.host,
            port=self._settings.port,
            database_port=self._cluster.port if self._cluster is not None else None,
            started_at=self._started_at,
        )
        try:
            self._instance.write(state)
        except OSError as exc:  # a full disk must not end a service that can still answer
            log.warning("the state file was not written", reason=exc.strerror)

    def _stop_all(self) -> None:
        self._tell("stopping")
        for one in self._sockets:
            one.close()
        self._forks.stop()  # it holds them, too
        for child in reversed(self._children):
            child.stop(hurry=partial(self._signalled_since, self._signals))
        self._close()

    def _close(self) -> None:
        self._backups.stop()
        for one in self._sockets:
            one.close()
        if self._cluster is not None:
            self._cluster.stop()
        self._instance.forget()

    def _signalled_since(self, signals: int) -> bool:
        """Tell whether another signal came: a second Ctrl-C means now."""
        return self._signals > signals


def _server(title: str, listening: socket.socket, arguments: tuple[str, ...]) -> Program:
    """Return a server that listens on a socket of ours."""
    descriptor = listening.fileno()
    own = ("--socket", str(descriptor))
    return Program(title, "geoservice.running.webserver", (*own, *arguments), (descriptor,))


def main() -> None:
    """Be the detached supervisor: the lock comes from the parent, everything else from the environment."""
    settings = Settings()
    instance = Instance(settings.data_dir)
    instance.inherit(int(sys.argv[1]))
    cluster = embedded_cluster(settings)
    url = database_urls(settings).service
    try:
        Supervisor(settings, instance, database_url=url, cluster=cluster).run()
    except EmbeddedError as exc:
        log.critical(str(exc), advice=exc.advice())
        sys.exit(1)


if __name__ == "__main__":
    main()
