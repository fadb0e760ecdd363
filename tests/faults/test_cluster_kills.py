"""kill -9 of every part of a running service with its own database: nothing acknowledged is lost, and it is back."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from geoservice.embedded.cluster import Cluster
from geoservice.running.instance import Instance
from geoservice.running.processes import identity_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]

#: A request writes one row and answers its number: what was answered must be there for ever.
APPLICATION = """
import os, psycopg
def app(environ, start_response):
    if environ["PATH_INFO"] == "/livez":
        start_response("200 OK", [])
        return [b"alive"]
    try:
        with psycopg.connect(os.environ["GEOSERVICE_DATABASE_URL"], connect_timeout=3) as connection:
            row = connection.execute("insert into ledger default values returning id").fetchone()
    except psycopg.Error:
        start_response("503 Service Unavailable", [])
        return [b""]
    start_response("200 OK", [])
    return [str(row[0]).encode()]
"""
RUN = """
from geoservice.running.instance import Instance
from geoservice.running.processes import identity_of
from geoservice.running.processes import adopt_orphans
from geoservice.running.database import embedded_cluster
from geoservice.running.supervisor import Supervisor
from geoservice.settings import Settings
settings = Settings()
instance = Instance(settings.data_dir)
if not instance.acquire():
    raise SystemExit(9)
adopt_orphans()
cluster = embedded_cluster(settings)
url = cluster.ensure()
instance.end_leftovers()
Supervisor(settings, instance, database_url=url, cluster=cluster, application="ledger:app").run()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A database of its own and a web server that writes to it, kept by a supervisor."""

    def __init__(self, directory: Path) -> None:
        (directory / "ledger.py").write_text(APPLICATION)
        self.directory = directory
        self.port, database_port = free_port(), free_port()
        self.instance = Instance(directory / "data")
        self.cluster = Cluster(directory / "data", database_port)
        self.acknowledged: list[int] = []
        self.environment = os.environ | {
            "GEOSERVICE_DATA_DIR": str(directory / "data"),
            "GEOSERVICE_PORT": str(self.port),
            "GEOSERVICE_EVENTS_PORT": str(free_port()),
            "GEOSERVICE_DATABASE_PORT": str(database_port),
            "PYTHONPATH": os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", "")]),
        }
        self.environment.pop("GEOSERVICE_DATABASE_URL", None)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-c", RUN], env=self.environment, stdout=log, stderr=log)

    def write(self) -> bool:
        """Have one row written; True when it was acknowledged."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/row")
            answer = connection.getresponse()
            if answer.status != 200:
                return False
            self.acknowledged.append(int(answer.read()))
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def wait_until_serving(self) -> None:
        def serves() -> bool:
            assert self.process.poll() is None, (self.directory / "log").read_text()
            state = self.instance.running()
            return state is not None and state.phase == "serving"

        wait_until(serves, "the service serves")

    def assert_nothing_lost(self) -> None:
        with psycopg.connect(self.cluster.url) as connection:
            kept = {int(row[0]) for row in connection.execute("select id from ledger")}
        assert set(self.acknowledged) <= kept
        assert len(set(self.acknowledged)) == len(self.acknowledged) > 0

    def end(self) -> None:
        self.process.kill()
        self.process.wait(20)
        self.instance.end_leftovers()
        self.cluster.stop()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        service = Service(Path(name))
        try:
            service.wait_until_serving()
            with psycopg.connect(service.cluster.url) as connection:
                connection.execute("create table ledger (id bigint generated always as identity primary key)")
            wait_until(service.write, "a row is written")
            yield service
        finally:
            service.end()


def running_postmaster(service: Service) -> int | None:
    postmaster = service.cluster.postmaster()
    return None if postmaster is None else postmaster.pid


def postmaster_pid(service: Service) -> int:
    pid = running_postmaster(service)
    assert pid is not None
    return pid


@pytest.mark.parametrize("attempt", range(3))
def test_killed_postmaster_is_back(service: Service, attempt: int) -> None:
    old = postmaster_pid(service)
    assert service.write()

    os.kill(old, signal.SIGKILL)
    wait_until(lambda: running_postmaster(service) != old, "the postmaster dies")

    wait_until(service.write, "a row is written")
    assert postmaster_pid(service) != old
    service.assert_nothing_lost()


def test_backend_that_is_stuck_does_not_hold_up_the_restart(service: Service) -> None:
    old = postmaster_pid(service)
    with psycopg.connect(service.cluster.url) as stuck:
        backend = stuck.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(old, signal.SIGKILL)

        wait_until(lambda: running_postmaster(service) not in (None, old), "another postmaster is there")
        wait_until(service.write, "a row is written")
    wait_until(lambda: identity_of(backend) is None, "the stuck backend is ended")


def test_killed_backend_costs_no_row(service: Service) -> None:
    with psycopg.connect(service.cluster.url) as victim:
        os.kill(victim.info.backend_pid, signal.SIGKILL)

        wait_until(service.write, "a row is written")
    service.assert_nothing_lost()


def test_killed_web_server_and_postmaster_at_once_are_back(service: Service) -> None:
    state = service.instance.running()
    assert state is not None
    assert state.web is not None

    os.kill(postmaster_pid(service), signal.SIGKILL)
    os.kill(state.web.pid, signal.SIGKILL)
    wait_until(lambda: not state.web.is_alive(), "the web server dies")

    wait_until(service.write, "a row is written")
    service.assert_nothing_lost()


def test_second_instance_is_refused_while_the_first_serves(service: Service) -> None:
    second = service.start()

    assert second.wait(20) == 9
    assert service.write()


def test_killed_supervisor_leaves_a_database_that_the_next_one_adopts(service: Service) -> None:
    postmaster = postmaster_pid(service)
    service.process.kill()
    service.process.wait(10)
    wait_until(lambda: not service.write(), "nobody answers")
    assert postmaster_pid(service) == postmaster

    service.process = service.start()
    service.wait_until_serving()

    assert service.write()
    assert postmaster_pid(service) == postmaster
    service.assert_nothing_lost()


def test_everything_killed_at_once_starts_again(service: Service) -> None:
    state = service.instance.running()
    assert state is not None
    assert state.web is not None
    for pid in (service.process.pid, state.web.pid, postmaster_pid(service)):
        os.kill(pid, signal.SIGKILL)
    service.process.wait(10)

    service.process = service.start()
    service.wait_until_serving()

    assert service.write()
    service.assert_nothing_lost()


def test_stop_ends_every_process(service: Service) -> None:
    web_and_database = [*psutil.Process(service.process.pid).children(recursive=True)]

    service.process.terminate()

    assert service.process.wait(40) == 0
    _gone, alive = psutil.wait_procs(web_and_database, timeout=10)
    assert not alive
    assert service.cluster.postmaster() is None
