"""A whole service in a directory of its own, as a person starts it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg

from geoservice.embedded.cluster import Cluster
from geoservice.running.instance import Instance
from geoservice.running.processes import ProcessIdentity
from tests.conftest import free_port
from tests.faults.ledger import grids_of
from tests.waiting import wait_until

COMMAND = [sys.executable, "-c", "from geoservice.cli.main import main; main()"]
UP = [*COMMAND, "up", "--demo"]


class Service:
    """`geoservice up --demo` with a data directory and ports of its own."""

    def __init__(self, directory: Path) -> None:
        self.port, self.events_port, database_port = free_port(), free_port(), free_port()
        self.instance = Instance(directory / "data")
        self.cluster = Cluster(directory / "data", database_port)
        self.log = directory / "log"
        environment = os.environ | {
            "GEOSERVICE_DATA_DIR": str(directory / "data"),
            "GEOSERVICE_PORT": str(self.port),
            "GEOSERVICE_EVENTS_PORT": str(self.events_port),
            "GEOSERVICE_DATABASE_PORT": str(database_port),
            "GEOSERVICE_WORKERS": "2",
            "GEOSERVICE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }
        environment.pop("GEOSERVICE_DATABASE_URL", None)
        self.environment = environment
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(UP, env=environment, stdout=log, stderr=log)

    def wait_for_key(self) -> str:
        """Return the key that the service shows once it is ready."""

        def shown() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log.read_text()
            return re.search(r"grd_\w{8}_[\w-]{43}", self.log.read_text())

        found = wait_until(shown, self.log.read_text)
        assert found is not None
        return found[0]

    def add_webhook(self, url: str) -> None:
        """Have everything sent to a URL."""
        subprocess.run([*COMMAND, "webhook", "add", url], env=self.environment, check=True, capture_output=True)

    def web(self) -> ProcessIdentity | None:
        state = self.instance.read()
        return state.web if state is not None else None

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.instance.end_leftovers()
            self.cluster.stop()


def bounds_of(connection: psycopg.Connection) -> tuple[float, float, float, float]:
    """Return a rectangle that reaches a little beyond the grids, so that some reports have no owner."""
    boxes = [shape.bounds for shape in grids_of(connection).values()]
    return (
        min(box[0] for box in boxes) - 0.001, min(box[1] for box in boxes) - 0.001,
        max(box[2] for box in boxes) + 0.001, max(box[3] for box in boxes) + 0.001,
    )  # fmt: skip
