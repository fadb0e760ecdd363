"""The children's commands; and the servers' processes: granian, whose workers do not outlive it, nor it its supervisor.

`python -m geoservice.running.webserver [--die-with PID] GRANIAN-ARGUMENTS`
"""

from __future__ import annotations

import errno
import http.client
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time

from granian.cli import entrypoint

from geoservice.running.instance_errors import AddressRefused, EventsPortTaken, WebPortTaken
from geoservice.running.processes import die_with_parent
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


def web_command(settings: Settings, *, application: str = APPLICATION, die_with: int | None = None) -> list[str]:
    """Return the command of the web server; with `die_with` it ends when the process of that number does."""
    bound = ["--die-with", str(die_with)] if die_with is not None else []
    return [
        *(sys.executable, "-m", "geoservice.running.webserver", *bound),
        *("--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", settings.host, "--port", str(settings.port), "--backlog", str(BACKLOG)),
        *("--workers", str(settings.workers), "--blocking-threads", str(settings.threads)),
        # Without it granian stops altogether when a worker is killed.
        *("--respawn-failed-workers", "--workers-kill-timeout", str(FINISH_REQUESTS_S)),
        *("--no-access-log", "--log-level", settings.log_level.lower()),
        application,
    ]


def events_command(settings: Settings, *, die_with: int | None = None) -> list[str]:
    """Return the command of the server that streams events; the settings name a port for it."""
    bound = ["--die-with", str(die_with)] if die_with is not None else []
    return [
        *(sys.executable, "-m", "geoservice.running.webserver", *bound),
        *("--interface", "asgi", "--http", "1", "--no-ws", "--workers", "1"),
        *("--host", settings.host, "--port", str(settings.events_at), "--backlog", str(BACKLOG)),
        *("--respawn-failed-workers", "--workers-kill-timeout", str(CUT_STREAMS_S)),
        *("--no-access-log", "--log-level", settings.log_level.lower()),
        EVENTS_APPLICATION,
    ]


def worker_command(*, die_with: int | None = None) -> list[str]:
    """Return the command of the worker; with `die_with` it ends when the process of that number does."""
    bound = ["--die-with", str(die_with)] if die_with is not None else []
    return [sys.executable, "-m", "geoservice.worker", *bound]


def check_addresses_free(settings: Settings) -> None:
    """Raise WebPortTaken, EventsPortTaken or AddressRefused when a server could not listen where the settings say."""
    check_address_free(settings.host, settings.port)
    if settings.events_at is None:
        return
    try:
        check_address_free(settings.host, settings.events_at)
    except WebPortTaken as exc:
        raise EventsPortTaken(host=settings.host, port=settings.events_at) from exc


def web_environment(database_url: str) -> dict[str, str]:
    """Return the environment of the web server: ours, with the database's address."""
    return os.environ | {"GEOSERVICE_DATABASE_URL": database_url}


def check_address_free(host: str, port: int) -> None:
    """Raise WebPortTaken or AddressRefused when the web server could not listen there.

    granian shares its port among workers (SO_REUSEPORT), so a second server of the same user would start without an
    error and take half of the requests; hence the question is asked here.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just closed is free
            probe.bind(address)
            probe.listen(1)
    except OSError as exc:
        if isinstance(exc, socket.gaierror) or exc.errno != errno.EADDRINUSE:
            raise AddressRefused(host=host, port=port, reason=exc.strerror) from exc
        raise WebPortTaken(host=host, port=port) from exc


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


def _end_workers_with(server_pid: int) -> None:
    # Runs in each worker right after its fork: kill -9 of the server must not leave workers on the port. Not SIGTERM:
    # granian's workers do not hear it until they have started, and a server that stops in order waits for them first.
    die_with_parent(server_pid, signal.SIGKILL)


def _leave_after(parent_pid: int) -> None:
    """Wait until the parent is gone; end the hard way when its death did not end us in good time.

    The kernel's signal alone is not enough: once in a while granian took it and never came to an end.
    """
    while os.getppid() == parent_pid:
        time.sleep(1)
    time.sleep(FINISH_REQUESTS_S + 2)
    os._exit(1)  # the workers end with us


def main() -> None:
    """Become the web server."""
    server_pid = os.getpid()
    if sys.argv[1:2] == ["--die-with"]:
        parent_pid = int(sys.argv[2])
        del sys.argv[1:3]
        die_with_parent(parent_pid)
        threading.Thread(target=_leave_after, args=(parent_pid,), daemon=True).start()
    # Python 3.14 no longer forks by itself, and only a fork runs the hook below.
    multiprocessing.set_start_method("fork")
    os.register_at_fork(after_in_child=lambda: _end_workers_with(server_pid))
    sys.argv[0] = "granian"
    entrypoint()


if __name__ == "__main__":
    main()
