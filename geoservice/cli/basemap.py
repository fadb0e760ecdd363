"""Commands about base maps of pictures: basemap add, list, remove."""

from __future__ import annotations

from pathlib import Path

import click

from geoservice.cli.database import read_settings
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import wiring
    from geoservice.services import rasters

_SHIFTED = "up to some 500 m beside what is drawn in WGS 84"


def _rasters() -> rasters.RasterService:
    settings = read_settings()
    return rasters.RasterService(lambda: wiring.open_database(settings), wiring.raster_store(settings))


@click.group()
def basemap() -> None:
    """Serve base maps of pictures, such as an orthophoto or a scanned plan, from tiles that you have."""


@basemap.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@click.option("--title", required=True, help="What it is called on the map.")
@click.option("--attribution", required=True, help="Whom maps with it name.")
@click.option("--crs", default="epsg:3857", show_default=True, help="epsg:3857; gcj02 where it is shifted.")
def add(*, file: Path, jurisdiction: str, title: str, attribution: str, crs: str) -> None:
    """Take over FILE: .mbtiles, .pmtiles, or a folder of z/x/y pictures in PNG, JPEG or WebP.

    \b
        geoservice basemap add ortho.mbtiles --jurisdiction sare --title "Orthophoto 2026" --attribution "Survey office"
    """  # noqa: D301  click's mark: lines stay as they are
    made, ours, looks_shifted = _rasters().add(
        file, jurisdiction=jurisdiction, title=title, attribution=attribution, crs=crs.lower()
    )
    wiring.hand_to_servers(read_settings(), ours)
    click.echo(f"Base map {made.id}, {title}: {made.tiles:,} tiles, zooms {made.min_zoom} to {made.max_zoom}.")
    if made.crs == "gcj02":
        click.echo(f"warning: it is declared GCJ-02, so it lies {_SHIFTED}: the map says so.", err=True)
    elif looks_shifted:
        why = f"it names a source of GCJ-02 maps, and may lie {_SHIFTED}"
        click.echo(f"warning: {why}: if so, add it with --crs gcj02.", err=True)


@basemap.command("list")
def list_() -> None:
    """List what there is."""
    for one in _rasters().every():
        click.echo(f"{one.id}\t{one.jurisdiction}\t{one.title}\t{one.crs}\tzooms {one.min_zoom} to {one.max_zoom}\t"
                   f"{one.tiles:,} tiles\t{one.bytes:,} bytes\t{one.attribution}")  # fmt: skip


@basemap.command()
@click.argument("number", type=click.IntRange(1))
def remove(*, number: int) -> None:
    """Remove the base map of a number."""
    _rasters().remove(number)
    click.echo(f"Base map {number} is removed.")
