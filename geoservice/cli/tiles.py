"""Commands about vector tiles: tiles build, verify, export, prune."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.database import hold_own_layers, read_settings
from geoservice.cli.progress import showing
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import wiring
    from geoservice.assigning import model
    from geoservice.services.tiles import pyramids

if TYPE_CHECKING:
    from geoservice.services.tiles.pyramids import OnProgress

of_jurisdiction = click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
of_layers = click.argument("layers", metavar="[LAYER]...", nargs=-1)
as_json = click.option("--json", "as_json", is_flag=True, help="For machines.")


class TileLayer(click.ParamType[str]):
    """A layer that has tiles; the catalogue is asked which, once one is named."""

    name = "layer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return its name; fail with those there are."""
        hold_own_layers()
        return str(click.Choice(pyramids.layers_with_tiles()).convert(value, param, ctx))


def _pyramids() -> pyramids.PyramidService:
    settings = read_settings()
    hold_own_layers()
    return pyramids.PyramidService(lambda: wiring.open_database(settings), wiring.tile_store(settings))


@contextmanager
def _progress(doing: str) -> Iterator[OnProgress]:
    with showing(doing) as tell:

        def on_progress(done: int, of: int) -> None:
            tell(model.Progress(done, done / of if of else 1.0))

        yield on_progress


@click.group()
def tiles() -> None:
    """Vector tiles: cut beforehand, look whether they are right, write them into a file."""


@tiles.command()
@of_jurisdiction
@of_layers
@click.option("--min-zoom", type=click.IntRange(0, 16), default=0, show_default=True)
@click.option("--max-zoom", type=click.IntRange(0, 16), default=16, show_default=True)
@click.option("--processes", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default="one a core")
@as_json
def build(
    *, jurisdiction: str, layers: tuple[str, ...], min_zoom: int, max_zoom: int, processes: int, as_json: bool
) -> None:
    """Cut the tiles of LAYERs, of all when none is named, that are not kept yet.

    Tiles are cut when they are first asked for in any case; this makes the first answer quick. What was cut when it is
    broken off stays, and the next time only the rest is cut.

    \b
        geoservice tiles build --jurisdiction sare
        geoservice tiles build --jurisdiction sare buildings --max-zoom 15
    """  # noqa: D301  click's mark: lines stay as they are
    if min_zoom > max_zoom:
        raise click.BadParameter(f"{min_zoom} is deeper than --max-zoom {max_zoom}.", param_hint="'--min-zoom'")
    with _progress("cutting tiles") as on_progress:
        built = _pyramids().build(
            jurisdiction, layers, zooms=range(min_zoom, max_zoom + 1), processes=processes, on_progress=on_progress
        )
    if as_json:
        click.echo(orjson.dumps({"tiles": built.tiles, "kept": built.kept, "left": built.left, "bytes": built.bytes}))
        return
    cut = built.tiles - built.kept
    click.echo(f"{built.tiles:,} tiles; {built.kept:,} were kept already, {cut:,} were cut: {built.bytes:,} bytes.")
    if built.left:
        click.echo(
            f"{built.left:,} could not be kept: they were touched meanwhile, or there is no room"
            " (GEOSERVICE_TILE_STORE_BYTES). Build again.", err=True,
        )  # fmt: skip


@tiles.command()
@of_jurisdiction
@of_layers
def verify(*, jurisdiction: str, layers: tuple[str, ...]) -> None:
    """Look whether the kept tiles of LAYERs are what the tables say: cut anew, and read by GDAL.

    What is wrong is forgotten, and cut again when it is asked for.
    """
    with _progress("verifying tiles") as on_progress:
        looked, wrong = _pyramids().verify(jurisdiction, layers, on_progress=on_progress)
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        forgotten = "They were forgotten, and are cut again when they are asked for."
        raise click.ClickException(f"{len(wrong):,} of {looked:,} tiles are wrong. {forgotten}")
    click.echo(f"{looked:,} tiles are right.")


@tiles.command()
@of_jurisdiction
@click.argument("layer", type=TileLayer())
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace OUT when it is a file that is there.")
def export(*, jurisdiction: str, layer: str, out: Path, force: bool) -> None:
    """Write the tiles of LAYER into OUT, a .pmtiles or .mbtiles file, whole or not at all. Build them first.

    \b
        geoservice tiles export --jurisdiction sare buildings buildings.pmtiles
    """  # noqa: D301  click's mark: lines stay as they are
    written = _pyramids().export(jurisdiction, layer, out, force=force)
    click.echo(f"{out}: {written:,} tiles of {layer}.")


@tiles.command()
@of_jurisdiction
@of_layers
def prune(*, jurisdiction: str, layers: tuple[str, ...]) -> None:
    """Forget kept tiles of LAYERs that were touched since. Who holds the map of then keeps what he has of it."""
    click.echo(f"{_pyramids().prune(jurisdiction, layers):,} tiles were forgotten.")
