"""Finds a PostgreSQL that has PostGIS. Looks at files only: starts nothing, installs nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geoservice.embedded.cluster_errors import PostgisNotFound

#: Where Debian, Ubuntu, the PGDG rpms and a build from source put the programs of each version.
BIN_PATTERNS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin")
PROGRAMS = ("initdb", "postgres", "pg_ctl")


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL with PostGIS."""

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
        if (major := _major_version(bin_dir)) is not None and _has_postgis(bin_dir)
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


def _bin_dirs() -> Iterator[Path]:
    for pattern in BIN_PATTERNS:
        yield from Path("/").glob(pattern)
    for directory in os.get_exec_path():
        if directory:
            yield Path(directory)
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        yield Path(_ask(Path(pg_config), "--bindir") or "/nonexistent")


def _is_complete(bin_dir: Path) -> bool:
    return all(os.access(bin_dir / name, os.X_OK) for name in PROGRAMS)


def _ask(program: Path, option: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603  the program's path was found by us, not sent by anybody
            [program, option], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _major_version(bin_dir: Path) -> int | None:
    match = re.search(r"\) (\d+)", _ask(bin_dir / "postgres", "--version") or "")
    return int(match.group(1)) if match else None


def _has_postgis(bin_dir: Path) -> bool:
    # Debian's unversioned pg_config is a wrapper of another package, so the one beside the programs comes first; a
    # server without it has its share directory at the place that Debian's build compiles in.
    share = _ask(bin_dir / "pg_config", "--sharedir")
    candidates = [Path(share)] if share else []
    candidates.append(Path("/usr/share/postgresql") / bin_dir.parent.name)
    return any((path / "extension" / "postgis.control").is_file() for path in candidates)
