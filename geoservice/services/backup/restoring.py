"""Brings a backup into an empty database, and proves it: rows are counted and compared with the manifest."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, sql

from geoservice.embedded.find import Client, client_for
from geoservice.records.retention.queries import PIECE
from geoservice.services import schema
from geoservice.services.backup.archive import OnBytes, extract_dump
from geoservice.services.backup.counting import count_tables, tables_of
from geoservice.services.backup.errors import (
    BackupOfNewerServer,
    BackupOfNewerVersion,
    DatabaseNotEmpty,
    RestoreDiffers,
    RestoreFailed,
)
from geoservice.services.backup.manifest import Manifest
from geoservice.services.backup.programs import last_words, running
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls
from layers.db.session import translated_errors
from layers.errors import DatabaseUnavailable

_JOBS = 2
_LIST_S = 120.0
#: Of a dump's list of contents: what only a superuser may bring in, and what `prepare_database` does again in every
#: database; and remarks on extensions, which belong to whoever made them.
_DONE_AGAIN = re.compile(
    r"^\d+; \d+ \d+ (?:EVENT TRIGGER |ACL pg_catalog |COMMENT - EVENT TRIGGER |COMMENT - EXTENSION )"
)
#: Coordinate systems that somebody added to PostGIS's own table: of whoever may write there.
_ADDED_CRS = re.compile(r"^\d+; \d+ \d+ TABLE DATA public spatial_ref_sys ")
_MAY_ADD_CRS = """
    SELECT to_regclass('public.spatial_ref_sys') IS NULL
        OR has_table_privilege('public.spatial_ref_sys', 'INSERT')
"""
_ERASE = """
    SELECT geoservice.erase_words(ARRAY(
        SELECT i.id FROM geoservice.incident AS i WHERE i.id = ANY (%s) AND i.words_gone_at IS NULL), 'restore')
"""
_PAST = "SELECT coalesce(sum(d.due), 0)::integer FROM geoservice.retention_due() AS d WHERE d.kind = 'words'"
#: Tells a person what is being done.
Report = Callable[[str], None]


@dataclass(frozen=True)
class Extracted:
    """A backup whose hash was right, with its dump as a file of its own."""

    manifest: Manifest
    dump: Path


@dataclass(frozen=True)
class Restored:
    """What was brought in, and found again."""

    tables: int
    rows: int
    #: Roles that were made because something is granted to them by name; they can not log in.
    roles: tuple[str, ...]
    #: The revision that the schema has now.
    revision: str
    #: Of how many reports the words were erased again, of how many on the list; and by their time.
    erased: int = 0
    listed: int = 0
    past: int = 0


def extract(file: Path, workshop: Path, on_bytes: OnBytes) -> Extracted:
    """Check a backup and take its dump out of it. Raise BackupDamaged, BackupOfNewerVersion; OSError for a full disk.

    Parameters
    ----------
    workshop
        A directory of the caller, which he removes.
    """
    dump = workshop / "dump"
    manifest = extract_dump(file, dump, on_bytes)
    if manifest.revision not in schema.known_revisions():
        raise BackupOfNewerVersion(revision=manifest.revision, newest_known=schema.head())
    return Extracted(manifest, dump)


def restore(
    urls: DatabaseUrls, extracted: Extracted, report: Report = lambda line: None, *, erasures: Sequence[UUID] = ()
) -> Restored:
    """Bring a backup into an empty database, compare it with its manifest, then bring it up to date.

    Nothing is written before the server and the database were found fit. At the end, before anybody is served, words
    go that went since the backup was made.

    Parameters
    ----------
    erasures
        Reports whose words were erased, whenever that was.

    Raises
    ------
    DatabaseNotEmpty, BackupOfNewerServer, ClientTooOld, RestoreFailed, RestoreDiffers, OwnerNeeded, LayerError
    """
    manifest = extracted.manifest
    client, may_add_crs = _require_fit(urls.owner, manifest)
    report("making roles")
    schema.make_roles(urls.owner)
    made = _make_roles(urls.owner, manifest.roles)
    report(f"restoring {manifest.rows:,} rows of {len(manifest.tables)} tables")
    _run_restore(client, urls.owner, extracted.dump, may_add_crs=may_add_crs)
    report("comparing with the manifest")
    with translated_errors(), psycopg.connect(urls.owner, autocommit=True) as connection:
        _compare(connection, manifest)
        connection.execute("ANALYZE")  # a dump has no statistics, and without them plans are guesses
    revision = prepare_database(urls)
    report("erasing again")
    with translated_errors(), psycopg.connect(urls.owner, autocommit=True) as connection:
        erased, past = _erase_again(connection, erasures)
    return Restored(len(manifest.tables), manifest.rows, made, revision, erased, len(erasures), past)


def _erase_again(connection: Connection[Any], erasures: Sequence[UUID]) -> tuple[int, int]:
    """Erase words that were erased since the backup, and what is past its time; return of how many reports each."""
    erased = connection.execute(_ERASE, [list(erasures)]).fetchone()
    past = connection.execute(_PAST).fetchone()
    while (done := connection.execute("SELECT geoservice.run_retention()").fetchone()) and done[0] >= PIECE:
        pass
    return (erased or (0,))[0], (past or (0,))[0]


def require_empty(owner_url: str) -> None:
    """Raise DatabaseNotEmpty when a database holds tables of anybody's, or our schema."""
    with _connection(owner_url) as connection:
        _require_empty(connection)


