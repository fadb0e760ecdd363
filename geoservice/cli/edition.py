"""Commands about editions: edition import, list, show, validate, publish; export is in its own file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.ballpark import allow_ballpark_option
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.draft_tables import show_impact
from geoservice.cli.edition_deciding import COMMANDS as DECIDING
from geoservice.cli.edition_drafts import COMMANDS
from geoservice.cli.edition_export import export
from geoservice.cli.edition_outline import outline
from geoservice.cli.edition_qgis import qgis
from geoservice.cli.findings import finding_fields, report_edition, show_findings, write_findings
from geoservice.cli.imports import show_import
from geoservice.cli.instant import Instant
from geoservice.cli.new_file import new_file_option
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.reading import shapes
    from geoservice.services import editions as edition_services
    from geoservice.services import importing
    from layers.grids import model

as_json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")
findings_to_option = new_file_option("--findings-to", what="Write the findings as GeoJSON, for a GIS.")


@contextmanager
def _editions() -> Iterator[edition_services.EditionService]:
    with open_database() as database:
        yield edition_services.EditionService(database, limits=import_limits())


@click.group()
def edition() -> None:
    """Import, validate and publish complete sets of grids."""


for command in (*COMMANDS, *DECIDING, export, outline, qgis):
    edition.add_command(command)


@edition.command("import")
@click.argument("file")
@click.option("--jurisdiction", "jurisdiction_code", required=True, help="Code of the jurisdiction.")
@click.option("--code", required=True, help="Field that holds the grid's code.")
@click.option("--name", help="Field that holds its name; its code when absent.")
@click.option("--name-en", help="Field that holds its English name.")
@click.option("--parent-code", help="Field that holds the code of the larger unit it belongs to.")
@click.option("--keep", multiple=True, help="Another field to keep; repeatable. The rest is left out.")
@click.option("--crs", help="wgs84, cgcs2000, gcj02, bd09 or epsg:N; what the file says when absent.")
@click.option("--encoding", help="Of a shapefile's text, such as gbk.")
@click.option("--layer", help="Of a GeoPackage with several.")
@allow_ballpark_option
@click.option("--title", help="Of the edition; the file's name when absent.")
@click.option("--heal", "heal_m", type=float, help="First close gaps and overlaps narrower than this many metres.")
@click.option("--reassign-code", "codes", multiple=True, help="May name another place from now on; repeatable.")
@click.option("--own-outline", is_flag=True, help="What these grids cover is the outline from this edition on.")
@click.option("--reason", help="Why, with --reassign-code or --own-outline; it is kept with the edition.")
@findings_to_option
@as_json_option
def import_(
    *, file: str, jurisdiction_code: str, code: str, name: str | None, name_en: str | None, parent_code: str | None,
    keep: tuple[str, ...], crs: str | None, encoding: str | None, layer: str | None, allow_ballpark: bool,
    title: str | None, heal_m: float | None, codes: tuple[str, ...], own_outline: bool, reason: str | None,
    findings_to: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a draft of the grids in FILE and validate it; nothing is in force before it is published.

    FILE is GeoJSON, GeoPackage, a shapefile (.shp or .zip) or GeoParquet. The exit code is 1 when a finding of severity
    error forbids publishing; the draft is kept, to be mended.
    """
    if codes and not reason:
        raise click.UsageError("Say with --reason why codes name another place from now on.")
    if reason and not codes and not own_outline:
        raise click.UsageError("--reason goes with --reassign-code or --own-outline.")
    fields = shapes.GridFields(code, name, name_en, parent_code, keep)
    with _editions() as editions, busy(f"Importing {file}"):
        result = editions.import_file(
            file, jurisdiction_code=jurisdiction_code, fields=fields, crs=crs, encoding=encoding, layer=layer,
            allow_ballpark=allow_ballpark, title=title, heal_m=heal_m,
            reassigned=importing.Reassigned(codes, reason) if codes and reason else None,
            own_outline=own_outline, outline_reason=reason if own_outline else None, actor=actor(),
        )  # fmt: skip
    if not as_json:
        show_import(result)
    if heal_m is None and any(one.rule == "invalid-ring" for one in result.findings):
        click.echo(
            "A ring that is not valid is not in the draft. Import the file again with --heal 0.5 to mend it.", err=True
        )
    report_edition(result.edition_id, result.findings, as_json=as_json, findings_to=findings_to, grids=result.grids)


@edition.command()
@click.argument("edition_id", type=int)
@findings_to_option
@as_json_option
def validate(*, edition_id: int, findings_to: Path | None, as_json: bool) -> None:
    """Look at the draft EDITION_ID as it stands now; exit code 1 when something forbids publishing it."""
    with _editions() as editions, busy(f"Validating edition {edition_id}"):
        findings = editions.validate(edition_id, actor=actor())
    report_edition(edition_id, findings, as_json=as_json, findings_to=findings_to)


