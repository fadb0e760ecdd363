"""One instance in a data directory: its lock, and the file that says who runs it and where. Starts nothing."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geoservice.embedded.cluster_errors import DataDirRefused
from geoservice.running.processes import ProcessIdentity

#: A web server that outlived its supervisor ends its running requests within this time.
LEFTOVER_S = 12.0

#: Tells a person what is being done.
Report = Callable[[str], None]


@dataclass(frozen=True)
class InstanceState:
    """What a running instance tells others about itself; it holds no secret."""

    supervisor: ProcessIdentity
    web: ProcessIdentity | None
    #: None when nobody streams events.
    events: ProcessIdentity | None
    #: Does what is due, and sends webhooks.
    worker: ProcessIdentity | None
    #: Has imported the service; the three above are forked from it.
    forks: ProcessIdentity | None
    #: starting, serving or stopping
    phase: str
    host: str
    port: int
    #: None when the database is not ours.
    database_port: int | None
    #: RFC 3339, in UTC.
    started_at: str


class Instance:
    """The lock and the state file of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = Path(os.path.abspath(data_dir))
        self.state_file = self.data_dir / "instance.json"
        self.lock_file = self.data_dir / "instance.lock"
        self.log_file = self.data_dir / "geoservice.log"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process has it. The kernel frees it when its last holder dies.

        Raises: DataDirRefused when the directory cannot be written to.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise DataDirRefused(data_dir=self.data_dir, reason=exc.strerror) from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def inherit(self, descriptor: int) -> None:
        """Take over the lock from the process that started us, through the open file that it handed down."""
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """The open lock file, to hand down to a detached supervisor."""
        if self._descriptor is None:
            raise RuntimeError("the instance's lock is not held")
        return self._descriptor

    def release(self) -> None:
        """Let go of the lock; a process that inherited it keeps it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, state: InstanceState) -> None:
        """Replace the state file in one step, so that a reader never sees half of it."""
        descriptor, temporary = tempfile.mkstemp(dir=self.data_dir, prefix=".instance-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
        os.replace(temporary, self.state_file)

    def forget(self) -> None:
        """Remove the state file: nothing runs any more."""
        self.state_file.unlink(missing_ok=True)

    def read(self) -> InstanceState | None:
        """Return what the last instance wrote, whether it still lives or not; None when there is nothing readable."""
        try:
            read = json.loads(self.state_file.read_text(encoding="utf-8"))
            supervisor = ProcessIdentity(**read.pop("supervisor"))
            web, events, worker, forks = (_identity(read.pop(name)) for name in ("web", "events", "worker", "forks"))
            return InstanceState(supervisor=supervisor, web=web, events=events, worker=worker, forks=forks, **read)
        except FileNotFoundError:
            return None
        except PermissionError as exc:
            raise DataDirRefused(data_dir=self.data_dir, reason=exc.strerror) from exc
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # written by another release: the lock alone decides who runs

    def running(self) -> InstanceState | None:
        """Return the state of the instance when its supervisor lives."""
        state = self.read()
        return state if state is not None and state.supervisor.is_alive() else None

    def end_leftovers(self) -> None:
        """End children whose supervisor was killed; they stop by themselves, but their ports are needed now."""
        state = self.read()
        if state is None or state.supervisor.is_alive():
            return
        for child in (state.worker, state.events, state.web):
            if child is None:
                continue
            child.send(signal.SIGTERM)
            if not wait_for_end(child, timeout_s=LEFTOVER_S):
                child.send(signal.SIGKILL)
                wait_for_end(child, timeout_s=LEFTOVER_S)


def _identity(read: dict[str, Any] | None) -> ProcessIdentity | None:
    return ProcessIdentity(**read) if read else None


def wait_for_end(process: ProcessIdentity, *, timeout_s: float) -> bool:
    """Wait until a process is gone; False when it outlives the timeout."""
    deadline = time.monotonic() + timeout_s
    while process.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
