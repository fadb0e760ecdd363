"""Files are read by forks of processes that have loaded GDAL already: starting one takes most of reading a small file.

A fork is bounded like the process that the service starts, and has the same environment; tests of those bounds have
the service's own (`cold_readers`).
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import pytest

from geoservice.reading import reader

_SCRIPT = Path(__file__).with_name("warm_reader.py")
_CHILD = str(reader.CHILD)
#: What each file has of its own in its environment.
_OWN = ("HOME", "TMPDIR")


class WarmReaders:
    """Stands in for `subprocess` where files are read."""

    DEVNULL, PIPE, TimeoutExpired = subprocess.DEVNULL, subprocess.PIPE, subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._starting = threading.Lock()

    def Popen(self, command: list[str], **options: Any) -> Any:  # noqa: N802  the name that is asked for
        """Return a process that reads; any script but the service's own is started as ever."""
        if command[2] != _CHILD:
            return subprocess.Popen(command, **options)
        request, environment = command[3], options["env"]
        kind = json.loads(request)["format"]
        same = json.dumps([kind, {name: value for name, value in environment.items() if name not in _OWN}])
        with self._starting:
            if same not in self._waiting:
                self._waiting[same] = _Waiting(kind, environment)
        return _Reading(self._waiting[same], request, environment, str(options["cwd"]))

    def end(self) -> None:
        """Have no process wait any longer."""
        for one in self._waiting.values():
            one.end()
        self._waiting.clear()


class _Waiting:
    """A process that forks for each file, one after the other."""

    def __init__(self, kind: str, environment: Mapping[str, str]) -> None:
        self.turn = threading.Lock()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_SCRIPT), _CHILD, kind, str(theirs.fileno())],
                env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                cwd="/", pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        self.asked: Connection[Any, Any] = Connection(ours.detach())

    def end(self) -> None:
        self.asked.close()
        self._process.wait()


class _Reading:
    """A fork that reads one file, as far as the service looks at a process."""

    def __init__(self, waiting: _Waiting, request: str, environment: Mapping[str, str], folder: str) -> None:
        self.returncode: int | None = None
        self._waiting = waiting
        waiting.turn.acquire()
        waiting.asked.send((request, dict(environment), folder))
        self.pid = int(waiting.asked.recv())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.returncode is None:
            self._end()
        self._waiting.turn.release()

    def communicate(self, timeout: float) -> tuple[bytes, None]:
        if not self._waiting.asked.poll(timeout):
            raise subprocess.TimeoutExpired(_CHILD, timeout)
        return self._end(), None

    def _end(self) -> bytes:
        self.returncode, told = self._waiting.asked.recv()
        return bytes(told)


def keep_warm(patch: pytest.MonkeyPatch) -> WarmReaders:
    """Have files read by warm processes; return them, to be ended."""
    readers = WarmReaders()
    patch.setattr(reader, "subprocess", readers)
    return readers