def _require_fit(owner_url: str, manifest: Manifest) -> tuple[Client, bool]:
    with _connection(owner_url) as connection:
        _require_empty(connection)
        major = connection.info.server_version // 10_000
        if major < manifest.server_major:
            raise BackupOfNewerServer(backup=manifest.server_major, server=major)
        row = connection.execute(_MAY_ADD_CRS).fetchone()
        return client_for(major), bool(row and row[0])


def _require_empty(connection: Connection[Any]) -> None:
    tables = [".".join(table) for table in tables_of(connection)]
    ours = connection.execute("SELECT FROM pg_namespace WHERE nspname = 'geoservice'").fetchone()
    if tables or ours is not None:
        raise DatabaseNotEmpty(database=connection.info.dbname, tables=len(tables))


def _connection(owner_url: str) -> Connection[Any]:
    try:
        return psycopg.connect(owner_url, connect_timeout=10)
    except psycopg.OperationalError as exc:
        raise DatabaseUnavailable from exc


def _make_roles(owner_url: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Make the roles that are missing, unable to log in; return which."""
    with translated_errors(), _connection(owner_url) as connection:
        there = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        missing = tuple(name for name in names if name not in there)
        for name in missing:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
    return missing


def _run_restore(client: Client, owner_url: str, dump: Path, *, may_add_crs: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        contents, said = Path(name) / "contents", Path(name) / "said"
        contents.write_text("\n".join(_contents(client, dump, may_add_crs=may_add_crs)) + "\n", encoding="utf-8")
        command = [
            *(client.program("pg_restore"), "--no-owner", "--exit-on-error", f"--jobs={_JOBS}"),
            *(f"--use-list={contents}", str(dump)),
        ]
        with running(command, owner_url, said) as process:
            process.wait()
        if process.returncode != 0:
            words = last_words(said)
            if "No space left on device" in words:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise RestoreFailed(said=words)


def _contents(client: Client, dump: Path, *, may_add_crs: bool) -> Iterator[str]:
    """Return the lines of a dump's contents that are brought in."""
    done = subprocess.run(  # noqa: S603  a program that we found, and a file of ours
        [client.program("pg_restore"), "--list", str(dump)], capture_output=True, timeout=_LIST_S, check=False
    )
    if done.returncode != 0:
        raise RestoreFailed(said=done.stderr.decode("utf-8", "replace").strip())
    for line in done.stdout.decode("utf-8").splitlines():
        if not _DONE_AGAIN.match(line) and (may_add_crs or not _ADDED_CRS.match(line)):
            yield line


def _compare(connection: Connection[Any], manifest: Manifest) -> None:
    found = count_tables(connection)
    differences = {
        table: (manifest.tables.get(table), found.get(table))
        for table in manifest.tables.keys() | found.keys()
        if manifest.tables.get(table) != found.get(table)
    }
    if differences:
        raise RestoreDiffers(differences)
