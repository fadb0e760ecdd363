"""Where the parts of an embedded database lie in its data directory, and how files are put there. Starts nothing."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geoservice.embedded.account import Account
from geoservice.embedded.cluster_errors import DataDirRefused, SocketPathTooLong

#: sockaddr_un.sun_path of Linux holds 108 bytes with the closing zero (man 7 unix).
SOCKET_PATH_BYTES = 108


@dataclass(frozen=True)
class Layout:
    """The paths of one embedded database."""

    data_dir: Path

    @property
    def database(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.data_dir / "database"

    @property
    def socket_dir(self) -> Path:
        """Directory of the Unix socket; only its owner and root may enter."""
        return self.data_dir / "socket"

    @property
    def log_dir(self) -> Path:
        """Directory of the files that PostgreSQL's log is written to."""
        return self.data_dir / "log"

    @property
    def start_log(self) -> Path:
        """What PostgreSQL has to say before it writes its log."""
        return self.log_dir / "start.log"

    @property
    def logs(self) -> list[Path]:
        """The files of PostgreSQL's log, the newest first; those of earlier releases among them."""
        return sorted(self.log_dir.glob("postgresql*"), key=lambda file: (_changed_at(file), file.name), reverse=True)

    @property
    def log_file(self) -> Path:
        """Where PostgreSQL writes its log now."""
        return next(iter(self.logs), self.start_log)

    @property
    def version_file(self) -> Path:
        """File that PostgreSQL writes its major version to; it exists exactly when the database does."""
        return self.database / "PG_VERSION"

    @property
    def password_file(self) -> Path:
        """Password of the superuser for TCP, made at creation, readable by its owner and root only."""
        return self.database / "geoservice-password"

    @property
    def settings_file(self) -> Path:
        """Our part of PostgreSQL's configuration, rewritten at each start."""
        return self.database / "geoservice.conf"

    @property
    def login_map(self) -> Path:
        """What PostgreSQL calls pg_ident.conf: which accounts of the machine log in as whom."""
        return self.database / "pg_ident.conf"

    def check_socket_path(self, port: int) -> None:
        """Raise SocketPathTooLong when the kernel would refuse the socket's path."""
        path = self.socket_dir / f".s.PGSQL.{port}"
        length = len(os.fsencode(path))
        if length >= SOCKET_PATH_BYTES:
            raise SocketPathTooLong(path=path, bytes=length, limit=SOCKET_PATH_BYTES - 1)

    def prepare(self, account: Account) -> None:
        """Make the data directory and the directories in it that PostgreSQL needs beside its own.

        Raises: DataDirRefused, DataDirUnreachable.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            for directory in (self.socket_dir, self.log_dir):
                directory.mkdir(mode=0o700, exist_ok=True)
                directory.chmod(0o700)
                account.own(directory)
        except OSError as exc:
            raise DataDirRefused(data_dir=self.data_dir, reason=exc.strerror) from exc
        account.check_way_to(self.data_dir)

    def check_owner(self, account: Account) -> None:
        """Raise DataDirRefused when the database belongs to another account: PostgreSQL would refuse it in prose."""
        owner = self.database.stat().st_uid
        if owner != account.uid:
            raise DataDirRefused(data_dir=self.database, owned_by=owner, needed=account.uid)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the data directory's lock: one at a time creates, starts or stops. The kernel frees it at our death."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.data_dir / "cluster.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise DataDirRefused(data_dir=self.data_dir, reason=exc.strerror) from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # somebody removed it at this moment
        return 0.0


def write_owned(path: Path, text: str, account: Account) -> None:
    """Put a file there in one step, owned by the account, mode 0600; never writes through a link laid in its place."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if account.steps_down:
                os.fchown(file.fileno(), account.uid, account.gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # whatever happened, Ctrl-C included, no half-written file stays; it is raised again
        Path(temporary).unlink(missing_ok=True)
        raise


def sync_directory(directory: Path) -> None:
    """Make renames in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
