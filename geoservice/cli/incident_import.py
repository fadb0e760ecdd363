"""The command incident import."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.layer_difference import show_proposal, show_refused, show_unknown_words
from geoservice.cli.layer_write import show_remarks
from geoservice.cli.new_file import new_file_option
from geoservice.cli.progress import busy, showing
from geoservice.cli.reading_options import Pairs, reading_options, reading_options_as_choices, said_once, words_by_field
from geoservice.domain.spreadsheets import quoted
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.assigning import model
    from geoservice.services import intake
    from geoservice.services.layers import importing

if TYPE_CHECKING:
    from geoservice.domain.importing.model import RefusedRow
    from geoservice.domain.importing.reports import ReadReports
    from geoservice.services.intake import Intake
    from layers.db.session import Database

#: How those that were stored got their grid, in words.
_METHODS = {"covers": "in a grid", "nearest": "just outside, given to the nearest", "building": "by their building",
            "none": "in no grid, to be looked at"}  # fmt: skip


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction that all of them are reported in.")
@click.option(
    "--column",
    "columns",
    type=Pairs(),
    multiple=True,
    metavar="FIELD=HEADER",
    help="Which column of FILE a field is: code, service_code, reported_at, source, description, accuracy_m; lon, lat,"
    " wkt, place and building say where it is. Repeatable.",
)
@click.option(
    "--word",
    "words",
    type=Pairs(),
    multiple=True,
    metavar="FIELD.WORD=CODE",
    help="What a word of FILE means, such as service_code.路灯不亮=light. Repeatable.",
)
@click.option("--system", default="", help="Whose codes these are: two systems may give the same ones.")
@reading_options
@new_file_option("--refused", what="Write the rows that are refused, with their numbers and reasons, as CSV.")
@click.option("--commit", is_flag=True, help="Store them; without it only what would become of them is told.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def import_reports(
    *, file: Path, jurisdiction: str, columns: Sequence[tuple[str, str]], words: Sequence[tuple[str, str]], system: str,
    refused: Path | None, commit: bool, as_json: bool, **said: object,
) -> None:  # fmt: skip
    """Take in the reports of FILE as incidents, or tell what would become of them.

    FILE is a CSV, .xlsx, .xls, .ods, GeoPackage, GeoJSON, shapefile (.shp, .zip), FlatGeobuf or GeoParquet with a row a
    report: its service, when it was reported, where, and its code where its sender has one. Each is routed as at any
    other door. What is stored already is not stored again, so a FILE can be sent once more, or continued; rows that
    are refused stop no others. 5,000 are stored at a time.

    \b
        geoservice incident import 工单.xlsx --jurisdiction sare --crs gcj02
        geoservice incident import 工单.xlsx --jurisdiction sare --crs gcj02 --refused refused.csv --commit
    """  # noqa: D301  click's mark: lines stay as they are
    if refused is not None and refused.absolute() == file.absolute():
        raise click.UsageError(f"{refused} is what is read: write to another file.")
    with open_database() as database:
        read = _read(database, file, jurisdiction, said | {"columns": columns, "words": words})
        if not as_json:
            show_proposal(read.proposal)
            show_remarks(read.remarks)
        taken = _take_in(database, read, system=system, commit=commit)
    if refused is not None:
        _write_refused(taken.refused, refused)
    if as_json:
        click.echo(orjson.dumps(taken.fields() | {"written": commit, "remarks": read.remarks}))
        return
    show_refused(taken.refused)
    show_unknown_words(read.unknown)
    click.echo(_sentence(taken, commit=commit))
    if taken.stored:
        click.echo("What is stored is in hand, whatever FILE says of how it stands, and late where its time is over.")
    if not commit:
        click.echo("Nothing was written: say --commit to write it.")


def _read(database: Database, file: Path, jurisdiction: str, said: dict[str, object]) -> ReadReports:
    around = importing.LayerImportService(database).surroundings(jurisdiction)
    pairs = cast("dict[str, Sequence[tuple[str, str]]]", said)
    choices = reading_options_as_choices(
        said, around, mapping=said_once("--column", pairs["columns"]), words=words_by_field(pairs["words"])
    )
    with busy(f"Reading {file.name} …"):
        return intake.IntakeService(database).read(str(file), jurisdiction, choices, import_limits())


def _take_in(database: Database, read: ReadReports, *, system: str, commit: bool) -> Intake:
    """Store them, or try to; tell how many are stored also where it breaks off."""
    done = 0
    doing = f"{'Storing' if commit else 'Trying'} {len(read.reports):,} reports"
    with showing(doing) as on_progress:

        def on_rows(rows: int, of: int) -> None:
            nonlocal done
            done = rows
            on_progress(model.Progress(rows, rows / of))

        try:
            return intake.IntakeService(database).take_in(
                read, actor=actor(), system=system, commit=commit, on_rows=on_rows
            )
        except BaseException:  # Ctrl-C, the database, or what else: how far it came is told; it is raised again
            if commit:
                click.echo(f"It broke off after {done:,} of {len(read.reports):,} rows. Send FILE once more: what is"
                           " stored is not stored again.", err=True)  # fmt: skip
            raise


def _sentence(taken: Intake, *, commit: bool) -> str:
    """Return how many of how many rows became what."""
    methods = taken.methods
    ways = ", ".join(f"{methods[method]:,} {words}" for method, words in _METHODS.items() if methods[method])
    return (
        f"{taken.stored:,} of {taken.rows:,} rows {'were stored' if commit else 'would be stored'}"
        f"{f' ({ways})' if ways else ''}, {taken.there:,} were there already, {len(taken.refused):,} were refused."
    )


def _write_refused(refused: Sequence[RefusedRow], path: Path) -> None:
    """Write rows that are refused; none of what they say, which could be a person's."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("row", "reason"))
        writer.writerows((one.row, quoted(one.reason)) for one in refused)
