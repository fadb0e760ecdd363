"""What runs of a database: its postmaster, and backends that outlived it. Reads /proc; deletes nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

#: What the kernel calls PostgreSQL's processes.
SERVER_NAMES = ("postgres", "postmaster")


@dataclass(frozen=True)
class Postmaster:
    """The living postmaster of a data directory."""

    pid: int
    port: int


def find_postmaster(database: Path) -> Postmaster | None:
    """Return the postmaster of this directory, whoever started it; None when none lives.

    postmaster.pid stays behind after kill -9 and its number may belong to another program by now, so the process must
    also work in this directory (PostgreSQL changes to it at once and stays).
    """
    try:
        lines = (database / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        return None
    # What makes a cluster writes its own number as well, with a minus before it: it is no postmaster.
    return Postmaster(pid, port) if pid > 0 and _works_in(pid, database) else None


def kill_orphans(database: Path) -> int:
    """Kill backends that outlived their postmaster; returns how many.

    A backend in a long computation of GEOS does not notice that the postmaster is gone, and keeps the shared memory
    that a new postmaster needs. Killing it loses nothing: its transaction cannot commit any more.
    """
    if find_postmaster(database) is not None:
        return 0
    killed = 0
    for process in _servers_of(database):
        with suppress(psutil.NoSuchProcess):
            process.kill()  # psutil compares the start time first: a reused number is left alone
            killed += 1
    return killed


def wait_for_end_of_all(database: Path, timeout_s: float) -> None:
    """Wait until no process of this directory lives, at most so long."""
    deadline = time.monotonic() + timeout_s
    while any(_servers_of(database)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _servers_of(database: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["name"]):
        if process.info["name"] in SERVER_NAMES and _works_in(process.pid, database):
            yield process


def _works_in(pid: int, database: Path) -> bool:
    _reap(pid)
    try:
        return Path(f"/proc/{pid}/cwd").samefile(database)
    except OSError:  # gone, a zombie, or another user's
        return False


def _reap(pid: int) -> None:
    # Where we are process 1 (a container), a killed postmaster becomes our child and stays a zombie, and PostgreSQL
    # takes its number in postmaster.pid for a living server until somebody collects it.
    with suppress(psutil.NoSuchProcess, ChildProcessError):
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE and process.name() in SERVER_NAMES:
            os.waitpid(pid, os.WNOHANG)
