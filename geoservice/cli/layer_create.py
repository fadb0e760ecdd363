"""The commands layer create and layer drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import import_limits, open_database, read_settings
from geoservice.cli.layer_difference import difference_fields, show_difference
from geoservice.cli.layer_write import show_remarks
from geoservice.cli.progress import busy
from geoservice.cli.reading_options import Pairs, reading_options, reading_options_as_choices, said_once
from geoservice.lazy_modules import lazily

with lazily():
    from rich import console, table

    from geoservice import wiring
    from geoservice.domain.importing import inferring, words
    from geoservice.reading import new_layers
    from geoservice.services.layers import importing, own
    from layers import title as titles

if TYPE_CHECKING:
    from geoservice.reading.new_layers import NewLayer
    from layers.title import Title

_KINDS = ("text", "integer", "number", "boolean", "instant", "codes")


@click.command()
@click.argument("name")
@click.option("--from", "file", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Its features.")
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction that the features are in.")
@click.option("--title-zh", help="What people call the layer in Chinese.")
@click.option("--title-en", help="What people call it in English.")
@click.option(
    "--column",
    "columns",
    type=Pairs(),
    multiple=True,
    metavar="NAME=HEADER",
    help="What a column of FILE is called in the layer; code names features; lon, lat, wkt, place and building say"
    " where they are. Repeatable.",
)
@click.option("--key", metavar="HEADER", help="The column that names features: short for --column code=HEADER.")
@click.option(
    "--type", "kinds", type=Pairs(), multiple=True, metavar="NAME=TYPE", help=f"{', '.join(_KINDS)}. Repeatable."
)
@click.option(
    "--title",
    "column_titles",
    type=Pairs(),
    multiple=True,
    metavar="NAME=中文/English",
    help="What people call a column; its header when absent. Repeatable.",
)
@click.option("--without", multiple=True, metavar="HEADER", help="Leave a column of FILE out. Repeatable.")
@reading_options
@click.option("--commit", is_flag=True, help="Make it; without it only what would be made is shown.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def create(
    *, name: str, file: Path, jurisdiction: str, commit: bool, as_json: bool, **said: object
) -> None:  # fmt: skip
    """Make a layer NAME of one's own of a file, or show what it would be.

    Types and codes of columns are taken from what stands in them; columns about people are left out. The layer is then
    like any other: assigned, moved by publications, on the map, in tiles, files, QGIS and the interface. FILE is of any
    kind that layer import takes, which brings later files into it.

    \b
        geoservice layer create hydrants --from 消火栓.xlsx --jurisdiction sare --title-zh 消火栓
        geoservice layer create hydrants --from 消火栓.xlsx --jurisdiction sare --title-zh 消火栓 --commit
        geoservice layer import hydrants 消火栓2027.xlsx --jurisdiction sare --commit
    """  # noqa: D301  click's mark: lines stay as they are
    with open_database() as database:
        around = importing.LayerImportService(database).surroundings(jurisdiction)
        mapping, told = _told(said)
        choices = reading_options_as_choices(said, around, mapping=mapping, words={})
        title = _title(name, cast("str | None", said["title_zh"]), cast("str | None", said["title_en"]))
        with busy(f"Reading {file.name} …"):
            made = new_layers.new_layer(str(file), name, title, told, choices, import_limits())
        if not as_json:
            _show(made)
        with busy("Making the layer …"):
            service = own.OwnLayerService(database, wiring.own_layer_limits(read_settings()))
            applied = service.create(
                jurisdiction,
                made.layer,
                made.features,
                actor=actor(),
                door="command",
                note=importing.note_of(file),
                commit=commit,
            )
    if as_json:
        click.echo(orjson.dumps(_fields(made) | {"difference": difference_fields(applied.difference), "made": commit}))
        return
    show_remarks(made.features.remarks)
    show_difference(applied.difference, removed="keep")
    if commit:
        click.echo(f"The layer {name} is made. To take it away again: geoservice layer drop {name} --commit")
    else:
        click.echo("Nothing was made: say --commit to make it.")


@click.command()
@click.argument("name")
@click.option("--commit", is_flag=True, help="Drop it; without it only what would go is shown.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def drop(*, name: str, commit: bool, as_json: bool) -> None:
    """Drop the own layer NAME in every jurisdiction: its features, their history, its tiles. It can not be undone.

    \b
        geoservice layer export hydrants hydrants.gpkg --jurisdiction sare
        geoservice layer drop hydrants --commit
    """  # noqa: D301  click's mark: lines stay as they are
    with open_database() as database:
        store = wiring.tile_store(read_settings())
        dropped = own.OwnLayerService(database, store=store).drop(name, actor=actor(), door="command", commit=commit)
    features = {code: count for code, count in dropped.contents.features.items() if count}
    if as_json:
        told = {"features": features, "versions": dropped.contents.versions, "tiles": dropped.tiles, "dropped": commit}
        click.echo(orjson.dumps(told))
        return
    listed = "".join(f" ({', '.join(f'{code} {count}' for code, count in features.items())})" if features else "")
    went = "went" if commit else "would go"
    click.echo(
        f"{sum(features.values())} features{listed}, {dropped.contents.versions} earlier versions of them and"
        f" {dropped.tiles} kept tiles {went} with the layer {name}."
    )
    click.echo(f"The layer {name} is dropped." if commit else "Nothing was dropped: say --commit to drop it.")


def _told(said: Mapping[str, object]) -> tuple[dict[str, str], inferring.ColumnChoices]:
    """Return which columns name and place features, and what is said of the others."""
    columns = said_once("--column", _pairs(said["columns"]), key=cast("str | None", said["key"]))
    of_every_layer = (words.KEY, *words.PLACE)
    mapping = {name: header for name, header in columns.items() if name in of_every_layer}
    kinds = said_once("--type", _pairs(said["kinds"]))
    for name, kind in kinds.items():
        if kind not in _KINDS:
            raise click.UsageError(f"--type {name}={kind}: a type is {', '.join(_KINDS)}.")
    return mapping, inferring.ColumnChoices(
        names={name: header for name, header in columns.items() if name not in of_every_layer},
        kinds=cast("Mapping[str, inferring.Kind]", kinds),
        titles={name: _both(text) for name, text in said_once("--title", _pairs(said["column_titles"])).items()},
        without=frozenset(cast("Sequence[str]", said["without"])),
    )  # fmt: skip


def _pairs(said: object) -> Sequence[tuple[str, str]]:
    return cast("Sequence[tuple[str, str]]", said)


def _title(name: str, zh: str | None, en: str | None) -> Title:
    plain = name.replace("_", " ").capitalize()
    return titles.Title(zh or en or plain, en or zh or plain)


def _both(text: str) -> Title:
    zh, _, en = (part.strip() for part in text.partition("/"))
    return titles.Title(zh or en, en or zh)


def _show(made: NewLayer) -> None:
    layer = made.layer
    click.echo(f"{layer.id}: {layer.title.zh} / {layer.title.en}, {layer.geometry}")
    shown = table.Table("column of the file", "name", "type", "titles", "codes, or why not")
    for header, role in made.roles.items():
        shown.add_row(header, role, "", "", "names features" if role == "code" else "says where they are")
    for one in made.columns:
        if one.column is None:
            shown.add_row(one.header, "", "", "", one.why)
        else:
            unit = f", {one.column.unit}" if one.column.unit else ""
            shown.add_row(
                one.header, one.column.name, one.column.type + unit,
                " / ".join(dict.fromkeys((one.column.title.zh, one.column.title.en))), ", ".join(one.column.codes),
            )  # fmt: skip
    console.Console().print(shown)


def _fields(made: NewLayer) -> dict[str, object]:
    """Return a layer for machines."""
    return {
        "layer": made.layer.id, "title": made.layer.title._asdict(), "geometry": made.layer.geometry,
        "roles": made.roles, "remarks": made.features.remarks,
        "columns": [
            {
                "header": one.header, "why": one.why,
                "name": one.column.name if one.column else None, "type": one.column.type if one.column else None,
                "codes": list(one.column.codes) if one.column else [],
            }
            for one in made.columns
        ],
    }  # fmt: skip
