"""Commands about jurisdictions: jurisdiction add, correct, set, list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.ballpark import allow_ballpark_option, tell_ballpark
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.findings import report_edition
from geoservice.cli.imports import show_import
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.reading import shapes
    from geoservice.services import jurisdictions as jurisdiction_services
    from layers.jurisdictions import model

if TYPE_CHECKING:
    from layers.jurisdictions.model import Reroute, Visitors

#: Sizes of holes that are told one by one.
HOLES_TOLD = 5


class Metres(click.FloatRange):
    """A distance from 0 to 1000 m; what is no number is out of range, too."""

    def __init__(self) -> None:
        super().__init__(0, 1000)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the metres."""
        metres = float(super().convert(value, param, ctx))
        if math.isnan(metres):
            self.fail(f"{value} is not a number of metres from 0 to 1000.", param, ctx)
        return metres


_REROUTES: dict[Reroute, str] = {
    "move": "goes along", "keep": "stays", "ask": "stays and somebody is asked to decide",
}  # fmt: skip
_VISITORS: dict[Visitors, str] = {
    "closed": "nothing of it", "grids": "its outline, grids, base map and counts",
    "open": "all of it that is not about people",
}  # fmt: skip
_FOUR_EYES = {
    True: "Who drew a draft can neither publish it nor confirm its outline: somebody else does.",
    False: "Who drew a draft may publish it.",
}


@contextmanager
def _jurisdictions() -> Iterator[jurisdiction_services.JurisdictionService]:
    with open_database() as database:
        yield jurisdiction_services.JurisdictionService(database, limits=import_limits())


@click.group()
def jurisdiction() -> None:
    """Add, correct, set up and list the areas served."""


@jurisdiction.command()
@click.argument("code")
@click.option("--name", required=True, help="As people call it.")
@click.option("--name-en", help="In English.")
@click.option("--outline", "outline_path", help="File of polygons; together they are the outline.")
@click.option("--from-grids", "grids_path", help="Instead: file of its grids; what they cover is the outline.")
@click.option("--code", "code_field", help="Of --from-grids: field that holds a grid's code.")
@click.option("--grid-name", help="Of --from-grids: field that holds a grid's name; its code when absent.")
@click.option("--heal", "heal_m", type=float, help="Of --from-grids: first close gaps and overlaps narrower than this.")
@click.option("--crs", help="Of the file: wgs84, cgcs2000, gcj02, bd09 or epsg:N; what it says when absent.")
@click.option("--encoding", help="Of a shapefile's text, such as gbk.")
@click.option("--layer", help="Of a GeoPackage with several.")
@allow_ballpark_option
@click.option("--metric-srid", type=int, help="EPSG number of its metric CRS; chosen by its place when absent.")
@click.option("--time-zone", default="Asia/Shanghai", show_default=True, help="IANA name.")
def add(
    *, code: str, name: str, name_en: str | None, outline_path: str | None, grids_path: str | None,
    code_field: str | None, grid_name: str | None, heal_m: float | None, crs: str | None, encoding: str | None,
    layer: str | None, allow_ballpark: bool, metric_srid: int | None, time_zone: str,
) -> None:  # fmt: skip
    """Add a jurisdiction with the code CODE, by its outline or by its grids.

    By its outline: import an edition of its grids next. By its grids: a draft of them is made and validated as well;
    the exit code is 1 when something forbids publishing it.

    \b
        geoservice jurisdiction add town --name "镇" --from-grids grids.geojson --code code --heal 0.5
    """  # noqa: D301  click's mark: lines stay as they are
    if (outline_path is None) == (grids_path is None):
        raise click.UsageError("Say where it lies: --outline FILE, or --from-grids FILE.")
    with _jurisdictions() as jurisdictions:
        if grids_path is not None:
            if code_field is None:
                raise click.UsageError("Say with --code which field of --from-grids holds a grid's code.")
            with busy(f"Reading {grids_path}"):
                founded = jurisdictions.add_from_grids(
                    code, name=name, name_en=name_en, grids_path=grids_path,
                    fields=shapes.GridFields(code_field, grid_name), heal_m=heal_m, crs=crs, encoding=encoding,
                    layer=layer, allow_ballpark=allow_ballpark, metric_srid=metric_srid, time_zone=time_zone,
                    actor=actor(),
                )  # fmt: skip
            _tell(founded.jurisdiction)
            _tell_holes(founded.holes_m2)
            show_import(founded.draft)
            report_edition(founded.draft.edition_id, founded.draft.findings)
            return
        if code_field or grid_name or heal_m is not None:
            raise click.UsageError("--code, --grid-name and --heal go with --from-grids.")
        added = jurisdictions.add(
            code, name=name, name_en=name_en, outline_path=str(outline_path), crs=crs, encoding=encoding, layer=layer,
            allow_ballpark=allow_ballpark, metric_srid=metric_srid, time_zone=time_zone, actor=actor(),
        )  # fmt: skip
        _tell(added)
        tell_ballpark(added.ballpark)


