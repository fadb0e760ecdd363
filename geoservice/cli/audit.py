"""Commands about the audit: audit verify, export, list."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.database import open_database, read_settings
from geoservice.cli.instant import Instant
from geoservice.cli.progress import showing
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import wiring
    from geoservice.assigning import model as progress
    from geoservice.records.audit import model
    from geoservice.services.audit import anchors, exporting, service, verifying
    from geoservice.services.backup import archive

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID = {
    "changed": "entry {number} of the chain is not as it was sealed, or stands elsewhere",
    "removed": "entry {number} of the chain is gone",
    "gap": "entries of the chain are gone with their seals, from {number} on",
    "slipped in": "the entry with the id {number} stands before the end of the chain and is not in it",
    "cut off": "the chain ends before link {number}, which was told in {source}",
    "another chain": "link {number} is another one than was told in {source}: the chain was made anew",
}
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.group()
def audit() -> None:
    """See who did what, and whether that is as it was."""


@audit.command()
@click.option("--anchors", "file", type=_FILE, help="Anchors, a line each; those of the data directory when absent.")
@click.option("--anchor", "stated", multiple=True, metavar="SEQ:HASH", help="An anchor kept elsewhere; several.")
@click.option("--backup", "backups", multiple=True, type=_FILE, help="A backup, which tells an anchor; several.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def verify(*, file: Path | None, stated: tuple[str, ...], backups: tuple[Path, ...], as_json: bool) -> None:
    """Go through the chain and tell whether every entry is as it was sealed, none is gone, and none was slipped in.

    That a chain was made anew, or that its end was cut off, only an anchor shows: keep some where whoever may change
    the database can not change them. Ends with 1 when something is found.
    """
    known = tuple(_anchors(file, stated, backups))
    with showing("verifying") as on_progress, open_database() as database:
        found = verifying.verify_chain(
            database, known, lambda done, of: on_progress(progress.Progress(done, done / of if of else None))
        )
    if as_json:
        click.echo(orjson.dumps(_told(found)))
    else:
        _tell(found)
    if found.faults:
        sys.exit(1)


def _anchors(file: Path | None, stated: tuple[str, ...], backups: tuple[Path, ...]) -> Iterator[anchors.Anchor]:
    yield from map(anchors.read_anchor, stated)
    yield from (wiring.anchor_file(read_settings()) if file is None else anchors.AnchorFile(file)).anchors()
    for backup in backups:
        manifest = archive.read_manifest(backup)
        if manifest.audit_seq:
            yield anchors.Anchor(manifest.audit_seq, bytes.fromhex(manifest.audit_hash), backup.name)


def _told(found: verifying.Verified) -> dict[str, object]:
    return {
        "seq": found.seq, "hash": found.hash.hex(), "anchors": found.anchors, "waiting": found.waiting.count,
        "oldest_waiting_at": found.waiting.oldest_at, "unnamed_faults": found.unnamed,
        "faults": [{"kind": one.kind, "number": one.number, "source": one.source} for one in found.faults],
    }  # fmt: skip


def _tell(found: verifying.Verified) -> None:
    for fault in found.faults:
        click.echo(_SAID[fault.kind].format(number=fault.number, source=fault.source), err=True)
    if found.unnamed:
        click.echo(f"and {found.unnamed:,} more", err=True)
    waits = found.waiting
    oldest = f", the oldest since {waits.oldest_at:%Y-%m-%d %H:%M:%S}Z" if waits.oldest_at else ""
    against = f"compared with {found.anchors:,} anchors" if found.anchors else "without an anchor to compare with"
    state = f"{len(found.faults) + found.unnamed:,} faults" if found.faults else "as they were sealed"
    click.echo(f"{found.seq:,} entries, {against}: {state}. {waits.count:,} are not sealed yet{oldest}.")
    click.echo(f"anchor {found.seq}:{found.hash.hex()}" if found.seq else "There is no anchor yet.")


@audit.command()
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only what follows this one.")
def export(*, after: int) -> None:
    """Write sealed entries to standard output, a JSON object a line, for whoever collects logs.

    Each has its place in the chain and its hash. Go on later with --after and the last `seq` that was written.
    """
    with showing("exporting") as on_progress, open_database() as database:
        last = exporting.chain_head(database).seq
        for seq, line in exporting.chain_lines(database, after=after, up_to=last):
            click.echo(line)
            if seq % 1000 == 0:
                on_progress(progress.Progress(seq - after, (seq - after) / (last - after)))


@audit.command("list")
@click.option("--jurisdiction", help="Code; all when absent.")
@click.option("--who", help="As entries name him, such as dispatcher:desk-1.")
@click.option("--what", help="Such as incident_read.")
@click.option("--since", type=Instant(), help="From this instant on.")
@click.option("--until", type=Instant(), help="Before this instant.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
def list_entries(
    *, jurisdiction: str | None, who: str | None, what: str | None, since: datetime | None, until: datetime | None,
    limit: int,
) -> None:  # fmt: skip
    """List entries, the latest first."""
    search = model.AuditSearch(who=who, what=what, since=since, until=until)
    with open_database() as database:
        found, total = service.AuditService(database).page(search, jurisdiction_code=jurisdiction, limit=limit)
    for one in found:
        place = one.jurisdiction_code or "-"
        touched = orjson.dumps(dict(one.touched)).decode()
        click.echo(f"{one.at:%Y-%m-%d %H:%M:%S}Z  {one.who:24}  {place:10}  {one.what:20}  {touched}")
    click.echo(f"{len(found):,} of {total or 0:,} entries.", err=True)
