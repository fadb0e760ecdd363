"""The command assign: points in, the same points with the grid that owns each out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import orjson

from geoservice.cli.advice import ADVICE, ADVICE_ON_GRIDS, MISTAKES, AdvisedError
from geoservice.cli.ballpark import allow_ballpark_option
from geoservice.cli.database import open_database, read_settings
from geoservice.cli.instant import Instant
from geoservice.cli.progress import showing
from geoservice.lazy_modules import lazily
from geoservice.reading.file_errors import FileRefused
from geoservice.reading.limits import Limits

with lazily():
    from geoservice.assigning import assign as assigning
    from geoservice.assigning import grid_files, model
    from geoservice.assigning.spark import job  # loads what is an extra
    from geoservice.services import assigning as assigning_services
    from layers import crs as systems

if TYPE_CHECKING:
    from geoservice.assigning.model import CoordinateColumns
    from geoservice.assigning.owners import Owners

#: Exit code when OUT was written and no row has a position: nothing was assigned.
NOWHERE = 3
_FILE = click.Path(path_type=Path)


class GridFile(NamedTuple):
    """The options that name a file of grids."""

    path: Path | None
    code: str | None
    crs: str | None
    encoding: str | None
    layer: str | None
    allow_ballpark: bool

    def owners(self, snap_tolerance_m: float) -> Owners:
        """Return its grids; errors advise the options of this file, not those of the points."""
        settings = read_settings()
        limits = Limits.of(features=settings.import_features, file_bytes=settings.import_bytes)
        try:
            return grid_files.owners_of_file(
                Path(str(self.path)), code=self.code, crs=self.crs, encoding=self.encoding, layer=self.layer,
                allow_ballpark=self.allow_ballpark, snap_tolerance_m=snap_tolerance_m, limits=limits,
            )  # fmt: skip
        except (FileRefused, systems.UnknownCrs) as exc:
            raise AdvisedError(exc, {**ADVICE, **ADVICE_ON_GRIDS}) from exc


@click.command()
@click.argument("points", type=_FILE)
@click.argument("out", type=_FILE)
@click.option("--grids", type=_FILE, help="File of polygons; then no database is needed.")
@click.option("--code", help="Field of --grids that holds the code; grid_code or code when absent.")
@click.option("--grids-crs", help="Of --grids: wgs84, cgcs2000, gcj02, bd09 or epsg:N; what the file says when absent.")
@click.option("--grids-encoding", help="Of a shapefile's text in --grids, such as gbk.")
@click.option("--grids-layer", help="Of a GeoPackage with several in --grids.")
@click.option("--grids-allow-ballpark", is_flag=True, help="Of --grids: as --allow-ballpark.")
@click.option("--jurisdiction", help="Instead of --grids: code of a jurisdiction; its grids in force are asked.")
@click.option("--at", type=Instant(), help="In force at this instant, RFC 3339 with zone; now when absent.")
@click.option("--snap-tolerance", type=click.FloatRange(0, 1000), help="Metres outside all grids that a point may lie "
              "and still be given to the nearest; 0 with --grids, else the jurisdiction's.")  # fmt: skip
@click.option("--lon", help="Column of longitude; guessed by its name when absent.")
@click.option("--lat", help="Column of latitude.")
@click.option("--x", help="Column of the easting, with --crs.")
@click.option("--y", help="Column of the northing, with --crs.")
@click.option(
    "--crs", help="Of the points: wgs84, cgcs2000, gcj02, bd09 or epsg:N; what the file says, or degrees, when absent."
)
@click.option("--encoding", help="Of text that is not UTF-8, such as gbk.")
@click.option("--layer", help="Of a GeoPackage of points with several; or the sheet of a workbook.")
@allow_ballpark_option
@click.option("--prefix", default="", help="Put before the names of the added columns grid_code and method.")
@click.option("--overwrite", is_flag=True, help="Replace OUT when it is there.")
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="spark: on Apache Spark; OUT becomes a folder of part files.",
)
@click.option("--master", envvar="SPARK_MASTER", help="Of Spark, such as spark://host:7077; this machine when absent.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def assign(
    *, points: Path, out: Path, grids: Path | None, code: str | None, grids_crs: str | None,
    grids_encoding: str | None, grids_layer: str | None, grids_allow_ballpark: bool, jurisdiction: str | None,
    at: datetime | None, snap_tolerance: float | None, lon: str | None, lat: str | None, x: str | None, y: str | None,
    crs: str | None, encoding: str | None, layer: str | None, allow_ballpark: bool, prefix: str, overwrite: bool,
    engine: str, master: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write OUT: the points of POINTS, each with the grid that owns it.

    Both are CSV, GeoJSON, GeoPackage, Parquet or GeoParquet, as the ends of their names say, and need not be of one
    kind; POINTS may be an Excel workbook (.xlsx), too. Every column is kept; `grid_code` and `method` (covers, nearest
    or none) are added. OUT is written whole or not at all. The exit code is 3 when no row has a position.

    \b
        geoservice assign points.csv owned.csv --grids grids.geojson --code code
        geoservice assign points.parquet owned.parquet --jurisdiction sare
    """  # noqa: D301  click's mark: lines stay as they are
    columns = _columns(lon, lat, x, y, crs)
    request = model.Request(points, out, columns, crs, encoding, layer, allow_ballpark, prefix, overwrite)
    of_file = GridFile(grids, code, grids_crs, grids_encoding, grids_layer, grids_allow_ballpark)
    owners = _owners(of_file, jurisdiction, at, snap_tolerance)
    with showing(points.name) as on_progress:
        if engine == "spark":
            summary = job.assign_with_spark(request, owners, master=master, on_progress=on_progress)
        else:
            summary = assigning.assign(request, owners, on_progress)
    if as_json:
        told = {"out": str(out), **asdict(summary)}
        del told["where"]  # the remarks say it
        click.echo(orjson.dumps(told))
    else:
        for remark in summary.remarks:
            click.echo(remark, err=True)
        if summary.mistake is not None:
            where = summary.where
            columns = where if isinstance(where, model.CoordinateColumns) else model.CoordinateColumns("x", "y")
            click.echo(MISTAKES[summary.mistake].format_map(columns._asdict()), err=True)
        click.echo(_sentence(summary, out))
    if summary.is_nowhere:
        sys.exit(NOWHERE)


