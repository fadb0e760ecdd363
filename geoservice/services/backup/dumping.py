"""Copies a database into a file while it is written to: dump and row counts are of one snapshot."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.rows import dict_row

from geoservice.embedded.find import client_for
from geoservice.services.backup.archive import UNFINISHED_PREFIX, OnBytes, write_archive
from geoservice.services.backup.counting import count_tables
from geoservice.services.backup.errors import BackupNotByOwner, BackupThere, DumpFailed
from geoservice.services.backup.manifest import Manifest
from geoservice.services.backup.programs import LOCK_WAIT, last_words, running
from geoservice.services.service_login import login_of
from layers.db.session import translated_errors
from layers.errors import DatabaseUnavailable, SchemaMissing

#: A session that holds a snapshot for as long as the copy takes. A row policy that would apply is an error, no filter.
_OPTIONS = (
    "-c search_path=pg_catalog -c row_security=off -c statement_timeout=0 -c lock_timeout=0"
    " -c idle_in_transaction_session_timeout=0 -c timezone=UTC"
)
_POLL_S = 0.2
_IDENTITY = """
    SELECT now() AS started_at, current_database() AS database, public.postgis_lib_version() AS postgis_version,
           (SELECT system_identifier::text FROM pg_control_system()) AS cluster
"""
_REVISION = "SELECT version_num FROM public.geoservice_schema_version"
_LAST_EVENT = "SELECT number FROM geoservice.outbox_head"
_AUDIT = "SELECT h.seq, CASE WHEN h.seq > 0 THEN encode(h.hash, 'hex') ELSE '' END FROM geoservice.audit_head AS h"
_LOGINS = "SELECT DISTINCT login FROM geoservice.login_grant ORDER BY login"
#: Roles that something is granted to by name, but owners, and ours.
_ROLES = """
    SELECT DISTINCT r.rolname FROM (
        SELECT a.grantee FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner
        UNION SELECT a.grantee FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE a.grantee <> n.nspowner
        UNION SELECT a.grantee FROM pg_proc AS p, aclexplode(p.proacl) AS a
               WHERE a.grantee <> p.proowner AND p.pronamespace <> 'pg_catalog'::regnamespace
        UNION SELECT a.grantee FROM pg_type AS t, aclexplode(t.typacl) AS a WHERE a.grantee <> t.typowner
        UNION SELECT a.grantee FROM pg_attribute AS c, aclexplode(c.attacl) AS a
        UNION SELECT a.grantee FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS a
        UNION SELECT unnest(p.polroles) FROM pg_policy AS p) AS named
      JOIN pg_roles AS r ON r.oid = named.grantee
     WHERE r.rolname NOT LIKE 'pg\\_%' AND r.rolname NOT LIKE 'geoservice\\_%' AND r.rolname <> current_user
     ORDER BY 1
"""
#: What PostgreSQL says to whoever may not read everything.
_NOT_OWNER = ("row-level security policy", "permission denied")


def back_up(owner_url: str, file: Path, *, replace: bool = False, on_bytes: OnBytes = lambda count: None) -> Manifest:
    """Copy a database into a file, consistent while others write to it; return what the file says of itself.

    Everything that was committed before this began is in it.

    Parameters
    ----------
    owner_url
        Of the login that owns the database, or of a superuser.
    on_bytes
        Is told how many bytes more were written.

    Raises
    ------
    BackupThere, BackupNotByOwner, ClientTooOld, DumpFailed, LayerError, OSError when the disk is full.
    """
    if file.exists() and not replace:
        raise BackupThere(file=file)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED_PREFIX, dir=file.absolute().parent) as workshop:
        dump = Path(workshop) / "dump"
        try:
            told = _dump(owner_url, dump, on_bytes)
        except psycopg.errors.InsufficientPrivilege as exc:
            raise BackupNotByOwner(login=login_of(owner_url)) from exc
        return write_archive(
            file.absolute(), dump, lambda size, digest: Manifest(**told, dump_bytes=size, dump_sha256=digest),
            replace=replace,
        )  # fmt: skip


def identity_of(url: str) -> tuple[str, str]:
    """Return which database an address leads to: PostgreSQL's number of its cluster, and its name. Raise LayerError."""
    with _connection(url) as connection, translated_errors():
        return _one(connection, "SELECT system_identifier::text FROM pg_control_system()"), connection.info.dbname


def _connection(url: str) -> Connection[Any]:
    try:
        return psycopg.connect(url, connect_timeout=10, options=_OPTIONS)
    except psycopg.OperationalError as exc:
        raise DatabaseUnavailable from exc


def _dump(owner_url: str, dump: Path, on_bytes: OnBytes) -> dict[str, Any]:
    """Write the dump; return what the manifest says besides its size and hash."""
    with _connection(owner_url) as connection, translated_errors():
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        client = client_for(connection.info.server_version // 10_000)
        told = _describe(connection)
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        command = [
            *(client.program("pg_dump"), "--format=custom", "--compress=1", f"--snapshot={snapshot}"),
            *(f"--lock-wait-timeout={LOCK_WAIT}", f"--file={dump}"),
        ]
        said = dump.with_suffix(".said")
        os.close(os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with running(command, owner_url, said) as process:
            told["tables"] = count_tables(connection)
            _wait(process, dump, on_bytes)
        if process.returncode != 0:
            _raise_failed(last_words(said), dump, owner_url)
        told["ended_at"] = _one(connection, "SELECT clock_timestamp()")
        return told


def _describe(connection: Connection[Any]) -> dict[str, Any]:
    """Return what the database says of itself; its first statement takes the snapshot, after the instant of now()."""
    if _one(connection, "SELECT to_regclass('public.geoservice_schema_version')") is None:
        raise SchemaMissing
    with connection.cursor(row_factory=dict_row) as cursor:
        identity = cursor.execute(_IDENTITY.encode()).fetchone() or {}
    audit_seq, audit_hash = connection.execute(_AUDIT).fetchone() or (0, "")
    return identity | {
        "server_version": connection.info.server_version,
        "revision": _one(connection, _REVISION),
        "roles": tuple(name for (name,) in connection.execute(_ROLES)),
        "logins": tuple(name for (name,) in connection.execute(_LOGINS)),
        "last_event": _one(connection, _LAST_EVENT),
        "audit_seq": audit_seq,
        "audit_hash": audit_hash,
    }


def _wait(process: subprocess.Popen[bytes], dump: Path, on_bytes: OnBytes) -> None:
    """Wait for the end of the program, telling how its file grows."""
    seen, running_still = 0, True
    while running_still:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
            running_still = False
        size = dump.stat().st_size
        on_bytes(size - seen)
        seen = size


def _raise_failed(said: str, dump: Path, owner_url: str) -> None:
    if "No space left on device" in said:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(dump.parent.parent))
    if any(sign in said for sign in _NOT_OWNER):
        raise BackupNotByOwner(login=login_of(owner_url))
    raise DumpFailed(said=said)


def _one(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]