@edition.command()
@click.argument("edition_id", type=int)
@click.argument("codes", metavar="CODE...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it is kept with the edition.")
@findings_to_option
@as_json_option
def reassign(*, edition_id: int, codes: tuple[str, ...], reason: str, findings_to: Path | None, as_json: bool) -> None:
    """Accept that each CODE names another place from the draft EDITION_ID on, and validate it.

    What is asked about the time before still finds the place that the code named then.
    """
    with _editions() as editions, busy(f"Validating edition {edition_id}"):
        findings = editions.reassign(edition_id, importing.Reassigned(codes, reason), actor=actor())
    report_edition(edition_id, findings, as_json=as_json, findings_to=findings_to)


@edition.command()
@click.argument("edition_id", type=int)
@click.option("--valid-from", type=Instant(), help="RFC 3339 with zone; earlier corrects, later waits; else now.")
@click.option("--preview", "preview_id", type=click.UUID, help="Move exactly what this preview showed, or nothing.")
@click.option("--yes", is_flag=True, help="Do not show what would move and ask.")
@as_json_option
def publish(*, edition_id: int, valid_from: datetime | None, preview_id: UUID | None, yes: bool, as_json: bool) -> None:
    """Put the draft EDITION_ID in force; the edition in force until then is superseded.

    At a terminal, what would move is shown first, and exactly that is moved when you say yes.
    """
    with _editions() as editions:
        if preview_id is None and not yes and not as_json and _at_a_terminal():
            impact = editions.preview(edition_id, valid_from=valid_from, actor=actor())
            show_impact(impact)
            if impact.blockers:
                sys.exit(1)
            click.confirm("Publish exactly this?", abort=True)
            preview_id = impact.preview.id
        with busy(f"Publishing edition {edition_id}"):
            result = editions.publish(edition_id, valid_from=valid_from, preview_id=preview_id, actor=actor())
    if as_json:
        click.echo(orjson.dumps({"edition": _fields(result.edition), "moved_features": result.moved_features}))
        return
    told = result.edition
    click.echo(
        f"Edition {told.id} of {told.jurisdiction_code} holds from {told.valid_from:%Y-%m-%d %H:%M:%S %Z} on;"
        f" {result.moved_features} features changed their grid."
    )


@edition.command("list")
@click.option("--jurisdiction", "jurisdiction_code", help="Of this jurisdiction only.")
@as_json_option
def list_editions(*, jurisdiction_code: str | None, as_json: bool) -> None:
    """List editions, the oldest first."""
    with _editions() as editions:
        found = editions.editions(jurisdiction_code)
    if as_json:
        click.echo(orjson.dumps([_fields(one) for one in found]))
        return
    for one in found:
        click.echo(
            f"{one.id:>6}  {one.jurisdiction_code:12}  {one.status:10}  {one.grid_count:>6} grids  {_held(one):45}"
            f"  {one.title}"
        )


@edition.command()
@click.argument("edition_id", type=int)
@findings_to_option
@as_json_option
def show(*, edition_id: int, findings_to: Path | None, as_json: bool) -> None:
    """Show the edition EDITION_ID and what the last look at it found."""
    with _editions() as editions:
        found, findings = editions.edition(edition_id), editions.findings(edition_id)
    if findings_to is not None:
        write_findings(findings, findings_to)
    if as_json:
        click.echo(orjson.dumps({"edition": _fields(found), "findings": [finding_fields(one) for one in findings]}))
        return
    for name, value in _fields(found).items():
        if value is not None:
            click.echo(f"{name.replace('_', ' '):18} {value}")
    show_findings(findings)


def _fields(one: model.Edition) -> dict[str, object]:
    return {
        "id": one.id, "jurisdiction": one.jurisdiction_code, "title": one.title, "status": one.status,
        "valid_from": _text(one.valid_from), "valid_to": _text(one.valid_to), "source": one.source,
        "grids": one.grid_count, "validated": one.validated, "errors": one.error_count,
        "warnings": one.warning_count, "recorded_at": _text(one.recorded_at),
        "published_at": _text(one.published_at), "published_by": one.published_by,
    }  # fmt: skip


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _held(one: model.Edition) -> str:
    """Return from when to when an edition holds, as is believed now, to the minute: a day alone has no zone."""
    if one.valid_from is None:
        return ""
    if one.valid_from == one.valid_to:
        return "at no time: another took its place"
    until = "" if one.valid_to is None else f" to {one.valid_to.astimezone(UTC):%Y-%m-%d %H:%M}"
    return f"from {one.valid_from.astimezone(UTC):%Y-%m-%d %H:%M}{until} UTC"


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
