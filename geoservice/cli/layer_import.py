"""The command layer import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
import orjson
from click.core import ParameterSource

from geoservice.cli.database import import_limits, open_database
from geoservice.cli.layer_difference import show_proposal, show_unknown_words
from geoservice.cli.layer_osm import import_osm, osm_options
from geoservice.cli.layer_register import REGISTER_OPTIONS, RegisterOptions, import_register, register_options
from geoservice.cli.layer_write import Wish, show_remarks, show_written, write_features
from geoservice.cli.new_file import new_file_option
from geoservice.cli.progress import busy
from geoservice.cli.reading_options import Pairs, reading_options, reading_options_as_choices, said_once, words_by_field
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.reading import features as reading
    from geoservice.services.layers import importing, staging

if TYPE_CHECKING:
    from geoservice.domain.importing.choices import Choices
    from layers.changes.model import Removed

#: What may be said whatever is read; and what only of OpenStreetMap, of a register.
_SHARED = frozenset({"jurisdiction", "removed", "confirm_removal", "commit", "to_file", "as_json", "force"})
_OF_OSM = _SHARED | {"osm", "taken"}
_OF_REGISTER = _SHARED | {"count_register", "layer_id", "columns", "sheets", *REGISTER_OPTIONS}


@click.command("import")
@click.argument("layer_id", metavar="[LAYER]", required=False)
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@osm_options
@register_options
@click.option(
    "--column",
    "columns",
    type=Pairs(),
    multiple=True,
    metavar="FIELD=HEADER",
    help="Which column of FILE a "
    "field of the layer is; lon, lat, wkt, place and building say where a feature is. Of a register: what a column"
    " tells, and its letter or header. Repeatable.",
)
@click.option("--key", metavar="HEADER", help="The column that names features: short for --column code=HEADER.")
@click.option("--columns-from", type=click.Path(path_type=Path, dir_okay=False), help="Columns as they were kept.")
@new_file_option("--keep-columns", what="Keep which column is which field, for the next FILE.")
@click.option(
    "--word",
    "words",
    type=Pairs(),
    multiple=True,
    metavar="FIELD.WORD=CODE",
    help="What a word of FILE means, such as status.停用=offline. Repeatable.",
)
@reading_options
@click.option(
    "--removed",
    type=click.Choice(["keep", "delete"]),
    default="keep",
    show_default=True,
    help="What becomes of stored features that FILE does not name.",
)
@click.option("--confirm-removal", is_flag=True, help="Remove them even if they are more than a tenth.")
@click.option("--commit", is_flag=True, help="Write it; without it only what would change is shown.")
@new_file_option("--to", "to_file", what="Write the whole difference, as CSV.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def import_layer(
    context: click.Context, /, *, layer_id: str | None, file: Path | None, osm: Path | None, taken: tuple[str, ...],
    count_register: Path | None, jurisdiction: str, removed: str, confirm_removal: bool, commit: bool,
    to_file: Path | None, as_json: bool, **said: Any,
) -> None:  # fmt: skip
    """Import features of FILE into LAYER by their key, or show what that would change.

    FILE is a GeoPackage, GeoJSON, shapefile (.shp, .zip), FlatGeobuf, GeoParquet, CSV, .xlsx, .xls or .ods. Which
    column is which field is proposed by its header. What differs is written as one change, which can be undone.

    \b
        geoservice layer import cameras 点位.xlsx --jurisdiction sare --crs gcj02
        geoservice layer import cameras 点位.xlsx --jurisdiction sare --crs gcj02 --commit
        geoservice layer undo 17
        geoservice layer import --osm town.osm.pbf --jurisdiction sare --commit
        geoservice layer import households --count-register FILE --as-of 2026-06-30 --jurisdiction sare
    """  # noqa: D301  click's mark: lines stay as they are
    for written in (to_file, said["keep_columns"]):
        if written is not None and written.absolute() in {one.absolute() for one in (file, osm, count_register) if one}:
            raise click.UsageError(f"{written} is what is read: write to another file.")
    wish = Wish(jurisdiction, cast("Removed", removed), confirm_removal, commit, to_file, as_json)
    if osm is not None:
        _require_fitting(context, "--osm", _OF_OSM)
        import_osm(osm, wish, taken=taken)
    elif count_register is not None:
        if layer_id not in (None, "households"):
            raise click.UsageError(f"A register is counted into the layer households, not into {layer_id[:80]}.")
        _require_fitting(context, "--count-register", _OF_REGISTER)
        options = RegisterOptions(**{name: said[name] for name in REGISTER_OPTIONS})
        import_register(
            count_register, wish, options, columns=said_once("--column", said["columns"]), sheets=said["sheets"]
        )
    elif layer_id is None or file is None:
        raise click.UsageError("Name LAYER and FILE, or say --osm FILE, or --count-register FILE.")
    else:
        _require_fitting(context, "FILE", _of_files(context))
        _import_file(layer_id, file, wish, said)


def _import_file(layer_id: str, file: Path, wish: Wish, said: Mapping[str, Any]) -> None:
    """Import the features of a file, or show what that would change."""
    with open_database() as database:
        layer = staging.written_layer(layer_id)
        service = importing.LayerImportService(database)
        choices = _choices(said, service.surroundings(wish.jurisdiction))
        with busy(f"Reading {file.name} …"):
            table = reading.read_table(str(file), layer, choices, import_limits())
            proposal = reading.proposal_of(table, layer, choices)
            features = reading.features_of(table, proposal, layer, choices)
        if not wish.as_json:
            show_proposal(proposal)
        if said["keep_columns"] is not None:
            said["keep_columns"].write_bytes(orjson.dumps(proposal.fields, option=orjson.OPT_INDENT_2) + b"\n")
        written = write_features(service, layer_id, features, wish, note=importing.note_of(file))
    if wish.as_json:
        click.echo(orjson.dumps(written.fields() | {"remarks": features.remarks}))
        return
    show_remarks(features.remarks)
    show_written(written, wish)
    show_unknown_words(features.unknown)


def _of_files(context: click.Context) -> frozenset[str]:
    return frozenset(str(param.name) for param in context.command.params) - {*REGISTER_OPTIONS, "taken"}


def _require_fitting(context: click.Context, what: str, fitting: frozenset[str]) -> None:
    """Refuse what was said and would not be heard."""
    for param in context.command.params:
        if param.name in fitting or context.get_parameter_source(str(param.name)) is not ParameterSource.COMMANDLINE:
            continue
        name = param.opts[0] if isinstance(param, click.Option) else param.human_readable_name.strip("[]")
        raise click.UsageError(f"{name} does not go with {what}.")


def _choices(said: Mapping[str, Any], around: importing.Surroundings) -> Choices:
    mapping = dict(_kept(cast("Path | None", said["columns_from"])))
    mapping |= said_once("--column", said["columns"], key=said["key"])
    words = words_by_field(cast("Sequence[tuple[str, str]]", said["words"]))
    return reading_options_as_choices(said, around, mapping=mapping, words=words)


def _kept(file: Path | None) -> Iterator[tuple[str, str]]:
    if file is None:
        return
    try:
        kept = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as exc:
        raise click.UsageError(f"{file} holds no columns: it can not be read as JSON.") from exc
    if not isinstance(kept, dict) or not all(isinstance(header, str) for header in kept.values()):
        raise click.UsageError(f"{file} holds no columns: write an object of headers by field.")
    yield from kept.items()
