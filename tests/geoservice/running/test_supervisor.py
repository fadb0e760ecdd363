"""The supervisor with a real granian and a WSGI application of a few lines; the database is left out."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil
import pytest

from geoservice.running.addresses import base_url, check_address_free, check_addresses_free, check_hosts_named
from geoservice.running.instance import Instance
from geoservice.running.instance_errors import AddressRefused, EventsPortTaken, HostsNotNamed, WebPortTaken
from geoservice.running.processes import ProcessIdentity
from geoservice.running.worker_process import Backoff
from geoservice.settings import Settings
from tests.waiting import wait_until

APPLICATION = """
import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open(os.environ["BEGUN"], "w").close()
        time.sleep(2)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
RUN = """
import sys
from geoservice.running.instance import Instance
from geoservice.running.supervisor import Supervisor
from geoservice.settings import Settings
settings = Settings()
instance = Instance(settings.data_dir)
assert instance.acquire()
Supervisor(settings, instance, database_url="postgresql://nowhere/x", cluster=None, application=sys.argv[1]).run()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str = "/livez") -> int | None:
    """Return the number of the worker that answered; None when nobody did."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return int(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


class Service:
    """One supervised web server in a directory of its own."""

    def __init__(self, directory: Path, application: str = "tiny:app", *, webhooks: bool = False) -> None:
        (directory / "tiny.py").write_text(APPLICATION)
        self.port = free_port()
        self.begun = directory / "begun"
        self.instance = Instance(directory / "data")
        self.log = directory / "log"
        environment = os.environ | {
            "GEOSERVICE_DATA_DIR": str(directory / "data"),
            "GEOSERVICE_PORT": str(self.port),
            "GEOSERVICE_EVENTS_PORT": "0",
            "GEOSERVICE_WEBHOOKS": str(webhooks),
            "BEGUN": str(self.begun),
            "PYTHONPATH": os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", "")]),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, application], env=environment, stdout=log, stderr=log
            )

    def wait_until_serving(self) -> None:
        wait_until(lambda: self._phase() == "serving", "it serves")

    def _phase(self) -> str:
        assert self.process.poll() is None, self.log.read_text()
        state = self.instance.running()
        return state.phase if state is not None else ""

    def worker(self) -> ProcessIdentity | None:
        state = self.instance.read()
        return None if state is None or state.worker is None or not state.worker.is_alive() else state.worker

    def forks(self) -> int | None:
        state = self.instance.read()
        return None if state is None or state.forks is None else state.forks.pid

    @property
    def web_pid(self) -> int:
        state = self.instance.read()
        assert state is not None
        assert state.web is not None
        return state.web.pid


