"""Where a database is made before it is born: beside its place, so that a rename is the moment of birth."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

from geoservice.embedded.account import Account
from geoservice.embedded.layout import Layout, sync_directory
from geoservice.embedded.postmaster import find_postmaster, wait_for_end_of_all

_PREFIX = "database.new-"
#: An unborn database whose maker was killed has nothing that is worth waiting for.
_END_S = 10.0


def open_workshop(layout: Layout, account: Account) -> Path:
    """Return a new directory of the account, in which a database may be made."""
    workshop = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=layout.data_dir))
    account.own(workshop)
    return workshop


def bring_out(unborn: Path, layout: Layout) -> None:
    """Put a database that was made, and that does not run, into its place."""
    sync_directory(unborn)
    unborn.rename(layout.database)
    sync_directory(layout.data_dir)


def clear_workshops(layout: Layout) -> None:
    """Remove what makers left who were killed; whoever calls holds the data directory's lock, so none of them lives."""
    for leftover in layout.data_dir.glob(_PREFIX + "*"):
        running = find_postmaster(leftover / "database")
        if running is not None:
            os.kill(running.pid, signal.SIGQUIT)
            wait_for_end_of_all(leftover / "database", _END_S)
        shutil.rmtree(leftover, ignore_errors=True)
