"""The servers' processes: granian, whose workers do not outlive it, nor it its supervisor.

`python -m geoservice.running.webserver --help`
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Sequence

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from geoservice.running.addresses import BACKLOG
from geoservice.running.logging import configure_logging, library_logging
from geoservice.running.processes import die_with_parent, end_with


class InheritedSocketServer(MPServer):
    """granian on a socket that somebody else keeps: while it is away, callers wait there instead of being refused."""

    handed_down: int

    def _init_shared_socket(self) -> None:
        # Workers take connections from this one; granian's own way is a socket of each, which ends with it.
        descriptor = os.dup(self.handed_down)
        self._shd = SocketHolder(descriptor, False, self.backlog)  # type: ignore[assignment, call-arg]
        self._sso = socket.socket(fileno=descriptor)
        self._sso.set_inheritable(True)


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="geoservice.running.webserver")
    parser.add_argument("--end-with", type=int, metavar="PID", help="end when the process of that number does")
    parser.add_argument("--socket", type=int, metavar="DESCRIPTOR", help="an open socket that listens already")
    parser.add_argument("--interface", type=Interfaces, required=True)
    parser.add_argument("--host", required=True)
    for name in ("--port", "--workers", "--threads", "--finish-s"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--log-level", type=LogLevels, required=True)
    parser.add_argument("application")
    return parser.parse_args(arguments)


def _server(asked: argparse.Namespace) -> MPServer:
    kind = MPServer if asked.socket is None else InheritedSocketServer
    server = kind(
        asked.application,
        address=asked.host,
        port=asked.port,
        interface=asked.interface,
        workers=asked.workers,
        blocking_threads=asked.threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(),
        websockets=False,
        backlog=BACKLOG,
        # Without it granian stops altogether when a worker is killed.
        respawn_failed_workers=True,
        workers_kill_timeout=asked.finish_s,
        log_level=asked.log_level,
        log_dictconfig=library_logging(asked.log_level.value),
    )
    if isinstance(server, InheritedSocketServer):
        server.handed_down = asked.socket
    return server


def _end_workers_with(server_pid: int) -> None:
    # Runs in each worker right after its fork: kill -9 of the server must not leave workers on the port. Not SIGTERM:
    # granian's workers do not hear it until they have started, and a server that stops in order waits for them first.
    die_with_parent(server_pid, signal.SIGKILL)


def main() -> None:
    """Become the web server."""
    asked = _read(sys.argv[1:])
    configure_logging(asked.log_level.value)
    server_pid = os.getpid()
    if asked.end_with is not None:
        end_with(asked.end_with, finish_s=asked.finish_s + 2)
    # Python 3.14 no longer forks by itself, and only a fork runs the hook below.
    multiprocessing.set_start_method("fork")
    os.register_at_fork(after_in_child=lambda: _end_workers_with(server_pid))
    _server(asked).serve()


if __name__ == "__main__":
    main()
