"""Web servers to measure: one worker, as the service runs it, on a database that holds the demo community."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from geoservice.auth.model import Role
from geoservice.running.addresses import answers
from geoservice.running.commands import APPLICATION, web_command, web_environment
from geoservice.services.demo import load_demo
from geoservice.services.keys import KeyService
from geoservice.settings import Settings
from layers.db.session import Database
from tests.benchmarks.databases import some_cluster, some_database
from tests.benchmarks.measuring import ROOT, LeftOut
from tests.conftest import free_port
from tests.keys import holder

HOST = "127.0.0.1"
START_S = 60


@dataclass(frozen=True)
class Server:
    """A web server that answers."""

    port: int
    #: Process that answers requests.
    worker: int


@contextlib.contextmanager
def demo_database() -> Iterator[str]:
    """Yield the URL of a database of our own that holds the demo community; raise LeftOut."""
    with some_cluster() as cluster, some_database(cluster) as url:
        load_demo(url, lambda line: None)
        yield url


def new_key(database_url: str, role: Role = Role.DISPATCHER) -> str:
    """Return a key that lets its holder do what a role may, and ask for more at once than strangers."""
    database = Database.connect(database_url, pool_size=1)
    try:
        return KeyService(database).create(role, "measuring", staff=holder(role))
    finally:
        database.close()


@contextlib.contextmanager
def running(
    database_url: str, *, application: str = APPLICATION, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Yield a web server with one worker; raise LeftOut when it does not come up."""
    settings = Settings(host=HOST, port=free_port(), workers=1)
    command = web_command(settings, application=application)
    environment = web_environment(database_url) | dict(variables or {})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with (
            log.open("wb") as written,
            subprocess.Popen(command, env=environment, cwd=ROOT, stdout=written, stderr=written) as process,
        ):
            try:
                _wait_for(process, settings.port, application, log)
                yield Server(settings.port, psutil.Process(process.pid).children()[-1].pid)
            finally:
                process.terminate()


def _wait_for(process: subprocess.Popen[bytes], port: int, application: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not answers(HOST, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise LeftOut(f"{application} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)
