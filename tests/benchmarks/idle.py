"""What an instance costs that nobody asks anything: the demo as `geoservice up` runs it, no listener, no webhook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from geoservice.embedded.cluster import Cluster
from geoservice.running.instance import Instance
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, LeftOut, Say
from tests.benchmarks.scale import Scale
from tests.conftest import free_port

TITLE = "Idle: an instance that nobody asks anything"
GOAL_CPU_PERCENT = 0.5
GOAL_COMMITS = 2.0
START_S = 120
_UP = [sys.executable, "-c", "from geoservice.cli.main import main; main()", "up", "--demo"]
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'geoservice'"


@dataclass(frozen=True)
class Cost:
    """What one process has used since it began, with the children that it has collected."""

    name: str
    began: float
    cpu_s: float
    #: Times that its threads of this moment began to wait: each is a wake-up.
    waits: int


@contextmanager
def instance() -> Iterator[tuple[psutil.Process, Cluster]]:
    """Yield the supervisor of an instance of our own with the demo community, and its database; raise LeftOut."""
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        data, log = Path(name) / "data", Path(name) / "log"
        port, events_port, database_port = free_port(), free_port(), free_port()
        environment = os.environ | {
            "GEOSERVICE_DATA_DIR": str(data), "GEOSERVICE_PORT": str(port), "GEOSERVICE_EVENTS_PORT": str(events_port),
            "GEOSERVICE_DATABASE_PORT": str(database_port),
        }  # fmt: skip
        environment.pop("GEOSERVICE_DATABASE_URL", None)
        with log.open("wb") as written, subprocess.Popen(_UP, env=environment, stdout=written, stderr=written) as up:
            try:
                _wait_until_serving(up, Instance(data), log)
                yield psutil.Process(up.pid), Cluster(data, database_port)
            finally:
                up.send_signal(signal.SIGTERM)


def _wait_until_serving(up: subprocess.Popen[bytes], here: Instance, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while (state := here.read()) is None or state.phase != "serving":
        if up.poll() is not None or time.monotonic() > deadline:
            raise LeftOut(f"the instance does not serve:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def costs(supervisor: psutil.Process) -> dict[int, Cost]:
    """Return what every process of an instance has used, the database's among them, by their numbers."""
    found = {}
    for process in (supervisor, *supervisor.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            found[process.pid] = Cost(
                _name(process), process.create_time(), sum(process.cpu_times()[:4]), _waits(process)
            )
    return found


def _name(process: psutil.Process) -> str:
    """Return what the kernel calls it; of the database's processes what they say they do."""
    own = process.name()
    return " ".join(process.cmdline())[:40].strip() if own.startswith("postgres") else own


def _waits(process: psutil.Process) -> int:
    waits = 0
    for thread in process.threads():
        with suppress(OSError):
            status = Path(f"/proc/{process.pid}/task/{thread.id}/status").read_text(encoding="ascii", errors="replace")
            waits += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return waits


def _commits(cluster: Cluster) -> int:
    # Asked from beside it: what is counted are transactions of the service's own database.
    with psycopg.connect(cluster.url, dbname="postgres") as connection:
        row = connection.execute(_COMMITS).fetchone()
    assert row is not None
    return int(row[0])


def measured(scale: Scale, say: Say) -> Figures:
    """Return processor time, commits and wake-ups of an idle instance; raise LeftOut."""
    with instance() as (supervisor, cluster):
        say(f"idle: {scale.idle_settle_seconds} s to settle, {scale.idle_seconds} s measured")
        time.sleep(scale.idle_settle_seconds)
        before, commits_before, began = costs(supervisor), _commits(cluster), time.monotonic()
        time.sleep(scale.idle_seconds)
        after, commits, took_s = costs(supervisor), _commits(cluster) - commits_before, time.monotonic() - began
        memory_mb = sum(_private_mb(pid) for pid in after)
    spent = {pid: _since(one, before.get(pid)) for pid, one in after.items()}
    return {
        "seconds": took_s,
        "cpu_percent": 100 * sum(cpu_s for cpu_s, _ in spent.values()) / took_s,
        "commits_per_s": commits / took_s,
        "wakeups_per_s": sum(waits for _, waits in spent.values()) / took_s,
        "memory_mb": memory_mb,
        "processes": [
            {"name": after[pid].name, "cpu_percent": 100 * cpu_s / took_s, "wakeups_per_s": waits / took_s}
            for pid, (cpu_s, waits) in sorted(spent.items(), key=lambda item: -item[1][0])
            if waits > 0
        ],
    }


def _since(after: Cost, before: Cost | None) -> tuple[float, int]:
    """Return the processor seconds and the waits of a process meanwhile; a number may have gone to another one."""
    if before is None or before.began != after.began:
        return after.cpu_s, after.waits
    return after.cpu_s - before.cpu_s, max(0, after.waits - before.waits)


def _private_mb(pid: int) -> float:
    """Return a process's share of the memory, what several hold counted in parts, in megabytes."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.partition("\nPss:")[2].split()[0]) * 1024 / 1e6


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    what = f"idle: all processes and the database over {number(found['seconds'])} s"
    return [
        below(f"{what}, share of a core", found["cpu_percent"], GOAL_CPU_PERCENT, " %"),
        below(f"{what}, commits", found["commits_per_s"], GOAL_COMMITS, "/s"),
    ]


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        "The demo as `geoservice up` runs it, without a listener, a webhook or a request; everything that the",
        f"supervisor started is counted, the database too: {number(found['cpu_percent'])} % of one core,",
        f"{number(found['commits_per_s'])} commits and {number(found['wakeups_per_s'])} wake-ups a second,"
        f" {number(found['memory_mb'])} MB.",
        "",
        "| process | % of a core | wake-ups a second |",
        "|---|--:|--:|",
        *(
            f"| {one['name']} | {number(one['cpu_percent'])} | {number(one['wakeups_per_s'])} |"
            for one in found["processes"]
        ),
    ]
