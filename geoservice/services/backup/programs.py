"""PostgreSQL's own programs that copy a database out and in: how they are run, and what they say when they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

#: How long a program that is told to end may take.
_END_S = 10.0
#: What it waits for at most to have all tables to itself to read; somebody may be changing the schema.
LOCK_WAIT = "60s"


@contextmanager
def running(command: Sequence[str], url: str, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program against a database within this; it is ended where it still runs at the end.

    Parameters
    ----------
    command
        Without the database.
    said
        A file for what it says, in English.
    """
    password, conninfo = _without_password(url)
    environment = os.environ | {"LC_ALL": "C.UTF-8", "LANGUAGE": "C"} | password
    with said.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  programs that we found, with arguments of our own
            [*command, "--no-password", "--dbname", conninfo],
            env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def last_words(said: Path) -> str:
    """Return the first error of what a program said, else its last line."""
    lines = [line.strip() for line in said.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line or "ERROR:" in line]
    return next(iter(errors), lines[-1] if lines else "nothing")


def _without_password(url: str) -> tuple[dict[str, str], str]:
    """Return the password for the environment, and the rest for the command line, which everybody can read."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    return {} if password is None else {"PGPASSWORD": str(password)}, make_conninfo("", **parts)
