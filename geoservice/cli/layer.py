"""The commands layer list and layer export, and the group of those that make and change layers."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
import orjson

from geoservice.cli.ballpark import allow_ballpark_option
from geoservice.cli.database import hold_own_layers, open_database
from geoservice.cli.layer_changes import changes, history, undo
from geoservice.cli.layer_create import create, drop
from geoservice.cli.layer_import import import_layer
from geoservice.cli.layer_qgis import qgis
from geoservice.lazy_modules import lazily
from geoservice.writing.format_names import FORMAT_NAMES, FormatName

with lazily():
    from rich import console, table

    from geoservice import errors
    from geoservice.services import exporting
    from layers import catalogue

_OWNED = {"place": "by its place", "building": "by its building", "routing": "by routing", None: "no"}


@click.group()
def layer() -> None:
    """Layers: kinds of features."""


@layer.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_layers(*, as_json: bool) -> None:
    """List the layers, own ones among them where a database is there."""
    try:
        hold_own_layers()
    except errors.NoDatabase as exc:
        click.echo(f"Built-in layers alone: {exc}", err=True)
    if as_json:
        told = [
            {"id": one.id, "title": one.title._asdict(), "geometry": one.geometry, "own": one.own}
            for one in catalogue.catalogue().values()
        ]
        click.echo(orjson.dumps(told))
        return
    shown = table.Table("layer", "title", "geometry", "a grid owns it", "columns")
    shown.columns[0].no_wrap = True
    shown.columns[4].overflow = "fold"
    for one in catalogue.catalogue().values():
        columns = ", ".join(column.name for column in one.columns)
        shown.add_row(one.id, f"{one.title.en} {one.title.zh}", one.geometry, _OWNED[one.assignment], columns)
    console.Console().print(shown)


@layer.command()
@click.argument("layer_id", metavar="LAYER")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@click.option("--crs", default="wgs84", show_default=True, help="wgs84, cgcs2000 or epsg:N, such as epsg:4540.")
@click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), help="By the end of OUT when absent.")
@allow_ballpark_option
@click.option(
    "--stored", is_flag=True,
    help="Only what people write, to be edited and imported again; of households each row with its counts.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace OUT when it is a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def export(
    *, layer_id: str, out: Path, jurisdiction: str, crs: str, format_name: str | None, allow_ballpark: bool,
    stored: bool, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the features of LAYER to OUT, whole or not at all.

    OUT is a GeoPackage (.gpkg), GeoJSON (.geojson), a zipped shapefile (.zip; with --format shapefile also the name of
    a new folder), GeoParquet (.parquet), FlatGeobuf (.fgb), CSV (.csv) or a workbook (.xlsx). Of households it holds
    how many each building has.

    \b
        geoservice layer export cameras cameras.gpkg --jurisdiction sare
        geoservice layer export cameras cameras.xlsx --jurisdiction sare --stored
    """  # noqa: D301  click's mark: lines stay as they are
    with open_database() as database:
        result = exporting.ExportService(database).export_layer(
            jurisdiction, layer_id, out, crs=crs.lower(), format_name=cast("FormatName | None", format_name),
            allow_ballpark=allow_ballpark, force=force, stored=stored,
        )  # fmt: skip
    if as_json:
        told = {"out": str(out), "features": result.features, "epsg": result.epsg, "format": result.format}
        click.echo(orjson.dumps(told | {"remarks": result.remarks}))
        return
    for remark in result.remarks:
        click.echo(remark, err=True)
    click.echo(f"{out}: {result.features} features of {layer_id} as {result.format}, EPSG:{result.epsg}.")


for _command in (create, drop, import_layer, history, changes, undo, qgis):
    layer.add_command(_command)
