"""The command edition export."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
import orjson

from geoservice.cli.ballpark import allow_ballpark_option
from geoservice.cli.database import open_database
from geoservice.lazy_modules import lazily
from geoservice.writing.format_names import FORMAT_NAMES, FormatName

with lazily():
    from geoservice.services import exporting


@click.command()
@click.argument("edition_id", type=int)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--crs", default="wgs84", show_default=True, help="wgs84, cgcs2000 or epsg:N, such as epsg:4540.")
@click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), help="By the end of OUT when absent.")
@allow_ballpark_option
@click.option("--force", is_flag=True, help="Replace OUT when it is a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def export(
    *, edition_id: int, out: Path, crs: str, format_name: str | None, allow_ballpark: bool, force: bool, as_json: bool
) -> None:
    """Write the grids of the edition EDITION_ID to OUT, whole or not at all.

    OUT is a GeoPackage (.gpkg), GeoJSON (.geojson), a zipped shapefile (.zip; with --format shapefile also the name of
    a new folder), GeoParquet (.parquet), FlatGeobuf (.fgb), CSV (.csv) or a workbook (.xlsx). Code, name, name_en,
    parent_code and all properties are kept, coordinates to the last digit.

    \b
        geoservice edition export 7 grids.gpkg --crs epsg:4540
    """  # noqa: D301  click's mark: lines stay as they are
    with open_database() as database:
        result = exporting.ExportService(database).export(
            edition_id, out, crs=crs.lower(), format_name=cast("FormatName | None", format_name),
            allow_ballpark=allow_ballpark, force=force,
        )  # fmt: skip
    if as_json:
        told = {"out": str(out), "grids": result.features, "epsg": result.epsg, "format": result.format}
        click.echo(orjson.dumps(told | {"remarks": result.remarks}))
        return
    for remark in result.remarks:
        click.echo(remark, err=True)
    click.echo(f"{out}: {result.features} grids of edition {edition_id} as {result.format}, EPSG:{result.epsg}.")
