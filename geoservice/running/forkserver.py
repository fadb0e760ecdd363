"""The fork server: it has imported the service, and starts the others by forking, so that each is there at once.

`python -m geoservice.running.forkserver SUPERVISOR-PID REQUESTS-DESCRIPTOR LISTENING-DESCRIPTORS`
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from geoservice.embedded.stepping_down import ServerAccount
from geoservice.running.logging import configure_logging
from geoservice.running.processes import ProcessIdentity, die_with_parent, identity_of, name_process
from geoservice.settings import Settings

log = structlog.get_logger()

#: What the others would import for seconds. Nothing of it opens a connection or starts a thread of ours.
PRELOADED = ("geoservice.wsgi", "geoservice.running.webserver", "geoservice.worker")
READY = b"ready"
#: A fork takes milliseconds; a fork server that does not answer for so long is taken for dead.
FORK_S = 10.0


@dataclass(frozen=True)
class Program:
    """What a forked process becomes: `main` of a module, with arguments, and the sockets that it listens on."""

    #: At most 15 characters: what `ps` and `top` show.
    title: str
    module: str
    arguments: tuple[str, ...] = ()
    listening: tuple[int, ...] = ()


class ForkedProcess:
    """A process that the fork server started; the supervisor knows it by a descriptor, which no other process takes."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def __del__(self) -> None:
        with suppress(AttributeError):
            os.close(self._descriptor)

    def fileno(self) -> int:
        """Return a descriptor that can be read from when it has ended."""
        return self._descriptor

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return who it is; None when it has ended."""
        return identity_of(self.pid)

    def wait(self, timeout_s: float = 0.0) -> bool:
        """Wait until it has ended, at most so long; return whether it has."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(timeout_s * 1000))

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)


class ForkServer:
    """The supervisor's end."""

    def __init__(self, environment: Mapping[str, str], listening: Collection[int], account: ServerAccount) -> None:
        self._environment = environment
        self._account = account
        self._listening = listening
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._ready = False

    @property
    def pid(self) -> int | None:
        """Return the number of its process, once started."""
        return None if self._process is None else self._process.pid

    @property
    def identity(self) -> ProcessIdentity | None:
        """Return its process as others can recognise it; None when it does not run."""
        return None if self._process is None else identity_of(self._process.pid)

    def waited_for(self) -> tuple[int, ...]:
        """Return the descriptor that can be read from when it gets ready; nothing when it is."""
        return () if self._ready or self._requests is None else (self._requests.fileno(),)

    def start(self) -> None:
        """Start it; it is ready some seconds later."""
        self.stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        handed_down = (theirs.fileno(), *self._listening)
        numbers = ",".join(map(str, self._listening))
        command = [sys.executable, "-m", __spec__.name, str(os.getpid()), str(theirs.fileno()), numbers]
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and numbers
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            pass_fds=handed_down,
            # Its own group: Ctrl-C reaches the supervisor alone, which stops the parts in their order.
            start_new_session=True,
            **self._account.process_options(),
        )
        theirs.close()
        ours.settimeout(FORK_S)
        self._requests = ours

    def is_ready(self) -> bool:
        """Return whether it can fork; it can not while it imports, nor when it has ended."""
        if not self._ready and self._requests is not None:
            readable, _, _ = select.select([self._requests], [], [], 0)
            self._ready = bool(readable) and self._requests.recv(100) == READY
        return self._ready

    def has_ended(self) -> bool:
        """Return whether it was started and ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def fork(self, program: Program) -> ForkedProcess | None:
        """Start a program; None when there is nobody who could."""
        if not self.is_ready() or self._requests is None:
            return None
        wanted = [program.title, program.module, program.arguments, program.listening]
        try:
            self._requests.send(json.dumps(wanted).encode())
            return ForkedProcess(int(self._requests.recv(100)))
        except ProcessLookupError:  # what it started has ended already
            return None
        except (OSError, ValueError):  # it has ended itself, or hangs
            self.stop()
            return None

    def stop(self) -> None:
        """End it; what it started goes on."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._ready = False


def serve(requests: socket.socket, listening: Sequence[int]) -> None:
    """Fork what is asked for until nobody asks any more. Returns in the processes that it forks, too: see `main`."""
    requests.send(READY)
    while wanted := requests.recv(100_000):
        title, module, arguments, kept = json.loads(wanted)
        pid = os.fork()
        if pid == 0:
            requests.close()
            for descriptor in set(listening) - set(kept):
                os.close(descriptor)
            become(title, module, arguments)
        requests.send(str(pid).encode())


def become(title: str, module: str, arguments: Sequence[str]) -> None:
    """Be that program in a session of one's own; does not return."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        name_process(title)
        sys.argv = [module, *arguments]
        importlib.import_module(module).main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # it must never go on as the fork server
        log.critical("an error that nobody caught", exc_info=True)
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Import, say so, and fork."""
    supervisor_pid, descriptor, numbers = sys.argv[1:4]
    die_with_parent(int(supervisor_pid), signal.SIGKILL)
    name_process("gs-forkserver")
    configure_logging(Settings().log_level)
    # What it forks is watched by the supervisor; here nobody waits for it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for name in PRELOADED:
        importlib.import_module(name)
    # Shared with every child for good: a collection would copy each page that it writes a mark on.
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(descriptor)), [int(number) for number in numbers.split(",") if number])


if __name__ == "__main__":
    main()
