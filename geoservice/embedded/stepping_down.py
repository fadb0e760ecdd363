"""Root gives root up: as whom the servers run that root starts, and what they write to. Starts nothing."""

from __future__ import annotations

import functools
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from geoservice.embedded.account import Account, account_to_run_as
from geoservice.embedded.cluster_errors import AccountUnknown

_PACKAGE = Path(__file__).parents[1] / "__init__.py"
#: Whether the first can be run, and the others be read.
_CAN_RUN = 'test -x "$1" || exit 1; shift; for file; do test -r "$file" || exit 1; done'
#: One of Python's own modules, and one of a library.
_LIBRARIES = (os.__file__, psutil.__file__)


@dataclass(frozen=True)
class ServerAccount:
    """As whom the servers run."""

    #: None: as whoever starts them.
    account: Account | None
    #: Why root stays root; empty when it does not, or when nobody is root.
    warning: str = ""

    def process_options(self) -> dict[str, Any]:
        """Return what `subprocess.Popen` wants for a process of this account."""
        return {} if self.account is None else self.account.process_options()

    def environment(self, given: Mapping[str, str], data_dir: Path) -> dict[str, str]:
        """Return the environment of a process of this account; where its data are does not depend on who it is."""
        if self.account is None:
            return dict(given)
        own = {"HOME": self.account.home, "USER": self.account.name, "LOGNAME": self.account.name}
        return dict(given) | own | {"GEOSERVICE_DATA_DIR": str(data_dir.absolute())}

    def become(self) -> None:
        """Be this account from now on, for good."""
        if self.account is not None:
            os.setgroups(self.account.groups)
            os.setgid(self.account.gid)
            os.setuid(self.account.uid)

    def hand_over(self, file: Path, *, data_dir: Path) -> None:
        """Have a file that servers write to belong to this account, and its directory in the data directory.

        What is missing is made. A directory elsewhere stays whose it is; so does a file of somebody else, and a link:
        the account may have laid it there.
        """
        if self.account is None:
            return
        with suppress(OSError):  # a file that can not be had is not worth a service: tiles are cut again
            is_ours = not file.parent.exists() or file.parent.parent.absolute() == data_dir.absolute()
            file.parent.mkdir(parents=True, exist_ok=True)
            directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if is_ours:
                    self._take(directory)
                for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
                    self._take_file(name, directory, make=name == file.name)
            finally:
                os.close(directory)

    def _take_file(self, name: str, directory: int, *, make: bool) -> None:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_CREAT if make else 0)
        with suppress(OSError):
            descriptor = os.open(name, flags, 0o600, dir_fd=directory)
            try:
                self._take(descriptor)
            finally:
                os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        is_plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
        if self.account is not None and found.st_uid == 0 and is_plain:
            os.fchown(descriptor, self.account.uid, self.account.gid)


def server_account(name: str) -> ServerAccount:
    """Return as whom the servers run: root's as the account of that name, where it can read the service."""
    if os.geteuid() != 0:
        return ServerAccount(None)
    try:
        account = account_to_run_as(name)
    except AccountUnknown as exc:
        return ServerAccount(None, f"The servers run as root: {exc} {exc.advice()}")
    if not _can_run(account, _PACKAGE):
        return ServerAccount(
            None,
            f"The servers run as root: {name} can not read the service in {_PACKAGE.parent}, or not run"
            f" {sys.executable}. Install both where everybody can read them, such as in /opt.",
        )
    return ServerAccount(account)


@functools.cache
def _can_run(account: Account, package: Path) -> bool:
    """Return whether an account can read the service; a process asks once, as it has read the service itself."""
    asked = ["/bin/sh", "-c", _CAN_RUN, "sh", sys.executable, str(package), *_LIBRARIES]
    return account.run(asked, timeout_s=10).returncode == 0
