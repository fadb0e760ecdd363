"""up, stop, status and serve as a person types them: plain lines, one clear line for what is wrong, exit codes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

import geoservice
from geoservice.embedded.cluster import Cluster
from geoservice.embedded.config import SERVICE_LOGIN
from geoservice.embedded.stepping_down import server_account
from geoservice.running.commands import web_environment


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Machine:
    """A data directory and ports of its own, and a shell to type commands into."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.account = "postgres"
        self.data_dir = directory / "data"
        self.environment = {key: text for key, text in os.environ.items() if not key.startswith("GEOSERVICE_")} | {
            "GEOSERVICE_DATA_DIR": str(self.data_dir),
            "GEOSERVICE_PORT": str(self.port),
            "GEOSERVICE_EVENTS_PORT": str(free_port()),
            "GEOSERVICE_DATABASE_PORT": str(free_port()),
        }

    #: Runs the commands.
    python = sys.executable

    def type(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [self.python, "-m", "geoservice.cli.main", *words]
        environment = self.environment | settings
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        machine = Machine(Path(name))
        try:
            yield machine
        finally:
            if machine.data_dir.exists():
                machine.type("stop")


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of a refusal; it must be for people."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.slow
def test_nothing_runs_and_nothing_is_made_by_asking(machine: Machine) -> None:
    status, stop = machine.type("status"), machine.type("stop")

    assert (status.returncode, status.stdout) == (3, "geoservice does not run.\n")
    assert (stop.returncode, stop.stdout) == (0, "geoservice does not run.\n")
    assert not machine.data_dir.exists()


@pytest.mark.slow
def test_up_answers_says_so_again_and_stops(machine: Machine) -> None:
    first = machine.type("up", "--background")
    assert first.returncode == 0, first.stderr
    before = machine.type("status", "--json")
    second = machine.type("up", "--background")
    status = machine.type("status", "--json")

    with urllib.request.urlopen(f"http://127.0.0.1:{machine.port}/livez", timeout=5) as answer:
        assert answer.status == 200
    assert f"http://127.0.0.1:{machine.port}/\n" in first.stdout
    assert second.returncode == 0
    assert second.stdout.startswith("geoservice already runs.")
    assert json.loads(status.stdout) == json.loads(before.stdout), "something was started anew"
    assert json.loads(status.stdout)["answering"] is True
    _assert_every_process_is_told(machine, json.loads(status.stdout))
    _assert_whoever_serves_owns_nothing(machine)
    assert machine.type("stop").stdout == "geoservice is stopped.\n"
    assert machine.type("status").returncode == 3


def _assert_every_process_is_told(machine: Machine, status: dict[str, Any]) -> None:
    """Compare with what the machine runs: the database's own processes aside, nothing is left out."""
    supervisor = psutil.Process(status["state"]["supervisor"]["pid"])
    running = {one.pid for one in supervisor.children(recursive=True) if not one.name().startswith("postgres")}
    told = {part["pid"]: part for part in status["parts"]}
    shown = machine.type("status").stdout

    assert running < set(told)
    assert "fork server" in {part["name"] for part in told.values()}
    for pid, part in told.items():
        began = datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)
        assert abs(datetime.fromisoformat(part["since"]) - began) < timedelta(seconds=10)
    assert all(f"process {pid} since " in shown for pid in told)


def _assert_whoever_serves_owns_nothing(machine: Machine) -> None:
    cluster = Cluster(machine.data_dir, int(machine.environment["GEOSERVICE_DATABASE_PORT"]))
    with psycopg.connect(cluster.url) as connection:
        sessions = connection.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'geoservice'"
        ).fetchall()

    assert sessions == [(SERVICE_LOGIN,)]


@pytest.fixture
def readable(machine: Machine) -> Machine:
    """Return the machine with an interpreter that whom root steps down to can run: root's own may lie in its home."""
    if server_account(machine.account).warning == "":
        return machine
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    if not os.access(system, os.X_OK):
        pytest.skip(f"{machine.account} can run neither {sys.executable} nor {system}")
    machine.python = system
    root = str(Path(geoservice.__file__).parents[1])
    machine.environment["PYTHONPATH"] = os.pathsep.join([root, sysconfig.get_path("purelib")])
    return machine


