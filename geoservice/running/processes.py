"""Processes of one machine: who they are, and who dies or is collected with whom. Linux only."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class ProcessIdentity:
    """A process for good: its number is given to others after its death, number and start together are not."""

    pid: int
    #: Clock ticks from boot to its start (field 22 of /proc/PID/stat, man 5 proc); no clock change moves them.
    start_ticks: int
    boot_id: str

    @property
    def started_at(self) -> datetime:
        """Return since when it runs, UTC, to the second, by the clock as it is set now."""
        since_boot_s = time.clock_gettime(time.CLOCK_BOOTTIME) - self.start_ticks / os.sysconf("SC_CLK_TCK")
        return datetime.fromtimestamp(round(time.time() - since_boot_s), UTC)

    @property
    def children(self) -> tuple[ProcessIdentity, ...]:
        """Return the processes that it started and that live, the oldest first; none when it does not live itself."""
        if not self.is_alive():
            return ()
        found = (identity_of(pid) for pid in _children_of(self.pid))
        return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.start_ticks, one.pid)))

    def is_alive(self) -> bool:
        """Tell whether exactly this process still runs; a zombie does not."""
        return identity_of(self.pid) == self

    def send(self, signal_number: int) -> bool:
        """Signal exactly this process; False when it is gone. Its number cannot be reused in between."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(descriptor, signal_number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True


def identity_of(pid: int) -> ProcessIdentity | None:
    """Return who has this number now; None when nobody, or only a zombie."""
    try:
        fields = _stat(pid)
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, start_ticks = fields[0], int(fields[19])
    return None if state in "ZX" else ProcessIdentity(pid, start_ticks, boot_id)


def _stat(pid: int) -> list[str]:
    """Return what /proc/PID/stat tells after the program's name, from field 3 on (man 5 proc); raise OSError."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    # The second field is the program's name in brackets and may hold spaces and brackets itself.
    return stat.rpartition(")")[2].split()


def _children_of(pid: int) -> Iterator[int]:
    for one in Path("/proc").iterdir():
        with suppress(OSError, ValueError):  # it has ended, or is no process
            if int(_stat(int(one.name))[1]) == pid:
                yield int(one.name)


def own_identity() -> ProcessIdentity:
    """Return who we are."""
    identity = identity_of(os.getpid())
    if identity is None:
        raise OSError("/proc is not mounted, or shows no processes")
    return identity


def die_with_parent(parent_pid: int, signal_number: int = signal.SIGTERM) -> None:
    """Have the kernel signal this process when its parent dies, however it dies; exit when it is dead already."""
    _prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent_pid:
        os._exit(0)


def end_with(pid: int, *, finish_s: float) -> None:
    """End this process when another one dies, however it dies: in order, and the hard way when that takes too long.

    Unlike the kernel's signal this asks for no parent, and it ends a process that does not hear the signal, too.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        os._exit(0)
    threading.Thread(target=_end_after, args=(descriptor, finish_s), name="end with", daemon=True).start()


def _end_after(descriptor: int, finish_s: float) -> None:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    waiting.poll()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(finish_s)
    os._exit(1)  # what it forked ends with it


def name_process(title: str) -> None:
    """Have `ps` and `top` show a name for this process, of which the kernel keeps 15 characters."""
    _prctl(PR_SET_NAME, ctypes.create_string_buffer(title.encode()))


def process_name() -> str:
    """Return the name that `ps` and `top` show for this process, whichever of its threads asks."""
    return Path("/proc/self/comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants, so that a killed postmaster is collected at once.

    Until somebody collects it, PostgreSQL takes the zombie for a living server and refuses to start.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def collect_orphans(*, but: set[int]) -> None:
    """Collect dead children that nobody waits for; `but` are those that somebody does."""
    with suppress(ChildProcessError):
        while True:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None or dead.si_pid in but:
                return
            os.waitpid(dead.si_pid, os.WNOHANG)


def _prctl(option: int, value: int | ctypes.Array[ctypes.c_char]) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
