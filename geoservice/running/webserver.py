"""The children's commands; and the servers' processes: granian, whose workers do not outlive it, nor it its supervisor.

`python -m geoservice.running.webserver --help`
"""

from __future__ import annotations

import argparse
import errno
import http.client
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

from geoservice.running.instance_errors import AddressRefused, EventsPortTaken, WebPortTaken
from geoservice.running.logging import configure_logging, library_logging
from geoservice.running.processes import die_with_parent, end_with
from geoservice.settings import Settings

APPLICATION = "geoservice.wsgi:app"
EVENTS_APPLICATION = "geoservice.asgi:app"

#: A stopping worker may finish the requests it has begun for this long. Longer than any statement may run.
FINISH_REQUESTS_S = 8
#: A stream has no end of its own: whoever listens comes back and says where it was.
CUT_STREAMS_S = 1
#: The worker lets the attempts that are under way end, for two seconds, and notes what became of them.
FINISH_ATTEMPTS_S = 5
BACKLOG = 1024

#: What the kernel calls "all addresses"; asking ourselves there works over loopback only.
ALL_ADDRESSES = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared with, not bound to


def web_arguments(settings: Settings, *, application: str = APPLICATION) -> tuple[str, ...]:
    """Return the arguments of the web server."""
    return (
        *("--interface", "wsgi", "--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.workers), "--threads", str(settings.threads)),
        *("--finish-s", str(FINISH_REQUESTS_S), "--log-level", settings.log_level.lower()),
        application,
    )


def events_arguments(settings: Settings) -> tuple[str, ...]:
    """Return the arguments of the server that streams events; the settings name a port for it."""
    return (
        *("--interface", "asgi", "--host", settings.host, "--port", str(settings.events_at)),
        *("--workers", "1", "--threads", "1"),
        *("--finish-s", str(CUT_STREAMS_S), "--log-level", settings.log_level.lower()),
        EVENTS_APPLICATION,
    )


def web_command(settings: Settings, *, application: str = APPLICATION) -> list[str]:
    """Return the command of the web server."""
    return [sys.executable, "-m", "geoservice.running.webserver", *web_arguments(settings, application=application)]


def events_command(settings: Settings) -> list[str]:
    """Return the command of the server that streams events; the settings name a port for it."""
    return [sys.executable, "-m", "geoservice.running.webserver", *events_arguments(settings)]


def worker_command() -> list[str]:
    """Return the command of the worker."""
    return [sys.executable, "-m", "geoservice.worker"]


def web_environment(database_url: str) -> dict[str, str]:
    """Return the environment of the web server: ours, with the database's address."""
    return os.environ | {"GEOSERVICE_DATABASE_URL": database_url}


def listen_on(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections there; raise WebPortTaken or AddressRefused.

    Whoever connects before a server accepts waits.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            # Not SO_REUSEPORT: a second server of the same user would start without an error and take half the calls.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just closed is free
            listening.bind(address)
            listening.listen(BACKLOG)
            listening.setblocking(False)
        except BaseException:  # whatever stops it, no socket stays open; it is raised again
            listening.close()
            raise
    except OSError as exc:
        if isinstance(exc, socket.gaierror) or exc.errno != errno.EADDRINUSE:
            raise AddressRefused(host=host, port=port, reason=exc.strerror) from exc
        raise WebPortTaken(host=host, port=port) from exc
    return listening


def listen_for_events(settings: Settings) -> socket.socket | None:
    """Return the socket of the server that streams events, None without one; raise EventsPortTaken, AddressRefused."""
    if settings.events_at is None:
        return None
    try:
        return listen_on(settings.host, settings.events_at)
    except WebPortTaken as exc:
        raise EventsPortTaken(host=settings.host, port=settings.events_at) from exc


def check_addresses_free(settings: Settings) -> None:
    """Raise WebPortTaken, EventsPortTaken or AddressRefused when a server could not listen where the settings say."""
    check_address_free(settings.host, settings.port)
    if (events := listen_for_events(settings)) is not None:
        events.close()


def check_address_free(host: str, port: int) -> None:
    """Raise WebPortTaken or AddressRefused when the web server could not listen there."""
    listen_on(host, port).close()


def answers(host: str, port: int, *, timeout_s: float = 1.0) -> bool:
    """Tell whether a web server answers GET /livez there, in whatever words."""
    connection = http.client.HTTPConnection(ALL_ADDRESSES.get(host, host), port, timeout=timeout_s)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def base_url(host: str, port: int) -> str:
    """Return the address that a person on this machine can open."""
    name = ALL_ADDRESSES.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


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
