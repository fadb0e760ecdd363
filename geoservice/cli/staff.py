"""Commands about staff: staff import, export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.layer_difference import show_proposal, show_refused
from geoservice.cli.ledger_options import ledger_choices, ledger_options, say_whether_written
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services.staff import rosters

if TYPE_CHECKING:
    from geoservice.domain.staff.differences import RemovedPostings, RosterDifference
    from layers.staff.model import PostingSpan

_SHOWN = 10


@click.group()
def staff() -> None:
    """Staff by code and call sign, and which grids they serve."""


@staff.command("import")
@ledger_options
@click.option("--to-is-last-day", is_flag=True, help="`to` is the last day of a posting, not the first one after it.")
@click.option(
    "--removed",
    type=click.Choice(["keep", "end"]),
    default="keep",
    show_default=True,
    help="What becomes of postings that FILE does not name.",
)
@click.option(
    "--ended-on", type=click.DateTime(["%Y-%m-%d"]), help="The first day on which those are over; today when absent."
)
def import_staff(
    *, file: Path, jurisdiction: str, to_is_last_day: bool, removed: str, ended_on: datetime | None, commit: bool,
    as_json: bool, **said: object,
) -> None:  # fmt: skip
    """Import the roster FILE, a row a posting, or show what that would change.

    FILE is a CSV, .xlsx, .xls or .ods with columns for code and role, and for call sign, grid, from and to where they
    are known; a grid by its code or its name. Columns of names, telephones and the like are refused. Who has no call
    sign is given one. Postings run from a day to the first day after them.

    \b
        geoservice staff import 花名册.xlsx --jurisdiction sare
        geoservice staff import 花名册.xlsx --jurisdiction sare --to-is-last-day --removed end --commit
    """  # noqa: D301  click's mark: lines stay as they are
    with busy(f"Reading {file.name} …"):
        read = rosters.read_roster(str(file), ledger_choices(said), import_limits())
    options = rosters.RosterOptions(
        to_is_last_day, cast("RemovedPostings", removed), None if ended_on is None else ended_on.date()
    )
    with open_database() as database:
        service = rosters.RosterService(database)
        if commit:
            found = service.apply(jurisdiction, read, options, actor=actor())
        else:
            found = service.compare(jurisdiction, read, options)
    if as_json:
        told = _fields(found.difference) | {"written": commit and not found.difference.is_empty}
        click.echo(orjson.dumps(told | {"remarks": [*read.remarks, *found.remarks]}))
        return
    show_proposal(read.proposal)
    for remark in read.remarks:
        click.echo(remark, err=True)
    _show(found.difference)
    for remark in found.remarks:
        click.echo(remark)
    say_whether_written(commit=commit, is_empty=found.difference.is_empty)


@staff.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@click.option("--force", is_flag=True, help="Replace OUT when it is a file that is there.")
def export(*, out: Path, jurisdiction: str, force: bool) -> None:
    """Write staff and postings to OUT, a CSV with a row a posting, as `staff import` reads it."""
    with open_database() as database:
        count = rosters.RosterService(database).export(jurisdiction, out, force=force)
    click.echo(f"{out}: {count} rows.")


def _show(found: RosterDifference) -> None:
    ended = len(found.postings_ended) + len(found.postings_removed)
    click.echo(
        f"Staff: {len(found.staff_added)} added, {len(found.staff_changed)} changed, {len(found.not_named)} not named."
        f" Postings: {len(found.postings_added)} added, {len(found.postings_changed)} changed, {ended} ended,"
        f" {found.same} the same, {len(found.refused)} rows refused."
    )
    lines = [f"  + {one.code} {one.call_sign} ({one.role})" for one in found.staff_added]
    lines += [f"  ~ {old.code} {old.call_sign} ({old.role}) -> {new.call_sign} ({new.role})"
              for old, new in found.staff_changed]  # fmt: skip
    _show_some(lines)
    lines = [f"  + {_in_words(one)}" for one in found.postings_added]
    lines += [f"  ~ {_in_words(old)} -> {new.valid_from} to {new.valid_to or 'further notice'}"
              for old, new in found.postings_changed]  # fmt: skip
    lines += [f"  - {_in_words(old)}, over on {new.valid_to}" for old, new in found.postings_ended]
    lines += [f"  - {_in_words(one)}, removed" for one in found.postings_removed]
    _show_some(lines)
    show_refused(found.refused)


def _show_some(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        click.echo(line)
    if len(lines) > _SHOWN:
        click.echo(f"  … {_SHOWN} of {len(lines)} are shown; --json tells all.")


def _in_words(one: PostingSpan) -> str:
    return f"{one.staff_code} at {one.grid_code} as {one.role}, {one.valid_from} to {one.valid_to or 'further notice'}"


def _fields(found: RosterDifference) -> dict[str, object]:
    def changes(pairs: tuple[tuple[object, object], ...]) -> list[dict[str, object]]:
        return [{"old": _told(old), "new": _told(new)} for old, new in pairs]

    return {
        "staff_added": [_told(one) for one in found.staff_added], "staff_changed": changes(found.staff_changed),
        "postings_added": [_told(one) for one in found.postings_added],
        "postings_changed": changes(found.postings_changed), "postings_ended": changes(found.postings_ended),
        "postings_removed": [_told(one) for one in found.postings_removed], "same": found.same,
        "not_named": found.not_named, "refused": [_told(one) for one in found.refused],
    }  # fmt: skip


def _told(one: object) -> object:
    return one._asdict()  # type: ignore[attr-defined]  # named tuples all
