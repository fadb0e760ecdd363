"""Commands about services: service import, export."""

from __future__ import annotations

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
    from geoservice.services import service_lists

if TYPE_CHECKING:
    from geoservice.domain.importing.limits import Unit
    from geoservice.domain.importing.services import ServiceDifference
    from geoservice.services.service_lists import RemovedServices

_SHOWN = 10


@click.group()
def service() -> None:
    """Services: what can be reported, and how long it may take."""


@service.command("import")
@ledger_options
@click.option(
    "--limit-unit",
    type=click.Choice(["working days", "hours"]),
    help="Of limits that are numbers alone; as the header of their column says when absent.",
)
@click.option(
    "--removed",
    type=click.Choice(["keep", "delete"]),
    default="keep",
    show_default=True,
    help="What becomes of services without incidents that FILE does not name.",
)
def import_services(
    *, file: Path, jurisdiction: str, limit_unit: str | None, removed: str, commit: bool, as_json: bool, **said: object
) -> None:
    """Import the list of services FILE, or show what that would change.

    FILE is a CSV, .xlsx, .xls or .ods with a row a service: code and name, and description, group (or 大类, 中类,
    小类), limit, keywords, attributes (JSON, as GeoReport v2 defines them) and sensitive where they are known. Limits
    are working days or hours; what they mean that say neither is asked for.

    \b
        geoservice service import 事项清单.xlsx --jurisdiction sare --word limit.即时=2小时
    """  # noqa: D301  click's mark: lines stay as they are
    with busy(f"Reading {file.name} …"):
        read = service_lists.read_services(
            str(file), ledger_choices(said), import_limits(), unit=cast("Unit | None", limit_unit)
        )
    with open_database() as database:
        lists = service_lists.ServiceListService(database)
        if commit:
            found = lists.apply(jurisdiction, read, actor=actor(), removed=cast("RemovedServices", removed))
        else:
            found = lists.compare(jurisdiction, read)
    difference = found.difference
    is_empty = not (difference.added or difference.changed or (removed == "delete" and difference.not_named))
    if as_json:
        told = _fields(difference) | {"written": commit and not is_empty}
        click.echo(orjson.dumps(told | {"remarks": [*read.remarks, *found.remarks]}))
        return
    show_proposal(read.proposal)
    for remark in (*read.remarks, *found.remarks):
        click.echo(remark, err=True)
    _show(difference, removed=removed)
    say_whether_written(commit=commit, is_empty=is_empty)


@service.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@click.option("--force", is_flag=True, help="Replace OUT when it is a file that is there.")
def export(*, out: Path, jurisdiction: str, force: bool) -> None:
    """Write the services to OUT, a CSV, as `service import` reads it."""
    with open_database() as database:
        count = service_lists.ServiceListService(database).export(jurisdiction, out, force=force)
    click.echo(f"{out}: {count} services.")


def _show(found: ServiceDifference, *, removed: str) -> None:
    gone = "removed" if removed == "delete" else "kept"
    click.echo(
        f"{len(found.added)} added, {len(found.changed)} changed, {len(found.not_named)} not named and {gone},"
        f" {len(found.in_use)} not named and kept for their incidents, {found.same} the same,"
        f" {len(found.refused)} rows refused."
    )
    lines = [f"  + {one.code} {one.name}" + ("" if one.limit_working_hours is None else
             f", {one.limit_working_hours:g} working hours") for one in found.added]  # fmt: skip
    for change in found.changed:
        told = (f"{name} {getattr(change.old, name)} -> {getattr(change.new, name)}" for name in change.fields)
        lines.append(f"  ~ {change.new.code}: {'; '.join(told)}")
    for line in lines[:_SHOWN]:
        click.echo(line)
    if len(lines) > _SHOWN:
        click.echo(f"  … {_SHOWN} of {len(lines)} are shown; --json tells all.")
    show_refused(found.refused)


def _fields(found: ServiceDifference) -> dict[str, object]:
    return {
        "added": found.added, "changed": [{"old": old, "new": new} for old, new in found.changed],
        "not_named": found.not_named, "in_use": found.in_use, "same": found.same,
        "refused": [one._asdict() for one in found.refused],
    }  # fmt: skip
