"""The command layer import."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.ballpark import allow_ballpark_option
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.layer_difference import difference_fields, show_difference, show_proposal, write_difference
from geoservice.cli.new_file import NewFile
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.domain.importing import choices as choosing
    from geoservice.reading import features as reading
    from geoservice.services.layers import importing, staging

if TYPE_CHECKING:
    from geoservice.domain.importing.choices import Choices, Degrees
    from geoservice.domain.importing.model import ReadFeatures
    from layers.changes.model import Removed

_KEY = "code"


class Pairs(click.ParamType):
    """NAME=VALUE."""

    name = "NAME=VALUE"

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return name and value."""
        if isinstance(value, tuple):
            return value
        name, sign, text = value.partition("=")
        if not (name and sign and text):
            wanted = self.name if param is None else param.make_metavar(ctx or click.Context(click.Command("layer")))
            self.fail(f"{value[:80]!r} is not {wanted}.", param, ctx)
        return name, text


@click.command("import")
@click.argument("layer_id", metavar="LAYER")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@click.option(
    "--column",
    "columns",
    type=Pairs(),
    multiple=True,
    metavar="FIELD=HEADER",
    help="Which column of FILE a "
    "field of the layer is; lon, lat, wkt, place and building say where a feature is. Repeatable.",
)
@click.option("--key", metavar="HEADER", help="The column that names features: short for --column code=HEADER.")
@click.option("--columns-from", type=click.Path(path_type=Path, dir_okay=False), help="Columns as they were kept.")
@click.option("--keep-columns", type=NewFile(), help="Keep which column is which field, for the next FILE.")
@click.option(
    "--word",
    "words",
    type=Pairs(),
    multiple=True,
    metavar="FIELD.WORD=CODE",
    help="What a word of FILE means, such as status.停用=offline. Repeatable.",
)
@click.option("--crs", help="wgs84, cgcs2000, gcj02, bd09 or epsg:N; wins over what FILE says.")
@click.option("--encoding", help="Of text in a shapefile or a CSV, such as gbk.")
@click.option("--layer", "file_layer", help="Of a GeoPackage: which of its layers.")
@click.option("--sheet", help="Of a workbook; every sheet with the same header when absent.")
@click.option("--swap-coordinates", is_flag=True, help="Longitude and latitude stand in each other's column.")
@click.option(
    "--degrees", type=click.Choice(["decimal", "minutes"]), help="29.2404, or 29.1425 for 29 degrees 14' 25\"."
)
@click.option(
    "--gbt28181/--no-gbt28181",
    default=None,
    help="Numbers for directions and kinds of cameras are those of GB/T 28181, or are not.",
)
@click.option("--no-persons", multiple=True, metavar="FIELD", help="Short words of this field are no names of people.")
@click.option("--drop-heights", is_flag=True, help="Leave heights out; a file with heights is refused otherwise.")
@allow_ballpark_option
@click.option(
    "--removed",
    type=click.Choice(["keep", "delete"]),
    default="keep",
    show_default=True,
    help="What becomes of stored features that FILE does not name.",
)
@click.option("--confirm-removal", is_flag=True, help="Remove them even if they are more than a tenth.")
@click.option("--commit", is_flag=True, help="Write it; without it only what would change is shown.")
@click.option("--to", "to_file", type=NewFile(), help="Write the whole difference, as CSV.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def import_layer(
    *, layer_id: str, file: Path, jurisdiction: str, removed: str, confirm_removal: bool, commit: bool,
    to_file: Path | None, keep_columns: Path | None, as_json: bool, **said: object,
) -> None:  # fmt: skip
    """Import features of FILE into LAYER by their key, or show what that would change.

    FILE is a GeoPackage, GeoJSON, shapefile (.shp, .zip), FlatGeobuf, GeoParquet, CSV, .xlsx, .xls or .ods. Which
    column is which field is proposed by its header. What differs is written as one change, which can be undone.

    \b
        geoservice layer import cameras 点位.xlsx --jurisdiction sare --crs gcj02
        geoservice layer import cameras 点位.xlsx --jurisdiction sare --crs gcj02 --commit
        geoservice layer undo 17
    """  # noqa: D301  click's mark: lines stay as they are
    layer = staging.written_layer(layer_id)
    with open_database() as database:
        service = importing.LayerImportService(database)
        around = service.surroundings(jurisdiction)
        choices = _choices(said, around)
        with busy(f"Reading {file.name} …"):
            table = reading.read_table(str(file), layer, choices, import_limits())
            proposal = reading.proposal_of(table, layer, choices)
            features = reading.features_of(table, proposal, layer, choices)
        if not as_json:
            show_proposal(proposal)
        if keep_columns is not None:
            keep_columns.write_bytes(orjson.dumps(proposal.fields, option=orjson.OPT_INDENT_2) + b"\n")
        with busy("Comparing …"):
            difference = service.compare(jurisdiction, layer_id, features, shown=None if to_file else 10)
        if to_file is not None:
            write_difference(difference, to_file)
        change = None
        if commit:
            with busy("Writing …"):
                change = service.apply(
                    jurisdiction, layer_id, features, actor=actor(), door="command", note=note_of(file),
                    removed=cast("Removed", removed), token=difference.token, confirmed=confirm_removal,
                ).change  # fmt: skip
    if as_json:
        told = difference_fields(difference) | {"change": None if change is None else change.id}
        click.echo(orjson.dumps(told | {"remarks": features.remarks}))
        return
    show_remarks(features)
    show_difference(difference, removed=removed)
    if change is not None:
        click.echo(f"Written as change {change.id}; to undo it: geoservice layer undo {change.id}")
    elif commit:
        click.echo("There was nothing to write.")
    else:
        click.echo("Nothing was written: say --commit to write it.")


def note_of(file: Path) -> str:
    """Return what the history tells of a file: its name, and by which bytes it is known again."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16] if file.is_file() else ""
    return f"{file.name[:120]} {digest}".strip()


def show_remarks(features: ReadFeatures) -> None:
    """Print what was taken for what, beside the answer."""
    for remark in features.remarks:
        click.echo(remark, err=True)


def _choices(said: Mapping[str, object], around: importing.Surroundings) -> Choices:
    mapping = dict(_kept(cast("Path | None", said["columns_from"])))
    mapping |= dict(cast("Sequence[tuple[str, str]]", said["columns"]))
    if said["key"] is not None:
        mapping[_KEY] = str(said["key"])
    return choosing.Choices(
        mapping=mapping, crs=_text(said["crs"], lower=True), encoding=_text(said["encoding"]),
        layer=_text(said["file_layer"]), sheet=_text(said["sheet"]), swapped=bool(said["swap_coordinates"]),
        degrees=cast("Degrees | None", said["degrees"]), gbt28181=cast("bool | None", said["gbt28181"]),
        words=words_by_field(cast("Sequence[tuple[str, str]]", said["words"])),
        no_persons=frozenset(cast("Sequence[str]", said["no_persons"])), drop_heights=bool(said["drop_heights"]),
        time_zone=around.time_zone, allow_ballpark=bool(said["allow_ballpark"]), bbox=around.bbox,
    )  # fmt: skip


def _text(value: object, *, lower: bool = False) -> str | None:
    if value is None:
        return None
    return str(value).lower() if lower else str(value)


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


def words_by_field(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Return what words mean, by field."""
    words: dict[str, dict[str, str]] = {}
    for name, code in pairs:
        field, sign, word = name.partition(".")
        if not (sign and word):
            raise click.UsageError(f"--word {name}={code} names no field: write FIELD.WORD=CODE.")
        words.setdefault(field, {})[word] = code
    return words