def _tell(added: model.Jurisdiction) -> None:
    west, south, east, north = added.bbox
    click.echo(
        f"Jurisdiction {added.code}: lon {west:.6f} to {east:.6f}, lat {south:.6f} to {north:.6f},"
        f" metric CRS EPSG:{added.metric_srid}, time zone {added.time_zone}."
    )


def _tell_holes(holes_m2: tuple[float, ...]) -> None:
    if holes_m2:
        sizes = ", ".join(f"{size:,.0f}" for size in holes_m2[:HOLES_TOLD])
        more = f" m2 … {HOLES_TOLD} of {len(holes_m2)}" if len(holes_m2) > HOLES_TOLD else " m2"
        click.echo(f"No grid has the ground of {len(holes_m2)} holes, so the outline has them, too: {sizes}{more}.")


@jurisdiction.command()
@click.argument("code")
@click.option("--name", help="As people call it.")
@click.option("--name-en", help="In English; '' for none.")
@click.option("--time-zone", help="IANA name. Days and working hours are reckoned by it from now on.")
def correct(*, code: str, name: str | None, name_en: str | None, time_zone: str | None) -> None:
    """Put right how the jurisdiction CODE is called and its time zone; what is not named stays as it is."""
    with _jurisdictions() as jurisdictions:
        now = jurisdictions.correct(code, name=name, name_en=name_en, time_zone=time_zone, actor=actor())
    called = now.name if now.name_en is None else f"{now.name} ({now.name_en})"
    click.echo(f"Jurisdiction {code} is {called}, time zone {now.time_zone}.")


@jurisdiction.command("set")
@click.argument("code")
@click.option("--households-min", type=click.IntRange(0), help="The gate remarks on grids with fewer; 300 at first.")
@click.option("--households-max", type=click.IntRange(0), help="The gate remarks on grids with more; 500 at first.")
@click.option(
    "--code-pattern",
    help=r"The gate remarks on grid codes that are not wholly of this form, such as 5405\d{11}; '' takes any code.",
)
@click.option(
    "--reroute", type=click.Choice(list(_REROUTES)),
    help="What becomes of open incidents whose place gets another grid: they go along, stay, or wait for somebody to"
    " decide; move at first.",
)  # fmt: skip
@click.option(
    "--snap-tolerance", "snap_tolerance_m", type=Metres(),
    help="How many metres outside all grids a place may lie and still be the nearest one's; 25 at first.",
)  # fmt: skip
@click.option(
    "--accuracy", "accuracy_m", type=Metres(),
    help="How many metres senders who state nothing may be off; nearer to a border answers say so. 15 at first.",
)  # fmt: skip
@click.option(
    "--visitors", type=click.Choice(list(_VISITORS)),
    help="What whoever shows no key sees of it: nothing; outline, grids, base map and counts; or all that is not about"
    " people, one by one. grids at first.",
)  # fmt: skip
@click.option(
    "--four-eyes/--no-four-eyes", default=None,
    help="Whether who drew a draft can neither publish it nor confirm its outline, so that two people take part; not at"
    " first.",
)  # fmt: skip
@click.option("--attribution", help="Whom maps, tiles and files of its data name, one line; '' for nobody.")
def set_(
    *, code: str, households_min: int | None, households_max: int | None, code_pattern: str | None,
    reroute: Reroute | None, snap_tolerance_m: float | None, accuracy_m: float | None, attribution: str | None,
    visitors: Visitors | None, four_eyes: bool | None,
) -> None:  # fmt: skip
    """Say what the jurisdiction CODE wants of its grids, publications and look-ups; the rest stays as it is.

    With another snap tolerance the features and open incidents beside its grids get other grids at once.
    """
    with _jurisdictions() as jurisdictions:
        now = jurisdictions.set_up(
            code, households_min=households_min, households_max=households_max, grid_code_pattern=code_pattern,
            reroute=reroute, snap_tolerance_m=snap_tolerance_m, accuracy_m=accuracy_m, attribution=attribution,
            visitors=visitors, four_eyes=four_eyes, actor=actor(),
        )  # fmt: skip
    form = "any code" if now.grid_code_pattern is None else f"codes of the form {now.grid_code_pattern}"
    click.echo(f"Jurisdiction {code} wants {now.households_min} to {now.households_max} households in a grid, {form}.")
    click.echo(f"When its place gets another grid, an open incident {_REROUTES[now.reroute]}.")
    click.echo(
        f"A place at most {now.snap_tolerance_m:g} m outside all grids is the nearest one's; senders who state nothing"
        f" may be {now.accuracy_m:g} m off."
    )
    click.echo(f"Visitors see {_VISITORS[now.visitors]}.")
    click.echo(_FOUR_EYES[now.four_eyes])
    if now.attribution is not None:
        click.echo(f"Maps, tiles and files of its data name: {now.attribution}")


@jurisdiction.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_jurisdictions(*, as_json: bool) -> None:
    """List every jurisdiction."""
    with _jurisdictions() as jurisdictions:
        found = jurisdictions.jurisdictions()
    if as_json:
        click.echo(orjson.dumps([asdict(one) | {"bbox": list(one.bbox)} for one in found]))
        return
    for one in found:
        click.echo(f"{one.code:16}  EPSG:{one.metric_srid}  {one.time_zone:16}  {one.name}")
