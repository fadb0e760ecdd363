"""Layers from OpenStreetMap, for the command layer import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.layer_write import Wish, Written, show_remarks, show_written, write_features
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import jurisdictions as jurisdiction_services
    from geoservice.services.layers import importing, openstreetmap

if TYPE_CHECKING:
    from geoservice.reading.osm import OpenStreetMap

#: Layers that a file of OpenStreetMap fills, in this order.
LAYERS = ("basemap", "buildings")


class Layers(click.ParamType):
    """Names of layers, commas between them."""

    name = "LAYERS"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the layers, in their order."""
        named = value if isinstance(value, tuple) else tuple(one.strip() for one in value.split(","))
        unknown = [one for one in named if one not in LAYERS]
        if unknown:
            self.fail(f"{unknown[0][:80]!r} is none of {', '.join(LAYERS)}.", param, ctx)
        return tuple(one for one in LAYERS if one in named)


def osm_options(command: Any) -> Any:
    """Give a command the options of this import."""
    for option in (
        click.option("--take", "taken", type=Layers(), default=LAYERS, help="Of --osm: basemap, buildings, or both."),
        click.option(
            "--osm", type=click.Path(path_type=Path), metavar="FILE",
            help="Instead of LAYER FILE: OpenStreetMap data (.osm, .osm.gz, .osm.bz2, .osm.pbf).",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def import_osm(file: Path, wish: Wish, *, taken: tuple[str, ...]) -> None:
    """Import the layers that a file of OpenStreetMap fills, each as one change, or show what that would change."""
    if wish.to_file is not None and len(taken) > 1:
        raise click.UsageError("A file holds the difference of one layer: say --take basemap or --take buildings.")
    with open_database() as database:
        service = importing.LayerImportService(database)
        town = openstreetmap.OpenStreetMapService(database, limits=import_limits())
        with busy(f"Reading {file.name} …"):
            found = town.read(wish.jurisdiction, file)
        if wish.commit:
            # Before there are any data that have to be credited.
            jurisdictions = jurisdiction_services.JurisdictionService(database)
            attribution = jurisdictions.credit(wish.jurisdiction, found.attribution, actor=actor())
        note = importing.note_of(file)
        written = {layer: write_features(service, layer, getattr(found, layer), wish, note=note) for layer in taken}
    if wish.as_json:
        click.echo(orjson.dumps(_fields(found, written)))
        return
    show_remarks(dict.fromkeys(remark for layer in taken for remark in getattr(found, layer).remarks))
    click.echo(f"{found.areas_built} areas of the file were built, {found.areas_not_built} were not.")
    for layer, one in written.items():
        click.echo(f"{layer}:")
        show_written(one, wish)
    if wish.commit:
        click.echo(f"Maps, tiles and files of {wish.jurisdiction} name: {attribution} ({found.attribution_url})")


def _fields(found: OpenStreetMap, written: dict[str, Written]) -> dict[str, object]:
    return {
        "areas_built": found.areas_built, "areas_not_built": found.areas_not_built, "not_built": found.not_built,
        "attribution": found.attribution, "attribution_url": found.attribution_url,
        "layers": {
            layer: one.fields() | {"remarks": getattr(found, layer).remarks} for layer, one in written.items()
        },
    }  # fmt: skip
