"""Backups on a schedule, of the embedded database: a process of its own is started to make one when it is due."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import structlog

from geoservice.embedded.stepping_down import ServerAccount
from geoservice.settings import Settings

log = structlog.get_logger()

#: Where the package is found: an installation need not be on anybody's path.
_ROOT = Path(__file__).parents[2]
#: After the start others are at work.
FIRST_S = 60.0
#: So many looks in the time between two backups, and one an hour at least; a look that finds nothing due ends at once.
LOOKS = 8
LONGEST_S = 3600.0
_END_S = 10.0


class ScheduledBackups:
    """Looks now and then whether a backup is due, in a process of its own: it holds the owner's rights and no socket.

    Parameters
    ----------
    account
        As whom it runs: whoever runs the database, for the kernel lets that in.
    environment
        Of the supervisor; the owner's address is not in it where the database is embedded.
    """

    def __init__(
        self, settings: Settings, account: ServerAccount, environment: Mapping[str, str], *, first_s: float = FIRST_S
    ) -> None:
        self._directory = settings.backup_dir.absolute() if settings.backup_dir and settings.embedded else None
        self._every_s = min(LONGEST_S, 3600 * settings.backup_every_h / LOOKS)
        self._account = account
        # It runs in another directory than we.
        places = {"DATA": settings.data_dir.absolute(), "BACKUP": self._directory}
        absolute = {f"GEOSERVICE_{name}_DIR": str(path) for name, path in places.items() if path is not None}
        self._environment = account.environment(environment, settings.data_dir) | absolute
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._due_s = time.monotonic() + first_s

    @property
    def pid(self) -> int | None:
        """Return the number of the process while it runs."""
        return None if self._process is None else self._process.pid

    def keep(self) -> None:
        """Start a look when it is time, and say what became of one that ended."""
        if self._process is not None and self._process.poll() is not None:
            self._tell(self._process.returncode)
            self._process = None
        if self._directory is not None and self._process is None and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + self._every_s
            self._start(self._directory)

    @property
    def wait_s(self) -> float | None:
        """Return in how many seconds there is something to do that no end of a process tells of."""
        return None if self._directory is None or self._process is not None else self._due_s - time.monotonic()

    def stop(self) -> None:
        """End one that runs: what it wrote goes with it, and the next start makes another."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            # It clears up behind itself. Not SIGINT: whom a shell began in the background ignores that, and so does it.
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._said is not None:
            self._said.close()

    def _start(self, directory: Path) -> None:
        command = [sys.executable, "-m", "geoservice.cli.main", "db", "backup", "--when-due"]
        self._said = tempfile.TemporaryFile()
        try:
            _make(directory, self._account)
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and command
                command, **self._account.process_options(), env=self._environment, cwd=_ROOT,
                stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said, start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            self._said.close()
            log.warning("no backup could be made", reason=f"{exc.strerror}: {exc.filename}", directory=str(directory))

    def _tell(self, code: int) -> None:
        said = ""
        if self._said is not None:
            with self._said as file:
                file.seek(0)
                said = file.read().decode("utf-8", "replace").strip()
        if code != 0:
            log.error("the backup was not made; it is tried again", reason=said.rpartition("\n")[2], code=code)
        elif said:
            log.info("a backup was made", said=said.partition("\n")[0])


def _make(directory: Path, account: ServerAccount) -> None:
    """Make the directory of backups for the account, where it is missing; one that is there stays whose it is."""
    if directory.exists():
        return
    directory.mkdir(mode=0o700, parents=True)
    if account.account is not None:
        account.account.own(directory)