@pytest.mark.slow
def test_processes_that_root_starts_give_root_up(readable: Machine) -> None:
    """Read what the kernel says of each: it serves as who runs the database, and can get nothing back."""
    up = readable.type("up", "--background", GEOSERVICE_TILE_STORE_BYTES="1000000")
    assert up.returncode == 0, up.stderr
    status = json.loads(readable.type("status", "--json").stdout)
    [database] = [part["pid"] for part in status["parts"] if part["name"] == "database"]
    serving = {part["name"]: part["pid"] for part in status["parts"] if part["name"] not in ("database", "supervisor")}

    assert set(serving) == {"fork server", "web server", "web worker", "events' server", "events' worker", "worker"}
    for name, pid in serving.items():
        kernel = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert kernel["Uid"].split() == [str(Path(f"/proc/{database}").stat().st_uid)] * 4, name
        if os.geteuid() == 0:
            assert "0" not in kernel["Uid"].split() + kernel["Gid"].split() + kernel["Groups"].split(), name
        assert int(kernel["CapEff"], 16) == int(kernel["CapPrm"], 16) == 0 or os.geteuid() != 0, name
    assert "run as root" not in up.stderr
    files = [readable.data_dir / "tiles", *(readable.data_dir / "tiles").iterdir()]
    assert len(files) > 1
    for file in files:
        assert file.stat().st_uid == Path(f"/proc/{database}").stat().st_uid, file


def test_the_owners_address_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_OWNER_URL", "postgresql://owner:geheim@db/gis")

    given = web_environment("postgresql://serves@db/gis")

    assert given["GEOSERVICE_DATABASE_URL"] == "postgresql://serves@db/gis"
    assert "geheim" not in str(given)


@pytest.mark.slow
def test_own_database_starts_no_other(machine: Machine) -> None:
    refused = machine.type("up", GEOSERVICE_DATABASE_URL=f"postgresql://me:geheim@127.0.0.1:{free_port()}/none")

    line = one_line(refused)
    assert "GEOSERVICE_DATABASE_URL" in line
    assert "geheim" not in refused.stderr
    assert not (machine.data_dir / "database").exists()


@pytest.mark.parametrize("command", ["up", pytest.param("serve", marks=pytest.mark.slow)])
def test_taken_port_is_one_line_and_leaves_nothing_running(machine: Machine, command: str) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        refused = machine.type(command)

    assert "GEOSERVICE_PORT" in one_line(refused)
    assert machine.type("status").stdout == "geoservice does not run.\n"


@pytest.mark.slow
def test_taken_port_of_the_events_is_one_line(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", int(machine.environment["GEOSERVICE_EVENTS_PORT"]))):
        refused = machine.type("up")

    assert "GEOSERVICE_EVENTS_PORT" in one_line(refused)


@pytest.mark.slow
def test_taken_database_port_is_one_line(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", int(machine.environment["GEOSERVICE_DATABASE_PORT"]))):
        refused = machine.type("up")

    assert "GEOSERVICE_DATABASE_PORT" in one_line(refused)


@pytest.mark.slow
def test_serve_without_a_database_says_which_command_makes_one(machine: Machine) -> None:
    assert "geoservice up" in one_line(machine.type("serve"))


def test_wrong_setting_is_one_line_without_its_value(machine: Machine) -> None:
    refused = machine.type("up", GEOSERVICE_WORKERS="geheim")

    assert "GEOSERVICE_WORKERS" in one_line(refused)
    assert "geheim" not in refused.stderr


@pytest.mark.slow
def test_unusable_data_directory_is_one_line(machine: Machine) -> None:
    assert "GEOSERVICE_DATA_DIR" in one_line(machine.type("up", GEOSERVICE_DATA_DIR="/dev/null/x"))


@pytest.mark.slow
def test_help_lists_every_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "geoservice.cli.main", "--help"], capture_output=True, text=True, check=True
    ).stdout

    for name in ("up", "stop", "status", "serve"):
        assert f"\n  {name}" in shown
