"""The account that PostgreSQL runs under. PostgreSQL refuses root, so root starts it as an unprivileged account."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoservice.embedded.cluster_errors import AccountUnknown, DataDirUnreachable

#: Variables that point PostgreSQL's programs somewhere else; they belong to the user's own databases.
FOREIGN_PREFIXES = ("PG", "LC_", "LANG")


@dataclass(frozen=True)
class Account:
    """Who runs the database: either the present user, or the account that root steps down to."""

    name: str
    uid: int
    gid: int
    #: True when the present user is root and has to become somebody else.
    steps_down: bool

    @property
    def groups(self) -> list[int]:
        """The groups it is in."""
        return os.getgrouplist(self.name, self.gid)

    @property
    def home(self) -> str:
        """Its home directory."""
        return pwd.getpwuid(self.uid).pw_dir

    def process_options(self) -> dict[str, Any]:
        """Return what `subprocess` wants for a process of this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": self.groups} if self.steps_down else {}

    def run(self, command: list[str], *, timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, from / (the account need not see our directory), in English.

        Raises: subprocess.TimeoutExpired after timeout_s.
        """
        return subprocess.run(  # noqa: S603  commands are built from our own paths and numbers
            command,
            **self.process_options(),
            env=self._environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            # pg_ctl gives the server that it leaves behind a log file, so the pipe ends with pg_ctl.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            # Ctrl-C on the terminal must reach the supervisor alone: it stops the database last.
            start_new_session=True,
        )

    def own(self, path: Path) -> None:
        """Hand a file or directory that root has just made to this account."""
        if self.steps_down:
            os.chown(path, self.uid, self.gid)

    def check_way_to(self, directory: Path) -> None:
        """Check that this account can enter every directory down to this one.

        Raises: DataDirUnreachable naming the first closed one.
        """
        if not self.steps_down or self._can_enter(directory):
            return
        closed = next((path for path in reversed(directory.parents) if not self._can_enter(path)), directory)
        raise DataDirUnreachable(account=self.name, closed=closed)

    def _can_enter(self, directory: Path) -> bool:
        # Asking the kernel, as that account, sees access lists and read-only mounts that mode bits do not show.
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)], timeout_s=10).returncode == 0

    def _environment(self) -> dict[str, str]:
        kept = {key: text for key, text in os.environ.items() if not key.startswith(FOREIGN_PREFIXES)}
        if self.steps_down:
            kept = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/", "USER": self.name}
        return kept | {"LC_ALL": "C.UTF-8"}


def account_to_run_as(name: str) -> Account:
    """Return the account that runs the database: `name` when we are root, else the present user.

    Raises: AccountUnknown when root is told an account that does not exist, or root itself.
    """
    if os.geteuid() != 0:
        me = _entry_of_present_user()
        return Account(name=me, uid=os.geteuid(), gid=os.getegid(), steps_down=False)
    try:
        entry = pwd.getpwnam(name)
    except KeyError as exc:
        raise AccountUnknown(account=name) from exc
    if entry.pw_uid == 0:
        raise AccountUnknown(account=name)
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, steps_down=True)


def _entry_of_present_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as exc:  # a container started with a bare number: initdb refuses it too
        raise AccountUnknown(account=os.geteuid()) from exc