def _columns(
    lon: str | None, lat: str | None, x: str | None, y: str | None, crs: str | None
) -> CoordinateColumns | None:
    if lon and lat and not (x or y):
        return model.CoordinateColumns(lon, lat)
    if x and y and not (lon or lat):
        if crs is None:
            raise click.UsageError("--x and --y need --crs, such as --crs epsg:4546. For degrees say --lon and --lat.")
        return model.CoordinateColumns(x, y)
    if lon or lat or x or y:
        raise click.UsageError("Columns come in pairs: --lon and --lat, or --x and --y.")
    return None


def _owners(of_file: GridFile, jurisdiction: str | None, at: datetime | None, snap_tolerance: float | None) -> Owners:
    if (of_file.path is None) == (jurisdiction is None):
        raise click.UsageError("Say whose grids: --grids FILE, or --jurisdiction CODE.")
    if of_file.path is not None:
        if at is not None:
            raise click.UsageError("--at goes with --jurisdiction: a file has no history.")
        return of_file.owners(snap_tolerance or 0.0)
    if any(of_file):
        raise click.UsageError("--code, --grids-crs and the other options of grids go with --grids.")
    return _owners_in_force(str(jurisdiction), at, snap_tolerance)


def _owners_in_force(jurisdiction: str, at: datetime | None, snap_tolerance: float | None) -> Owners:
    # A file of grids needs no database, nor the time to load what speaks to one.
    with open_database() as database:
        return assigning_services.owners_in_force(database, jurisdiction, at=at, snap_tolerance_m=snap_tolerance)


def _sentence(summary: model.Summary, out: Path) -> str:
    ways = [
        (summary.covered, "in a grid"), (summary.nearest, "just outside, given to the nearest"),
        (summary.none, "in no grid"), (summary.without_position, "without a position"),
    ]  # fmt: skip
    told = ", ".join(f"{count:,} {way}" for count, way in ways if count)
    return f"{out}: {summary.rows:,} points in {summary.seconds:.1f} s{': ' if told else ''}{told}."
