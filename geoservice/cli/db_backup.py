"""The commands db backup and db restore."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.bytes_shown import bytes_shown, size_words
from geoservice.cli.database import database_urls, read_settings
from geoservice.cli.up import Progress
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import wiring
    from geoservice.running import restoring
    from geoservice.services.backup import archive, dumping, keeping

if TYPE_CHECKING:
    from geoservice.services.backup.manifest import Manifest

_JSON = click.option("--json", "as_json", is_flag=True, help="For machines.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@click.option("--check", "is_check", is_flag=True, help="Verify the backup FILE instead of making one.")
@click.option(
    "--when-due", is_flag=True, help="Without FILE: only when the newest copy is old enough, as settings say."
)
@_JSON
def backup(*, file: Path | None, force: bool, is_check: bool, when_due: bool, as_json: bool) -> None:
    """Copy the database into FILE, consistent while it is written to; whole or not at all.

    All that was committed before the command began is in it. FILE is a tar of a dump, which pg_restore reads, and a
    manifest. It holds what residents wrote: only its owner may read it.

    Without FILE the copy goes into the directory of GEOSERVICE_BACKUP_DIR, and old copies of this database there are
    removed, but for the newest GEOSERVICE_BACKUP_COPIES.
    """
    if is_check:
        _check(file, as_json=as_json)
        return
    if file is None:
        _keep(when_due=when_due, as_json=as_json)
        return
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"There is no folder {file.absolute().parent}; make it, or name a file elsewhere.")
    with _clearing_up(), bytes_shown("copying the database") as on_bytes:
        manifest = dumping.back_up(database_urls().owner, file, replace=force, on_bytes=on_bytes)
    _tell(file, manifest, as_json=as_json)


@contextmanager
def _clearing_up() -> Iterator[None]:
    """Have SIGTERM end it as Ctrl-C does: what is half written goes with it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _keep(*, when_due: bool, as_json: bool) -> None:
    settings, owner = read_settings(), database_urls().owner
    if settings.backup_dir is None:
        raise click.UsageError("Name a FILE, or set GEOSERVICE_BACKUP_DIR to a directory for backups.")
    if settings.backup_dir.exists() and not settings.backup_dir.is_dir():
        raise click.UsageError(f"GEOSERVICE_BACKUP_DIR names a file, {settings.backup_dir}; set it to a directory.")
    if when_due and not keeping.is_due(owner, settings.backup_dir, every_h=settings.backup_every_h):
        return
    with _clearing_up(), bytes_shown("copying the database") as on_bytes:
        kept = keeping.keep_another(owner, settings.backup_dir, copies=settings.backup_copies, on_bytes=on_bytes)
    _tell(kept.file, kept.manifest, as_json=as_json)
    for old in kept.removed:
        click.echo(f"{old} is removed.", err=True)


def _check(file: Path | None, *, as_json: bool) -> None:
    if file is None:
        raise click.UsageError("Name the FILE that is to be checked.")
    with bytes_shown("reading the backup") as on_bytes:
        manifest = archive.verify(_there(file), on_bytes)
    _tell(file, manifest, as_json=as_json, also=" It is whole.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_JSON
def restore(*, file: Path, as_json: bool) -> None:
    """Restore the backup FILE where nothing is yet, compare it with its manifest, and bring it up to date.

    That is a new embedded database, or, with GEOSERVICE_DATABASE_URL, an empty database of your own. What is there is
    left as it is, and the command says what to do.
    """
    settings = read_settings()
    with Progress() as progress:
        manifest, restored = restoring.restore_backup(settings, _there(file), report=progress.show)
    erasures = wiring.erasure_list(settings).file
    if not erasures.exists():
        click.echo(
            f"warning: There is no list of erasures at {erasures}: words that were erased after this backup was made"
            " are there again. Where some were, put the list of the old data directory there, or name it by"
            " GEOSERVICE_ERASURE_LIST, and restore once more where nothing is yet.",
            err=True,
        )
    if as_json:
        told = {"tables": restored.tables, "rows": restored.rows, "roles": restored.roles, "logins": manifest.logins}
        told |= {"erased": restored.erased, "listed": restored.listed, "past": restored.past}
        click.echo(orjson.dumps(told | {"revision": restored.revision, "last_event": manifest.last_event}))
        return
    click.echo(
        f"{restored.tables} tables, {restored.rows:,} rows, all as in the manifest. The schema is at revision"
        f" {restored.revision}; the last event is {manifest.last_event:,}, the backup began {manifest.started_at}."
    )
    click.echo(
        f"Words were erased again of {restored.erased} reports, of {restored.listed} on the list of erasures, and of"
        f" {restored.past} that are past their time."
    )
    for role in restored.roles:
        click.echo(f"The role {role}, which something is granted to, was made without a login.", err=True)
    if manifest.logins:
        click.echo(
            f"Logins of people are not in a backup. Make them again by geoservice db login: "
            f"{', '.join(manifest.logins)}.",
            err=True,
        )


def _there(file: Path) -> Path:
    if not file.is_file():
        raise click.UsageError(f"There is no file {file}.")
    return file


def _tell(file: Path, manifest: Manifest, *, as_json: bool, also: str = "") -> None:
    size = file.stat().st_size
    if as_json:
        click.echo(orjson.dumps({"file": str(file), "bytes": size} | manifest.model_dump(mode="json")))
        return
    click.echo(
        f"{file}: {size_words(size)}, {len(manifest.tables)} tables, {manifest.rows:,} rows up to"
        f" {manifest.started_at.isoformat(timespec='seconds')}, last event {manifest.last_event:,},"
        f" revision {manifest.revision}.{also}"
    )
    if manifest.audit_seq:
        click.echo(f"audit anchor {manifest.audit_seq}:{manifest.audit_hash}")