@contextmanager
def serving() -> Iterator[Service]:
    """Run a service until it serves, and leave nothing of it."""
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o777)  # whom root steps down to reads and writes there
        service = Service(Path(name))
        try:
            service.wait_until_serving()
            yield service
        finally:
            service.process.kill()
            service.process.wait(20)
            wait_until(lambda: get(service.port) is None, "nobody answers")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """Return a directory that whom root steps down to can read and write to; pytest's own is closed to him."""
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Return a service that serves before each test and after it; to start one takes seconds."""
    with serving() as service:
        yield service


@pytest.fixture
def ending() -> Iterator[Service]:
    """Return a service that the test may end."""
    with serving() as service:
        yield service


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.prove) for one in (signal.SIGINT, signal.SIGHUP))]
)
def test_stop_lets_the_running_request_end_and_leaves_nothing(ending: Service, number: signal.Signals) -> None:
    answers: list[int | None] = []
    client = threading.Thread(target=lambda: answers.append(get(ending.port, "/slow")))
    client.start()
    wait_until(ending.begun.exists, "the slow request has begun")

    ending.process.send_signal(number)

    assert ending.process.wait(15) == 0
    client.join(15)
    assert answers[0] is not None, "the running request was cut"
    assert get(ending.port) is None
    assert ending.instance.read() is None


def test_killed_web_server_is_back_and_left_no_worker(service: Service) -> None:
    old_worker = get(service.port)
    old_server = service.web_pid

    os.kill(old_server, signal.SIGKILL)

    wait_until(
        lambda: service.web_pid != old_server and get(service.port) not in (None, old_worker),
        "another web server answers",
    )
    assert old_worker is not None
    wait_until(lambda: not psutil.pid_exists(old_worker), "the worker of the killed one is gone")


def test_killed_worker_is_back(service: Service) -> None:
    old_worker = get(service.port)
    assert old_worker is not None

    os.kill(old_worker, signal.SIGKILL)

    wait_until(lambda: get(service.port) not in (None, old_worker), "another worker answers")


@pytest.mark.slow
def test_killed_supervisor_takes_the_web_server_with_it(ending: Service) -> None:
    ending.process.kill()
    ending.process.wait(10)

    wait_until(lambda: get(ending.port) is None, "nobody answers")
    assert Instance(ending.instance.data_dir).acquire(), "the lock was not freed"


@pytest.mark.slow
def test_application_that_cannot_start_ends_the_supervisor_with_one_line() -> None:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o777)
        service = Service(Path(name), "tiny:missing")

        assert service.process.wait(60) == 1
        assert "NotAnswering" in service.log.read_text()
        assert service.instance.read() is None


def test_taken_port_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter, pytest.raises(WebPortTaken) as caught:
        check_address_free("127.0.0.1", squatter.getsockname()[1])

    assert "GEOSERVICE_PORT" in caught.value.advice()


@pytest.mark.parametrize(("ports", "error"), [
    ({"database_port": 1}, WebPortTaken), ({"database_port": 2}, EventsPortTaken),
    ({"events_port": 1}, EventsPortTaken),
    ({"database_port": 2, "events_port": 0}, None),
])  # fmt: skip
def test_two_servers_of_ours_on_one_port_are_refused_before_anything_is_made(
    ports: dict[str, int], error: type[Exception] | None
) -> None:
    port = free_port()
    there = {"port": port, "database_port": port - 1} | {
        name: value and port + value - 1 for name, value in ports.items()
    }
    with nullcontext() if error is None else pytest.raises(error):
        check_addresses_free(Settings(**there))  # type: ignore[arg-type]


def test_port_shared_by_another_granian_counts_as_taken(service: Service) -> None:
    with pytest.raises(WebPortTaken):
        check_address_free("127.0.0.1", service.port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_address_of_no_interface_names_the_setting(host: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        check_address_free(host, free_port())

    assert "GEOSERVICE_HOST" in caught.value.advice()


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80")],  # noqa: S104
)
def test_shown_address_can_be_opened(host: str, url: str) -> None:
    assert base_url(host, 80) == url


def test_backoff_meets_the_first_failure_at_once_then_waits_longer_and_forgets() -> None:
    backoff = Backoff()
    waits = []
    now = 1000.0
    for _ in range(9):
        backoff.fail(now)
        step = next(tenth for tenth in range(200) if backoff.is_over(now + tenth / 10))
        waits.append(step / 10)
        now += 1

    assert waits == [0.0, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    backoff.fail(now + Backoff.FORGET_S + 1)
    assert backoff.is_over(now + Backoff.FORGET_S + 1)


@pytest.mark.slow
def test_the_worker_is_started_again_and_ends_with_its_supervisor(open_place: Path) -> None:
    service = Service(open_place, webhooks=True)
    try:
        service.wait_until_serving()
        first = service.worker()
        assert first is not None
        first.send(signal.SIGKILL)
        wait_until(lambda: service.worker() not in (None, first), "another worker is there")
        second = service.worker()
        assert second is not None
    finally:
        service.process.kill()
        service.process.wait(20)

    wait_until(lambda: not second.is_alive(), "the worker ends")
    wait_until(lambda: get(service.port) is None, "nobody answers")


def test_there_is_a_worker_without_webhooks_too(service: Service) -> None:
    assert service.worker() is not None


def test_while_the_web_server_is_away_callers_wait_and_none_is_refused(service: Service) -> None:
    refused: list[OSError] = []
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            try:
                socket.create_connection(("127.0.0.1", service.port), timeout=20).close()
            except OSError as exc:
                refused.append(exc)
            get(service.port)  # what was taken when it was killed is cut

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(2):
            old = service.web_pid
            os.kill(old, signal.SIGKILL)
            wait_until(
                lambda old=old: service.web_pid != old and get(service.port) is not None, "another web server answers"
            )  # type: ignore[misc]
    finally:
        done.set()
        for caller in callers:
            caller.join(30)

    assert refused == []


def test_every_line_of_every_process_says_when_and_who(ending: Service) -> None:
    forks = ending.forks()
    assert forks is not None
    os.kill(forks, signal.SIGKILL)
    wait_until(lambda: ending.forks() not in (None, forks), "another fork server is told of")
    os.kill(old := ending.web_pid, signal.SIGKILL)
    wait_until(lambda: ending.web_pid != old and get(ending.port) is not None, "another web server answers")

    lines = [json.loads(line) for line in ending.log.read_text().splitlines()]

    assert all({"event", "level", "timestamp", "process", "pid"} <= set(line) for line in lines)
    assert {"gs-supervisor", "gs-web"} <= {line["process"] for line in lines}
    assert {"the web server ended by itself; starting it again"} <= {line["event"] for line in lines}


@pytest.mark.slow
def test_what_was_forked_outlives_the_fork_server_which_is_back(service: Service) -> None:
    worker, server = get(service.port), service.web_pid
    forks = psutil.Process(service.process.pid).children()
    [old] = [one for one in forks if one.name() == "gs-forkserver"]

    old.kill()

    assert get(service.port) == worker
    assert service.web_pid == server
    wait_until(lambda: service.forks() not in (None, old.pid), "another fork server is told of")
    os.kill(server, signal.SIGKILL)
    wait_until(
        lambda: service.web_pid != server and get(service.port) not in (None, worker), "another web server answers"
    )


NAMES = [
    ("127.0.0.1", "", False), ("::1", "", False), ("localhost", "", False), ("0.0.0.0", "", True), ("::", "", True),  # noqa: S104
    ("10.0.0.5", " ", True), ("maps.example.org", "", True), ("0.0.0.0", "maps.example.org", False),  # noqa: S104
    ("::", "*", False),
]  # fmt: skip


@pytest.mark.parametrize(("host", "named", "refused"), NAMES)
def test_who_lets_others_in_says_by_which_names(host: str, named: str, refused: bool) -> None:
    settings = Settings(host=host, trusted_hosts=named)
    if not refused:
        check_hosts_named(settings)
        return
    with pytest.raises(HostsNotNamed) as caught:
        check_hosts_named(settings)
    assert "GEOSERVICE_TRUSTED_HOSTS" in caught.value.advice()
