"""The private PostGIS cluster: create, start, adopt and stop it. Knows no tables; never deletes postmaster.pid."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from geoservice.embedded import config, find
from geoservice.embedded.account import Account, account_to_run_as
from geoservice.embedded.cluster_errors import (
    DatabasePortTaken,
    DataDirRefused,
    DiskFull,
    InitFailed,
    NotCreated,
    OtherMajorVersion,
    StartFailed,
    StopFailed,
)
from geoservice.embedded.layout import Layout, write_owned
from geoservice.embedded.postmaster import Postmaster, find_postmaster, kill_orphans, wait_for_end_of_all
from geoservice.embedded.workshop import bring_out, clear_workshops, open_workshop
from geoservice.lazy_modules import lazily

with lazily():
    import psycopg  # whoever only looks whether it runs does without

DATABASE = "geoservice"

#: After kill -9 of the postmaster its backends need a moment to notice; until then a new one is refused.
START_RETRY_S = 30.0
#: Backends that have not noticed by then are inside a long computation, and are killed.
ORPHAN_PATIENCE_S = 0.5
#: Crash recovery of a large write-ahead log may take this long; PostgreSQL is alive and at work meanwhile.
RECOVERY_S = 120
STOP_S = 30
INIT_S = 120
#: Of what is said before the log begins.
START_LOG_LIMIT_BYTES = 1_000_000
#: Files of the log that are kept, of a day or 10 MB each.
LOGS_KEPT = 14
#: The process that writes the log ends a moment after the others.
LAST_WORDS_S = 2.0

#: What PostgreSQL writes while parts of its killed predecessor still run (postmaster.c, pg_shmem.c).
PREDECESSOR_LIVES = ('lock file "postmaster.pid" already exists', "pre-existing shared memory block")


@dataclass(frozen=True)
class ClusterStatus:
    """What an operator asks about the embedded database."""

    running: bool
    pid: int | None
    port: int
    data_dir: Path
    log_file: Path
    password_file: Path
    #: Major version that made the data directory; None before the first start.
    made_by: int | None


class Cluster:
    """One PostgreSQL with PostGIS in a directory of its own.

    Parameters: data_dir - absolute or relative, made when missing; port - on 127.0.0.1, also names the socket;
    account - who runs it when we are root (otherwise the present user does).
    """

    def __init__(self, data_dir: Path | str, port: int, account: str = "postgres") -> None:
        self.layout = Layout(Path(os.path.abspath(data_dir)))
        self.port = port
        self._account_name = account

    @property
    def url(self) -> str:
        """The superuser's conninfo over the Unix socket, for psycopg and (with the driver in its scheme) SQLAlchemy."""
        return self._socket_url(config.SUPERUSER)

    @property
    def service_url(self) -> str:
        """The same of the login that serves; `services.service_login` makes it."""
        return self._socket_url(config.SERVICE_LOGIN)

    def _socket_url(self, login: str) -> str:
        host = quote(str(self.layout.socket_dir), safe="/")
        return f"postgresql://{login}@/{DATABASE}?host={host}&port={self.port}"

    @property
    def tcp_url(self) -> str:
        """Conninfo over loopback for QGIS and psql, without the password: that is in `status().password_file`."""
        return f"postgresql://{config.SUPERUSER}@127.0.0.1:{self.port}/{DATABASE}"

    def status(self) -> ClusterStatus:
        """Tell whether it runs, and where its parts are."""
        postmaster = self.postmaster()
        return ClusterStatus(
            running=postmaster is not None,
            pid=postmaster.pid if postmaster else None,
            port=postmaster.port if postmaster else self.port,
            data_dir=self.layout.data_dir,
            log_file=self.layout.log_file,
            password_file=self.layout.password_file,
            made_by=self._made_by(),
        )

    def postmaster(self) -> Postmaster | None:
        """Return the living postmaster, also one that an earlier run left behind."""
        return find_postmaster(self.layout.database)

    def ensure(self) -> str:
        """Create, start and fill in the database as far as each is missing; returns the url."""
        self.create()
        self.start()
        self.ensure_database(DATABASE)
        return self.url

    def create(self) -> None:
        """Make the data directory unless it exists, whole or not at all.

        Raises: PostgisNotFound, OtherMajorVersion, DataDirRefused, DataDirUnreachable, AccountUnknown, DiskFull,
        SocketPathTooLong, InitFailed.
        """
        self.layout.check_socket_path(self.port)
        account = account_to_run_as(self._account_name)
        with self.layout.locked():
            clear_workshops(self.layout)
            if self._made_by() is not None:
                self._installation()
                return
            installation = find.newest()
            if self.layout.database.is_dir() and any(self.layout.database.iterdir()):
                raise DataDirRefused(data_dir=self.layout.database, reason="holds files that are no database")
            self.layout.prepare(account)
            self._create(installation, account)

    def _create(self, installation: find.Installation, account: Account) -> None:
        # initdb that is killed leaves a directory that looks like a database, so it works beside the final place and
        # the rename is the moment of birth.
        workshop = open_workshop(self.layout, account)
        try:
            unborn, password_file = workshop / "database", workshop / "password"
            write_owned(password_file, secrets.token_urlsafe(24) + "\n", account)
            self._initdb(installation, account, unborn, password_file)
            os.replace(password_file, unborn / self.layout.password_file.name)
            write_owned(unborn / "pg_hba.conf", config.login_rules(), account)
            write_owned(unborn / self.layout.login_map.name, config.login_map({"root", account.name}), account)
            write_owned(unborn / "geoservice.conf", "", account)
            include = (unborn / "postgresql.conf").read_text(encoding="utf-8") + "\ninclude 'geoservice.conf'\n"
            write_owned(unborn / "postgresql.conf", include, account)
            bring_out(unborn, self.layout)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)

    def _initdb(self, installation: find.Installation, account: Account, directory: Path, password_file: Path) -> None:
        command = [
            *(installation.program("initdb"), "--pgdata", str(directory), "--username", config.SUPERUSER),
            *("--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8"),
            # Byte order, the same on every machine: the tie between two grids is decided by it.
            *("--locale", "C.UTF-8", "--data-checksums"),
        ]
        done = account.run(command, timeout_s=INIT_S)
        if done.returncode != 0:
            self._raise_if_disk_full(done.stdout)
            raise InitFailed(said=_last_line(done.stdout))

    def start(self) -> Postmaster:
        """Start it, or adopt the postmaster that already runs in this directory; returns when it takes connections.

        Raises: NotCreated, DatabasePortTaken, DiskFull, OtherMajorVersion, DataDirRefused, StartFailed.
        """
        account = account_to_run_as(self._account_name)
        with self.layout.locked():
            if self._made_by() is None:
                raise NotCreated(data_dir=self.layout.data_dir)
            deadline = time.monotonic() + START_RETRY_S
            while True:
                running = self.postmaster()
                if running is not None and running.port != self.port:
                    self._stop(account)  # the setting was changed while an orphan kept the old port
                    running = None
                self._admit_service(running, account)
                if running is None:
                    self._start(account)
                if (ready := self._ready()) is not None:
                    return ready
                if time.monotonic() > deadline:
                    raise StartFailed(said="it ends again and again", log=self.layout.log_file)

    def _admit_service(self, running: Postmaster | None, account: Account) -> None:
        """Let our accounts in to serve, too: a database of an earlier release knows the superuser alone."""
        known = self.layout.login_map.read_text(encoding="utf-8")
        missing = [line for line in config.login_map_lines({"root", account.name}) if line not in known.splitlines()]
        if not missing:
            return
        write_owned(self.layout.login_map, "\n".join([known.rstrip("\n"), *missing]) + "\n", account)
        if running is not None:
            os.kill(running.pid, signal.SIGHUP)

    def _start(self, account: Account) -> None:
        installation = self._installation()
        self.layout.check_socket_path(self.port)
        self.layout.prepare(account)
        self.layout.check_owner(account)
        text = config.settings_text(port=self.port, socket_dir=self.layout.socket_dir, log_dir=self.layout.log_dir)
        self.prune_logs()
        began = time.monotonic()
        try:
            write_owned(self.layout.settings_file, text, account)
        except OSError as exc:
            self._raise_if_disk_full(str(exc))
            raise DataDirRefused(data_dir=self.layout.database, reason=exc.strerror) from exc
        while (said := self._try_start(installation, account)) is not None:
            waited_s = time.monotonic() - began
            if not any(sign in said for sign in PREDECESSOR_LIVES) or waited_s > START_RETRY_S:
                self._raise_start_failed(said)
            if waited_s > ORPHAN_PATIENCE_S:
                kill_orphans(self.layout.database)
            time.sleep(0.1)

    def _try_start(self, installation: find.Installation, account: Account) -> str | None:
        """Try once; returns None on success, else what PostgreSQL and pg_ctl said."""
        read_to = {file: file.stat().st_size for file in (self.layout.start_log, *self.layout.logs) if file.exists()}
        command = [
            *(installation.program("pg_ctl"), "start", "--pgdata", str(self.layout.database)),
            *("--log", str(self.layout.start_log), "--wait", "--timeout", str(RECOVERY_S), "--silent"),
        ]
        done = account.run(command, timeout_s=RECOVERY_S + 10)
        if done.returncode == 0:
            return None
        return self._said_since(read_to) or done.stdout

    def _said_since(self, read_to: dict[Path, int]) -> str:
        """Return what the log says beyond what was read of each file."""
        said = _read_from(self.layout.start_log, read_to)
        if not any(sign in said for sign in PREDECESSOR_LIVES):
            wait_for_end_of_all(self.layout.database, LAST_WORDS_S)
        return said + "".join(_read_from(file, read_to) for file in reversed(self.layout.logs))

    def _raise_start_failed(self, said: str) -> None:
        if "Address already in use" in said:
            raise DatabasePortTaken(port=self.port)
        self._raise_if_disk_full(said)
        raise StartFailed(said=_last_fatal(said), log=self.layout.log_file)

    def _raise_if_disk_full(self, said: str) -> None:
        if "No space left on device" in said:
            raise DiskFull(data_dir=self.layout.data_dir)

    def _ready(self) -> Postmaster | None:
        """Wait until it takes connections (an adopted one may be in its recovery); None when it dies meanwhile."""
        deadline = time.monotonic() + RECOVERY_S
        while (postmaster := self.postmaster()) is not None:
            try:
                self._connect().close()
            except psycopg.OperationalError as exc:
                if time.monotonic() > deadline:
                    raise StartFailed(said=_last_line(str(exc)), log=self.layout.log_file) from exc
                time.sleep(0.05)
            else:
                return postmaster
        return None

    def ensure_database(self, name: str = DATABASE) -> None:
        """Create a database of this name unless it exists. Extensions and tables come from the migrations."""
        with self._connect() as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
            if known is None:
                connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.layout.socket_dir),
            port=self.port,
            user=config.SUPERUSER,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def stop(self) -> None:
        """Stop it: sessions are ended, nothing that was committed is lost. Nothing happens when it does not run.

        Raises: StopFailed when it is still there after both the polite and the hard way.
        """
        account = account_to_run_as(self._account_name)
        with self.layout.locked():
            self._stop(account)

    def _stop(self, account: Account) -> None:
        for mode, patience_s in (("fast", STOP_S), ("immediate", 10)):
            running = self.postmaster()
            if running is None:
                return
            command = [
                *(self._installation().program("pg_ctl"), "stop", "--pgdata", str(self.layout.database)),
                *("--mode", mode, "--wait", "--timeout", str(patience_s), "--silent"),
            ]
            try:
                account.run(command, timeout_s=patience_s + 10)
            except subprocess.TimeoutExpired:
                continue
        running = self.postmaster()
        if running is not None:
            raise StopFailed(pid=running.pid)

    def _made_by(self) -> int | None:
        try:
            return int(self.layout.version_file.read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            raise DataDirRefused(data_dir=self.layout.database, reason="PG_VERSION cannot be read") from exc

    def _installation(self) -> find.Installation:
        """Return the PostgreSQL that fits the data directory: its major version must be the same."""
        made_by = self._made_by()
        found = find.installations()
        for installation in found:
            if installation.major == made_by:
                return installation
        present = ", ".join(str(one.major) for one in found)
        if not present:
            find.newest()  # raises: nothing is installed at all
        raise OtherMajorVersion(made_by=made_by, present=present, data_dir=self.layout.database)

    def prune_logs(self) -> None:
        """Remove the oldest files of the log."""
        first = self.layout.start_log
        if first.exists() and first.stat().st_size > START_LOG_LIMIT_BYTES:
            os.replace(first, first.with_suffix(".log.1"))
        for old in self.layout.logs[LOGS_KEPT:]:
            old.unlink(missing_ok=True)


def _read_from(file: Path, read_to: dict[Path, int]) -> str:
    if not file.exists():
        return ""
    with file.open(encoding="utf-8", errors="replace") as opened:
        opened.seek(read_to.get(file, 0))
        return opened.read()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"


def _last_fatal(text: str) -> str:
    fatal = [line.strip() for line in text.splitlines() if "FATAL:" in line or "PANIC:" in line]
    return fatal[-1] if fatal else _last_line(text)
