"""Finds a PostgreSQL that has PostGIS. Looks at files only: starts nothing, installs nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geoservice.embedded.cluster_errors import ClientTooOld, PostgisNotFound

#: Where Debian, Ubuntu, the PGDG rpms and a build from source put the programs of each version.
BIN_PATTERNS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin")
PROGRAMS = ("initdb", "postgres", "pg_ctl")
#: What copies a database out and in; it comes with every server, and without one.
CLIENT_PROGRAMS = ("pg_dump", "pg_restore")


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL with PostGIS."""

    bin_dir: Path
    major: int

    def program(self, name: str) -> str:
        """Return the full path of one of its programs."""
        return str(self.bin_dir / name)


@dataclass(frozen=True)
class Client:
    """Programs of PostgreSQL that ask a server; a major version copies servers of its own and of older ones."""

    bin_dir: Path
    major: int

    def program(self, name: str) -> str:
        """Return the full path of one of its programs."""
        return str(self.bin_dir / name)


def installations() -> list[Installation]:
    """Return every PostgreSQL with PostGIS, newest first; empty when there is none."""
    found = {bin_dir.resolve() for bin_dir in _bin_dirs() if _is_complete(bin_dir)}
    ready = [
        Installation(bin_dir, major)
        for bin_dir in found
        if (major := _major_version(bin_dir / "postgres")) is not None and _has_postgis(bin_dir)
    ]
    return sorted(ready, key=lambda one: (one.major, str(one.bin_dir)), reverse=True)


def newest() -> Installation:
    """Return the newest PostgreSQL with PostGIS.

    Raises: PostgisNotFound when there is none.
    """
    found = installations()
    if not found:
        raise PostgisNotFound
    return found[0]


def client_for(server_major: int) -> Client:
    """Return the programs that copy the database of a server of this major version: as old as they may be.

    Raises: ClientTooOld when there are none, or older ones only, which leave out what they do not know.
    """
    found = clients()
    fitting = [one for one in found if one.major >= server_major]
    if not fitting:
        present = ", ".join(str(one.major) for one in found) or "none"
        raise ClientTooOld(server=server_major, present=present)
    return min(fitting, key=lambda one: one.major)


def clients() -> list[Client]:
    """Return the programs that copy databases, those of full installations first."""
    found = dict.fromkeys(directory for directory in _bin_dirs() if _is_complete(directory, CLIENT_PROGRAMS))
    versions = ((directory, _major_version(directory / "pg_dump")) for directory in found)
    return [Client(directory, major) for directory, major in versions if major is not None]


def _bin_dirs() -> Iterator[Path]:
    for pattern in BIN_PATTERNS:
        yield from Path("/").glob(pattern)
    for directory in os.get_exec_path():
        if directory:
            yield Path(directory)
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        yield Path(_ask(Path(pg_config), "--bindir") or "/nonexistent")


def _is_complete(bin_dir: Path, programs: tuple[str, ...] = PROGRAMS) -> bool:
    return all(os.access(bin_dir / name, os.X_OK) for name in programs)


def _ask(program: Path, option: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603  the program's path was found by us, not sent by anybody
            [program, option], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _major_version(program: Path) -> int | None:
    match = re.search(r"\) (\d+)", _ask(program, "--version") or "")
    return int(match.group(1)) if match else None


def _has_postgis(bin_dir: Path) -> bool:
    # Debian's unversioned pg_config is a wrapper of another package, so the one beside the programs comes first; a
    # server without it has its share directory at the place that Debian's build compiles in.
    share = _ask(bin_dir / "pg_config", "--sharedir")
    candidates = [Path(share)] if share else []
    candidates.append(Path("/usr/share/postgresql") / bin_dir.parent.name)
    return any((path / "extension" / "postgis.control").is_file() for path in candidates)
