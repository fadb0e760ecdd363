"""One run of the tests: its directory, the one cluster that all its workers share, and the end of both."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from geoservice.embedded.cluster import Cluster
from tests.reaper import MARK

ROOT = Path(__file__).parents[1]
#: Memory: nothing of a run outlives it, so no disk need be waited for. It needs about 2 GB there.
MEMORY, MEMORY_NEEDED_MB = Path("/dev/shm"), 4000  # noqa: S108  a directory of the run's own is made in it
#: For the cluster of a run: nobody needs it after a power cut, several workers open connections, and each of thousands
#: would load PostGIS anew.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    "shared_preload_libraries": "'postgis-3'",
}


@dataclass(frozen=True)
class Run:
    """A run; its workers find it by the environment."""

    directory: Path

    @classmethod
    def current(cls) -> Run:
        """Return the run that this process belongs to."""
        return cls(Path(os.environ[MARK]))

    @contextmanager
    def only_one(self, name: str) -> Iterator[Path]:
        """Yield a file of the run while no other worker is in the block of that name."""
        with (self.directory / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.directory / name

    def cluster_url(self, free_port: Callable[[], int]) -> str:
        """Return a superuser's URL of the run's cluster; whoever asks first starts it."""
        with self.only_one("cluster-url") as file:
            if not file.exists():
                cluster = Cluster(self.directory / "cluster", free_port())
                cluster.create()
                with (cluster.layout.database / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
                    settings.writelines(f"{name} = {value}\n" for name, value in _SETTINGS.items())
                file.write_text(cluster.ensure(), encoding="utf-8")
            return file.read_text(encoding="utf-8")

    def database(self, cluster_url: str, name: str, fill: Callable[[str], None]) -> str:
        """Return the name of a database that is made once a run: `fill` makes it under the name it is given."""
        with self.only_one(name), psycopg.connect(cluster_url, autocommit=True) as connection:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                fill(f"{name}_unfinished")
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                connection.execute(rename.format(sql.Identifier(f"{name}_unfinished"), sql.Identifier(name)))
        return name


@dataclass(frozen=True)
class Reaper:
    """The process that ends and removes what the run leaves; it hears of the end by a pipe."""

    process: subprocess.Popen[bytes]
    pipe: int

    def finish(self) -> None:
        """Have everything cleared up, and wait for it."""
        os.close(self.pipe)
        self.process.wait()


def begin() -> tuple[Run, Reaper]:
    """Make the directory of a run, name it to all that this process starts, and see to its end."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_MB * 1_000_000
    directory = Path(tempfile.mkdtemp(prefix="gs-run-", dir=MEMORY if in_memory else None))
    directory.chmod(0o755)  # the service account must be able to walk through
    temporary = directory / "t"
    temporary.mkdir(mode=0o755)
    os.environ |= {MARK: str(directory), "TMPDIR": str(temporary)}
    # A run starts hundreds of processes: compiled anew by each, the project takes a second of every one.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    tempfile.tempdir = None  # read anew from the environment
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reaper", str(directory), str(reading)],
        cwd=ROOT, pass_fds=[reading], start_new_session=True,
    )  # fmt: skip
    os.close(reading)
    return Run(directory), Reaper(process, writing)
