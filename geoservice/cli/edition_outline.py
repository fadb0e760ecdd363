"""edition outline: what a draft's grids are to partition, when that is not what it was."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.ballpark import allow_ballpark_option, tell_ballpark
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.draft_tables import show_outline
from geoservice.cli.new_file import new_file_option
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import geojson
    from geoservice.services.drafting import outlines as outline_services


@click.command()
@click.argument("edition_id", type=int)
@click.argument("file", required=False)
@click.option("--own", is_flag=True, help="Instead of FILE: what the grids of the draft cover as they stand.")
@click.option("--confirm", is_flag=True, help="The outline that the draft has is right.")
@click.option("--reason", help="Why it is another one than before; it is kept with the edition.")
@click.option("--crs", help="Of FILE: wgs84, cgcs2000, gcj02, bd09 or epsg:N; what it says when absent.")
@click.option("--encoding", help="Of a shapefile's text, such as gbk.")
@click.option("--layer", help="Of a GeoPackage with several.")
@allow_ballpark_option
@click.option("--commit", is_flag=True, help="Change the draft; without it, only say what would be different.")
@new_file_option("--to", "to_file", what="Write what falls in and out as GeoJSON, for a GIS.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def outline(
    *, edition_id: int, file: str | None, own: bool, confirm: bool, reason: str | None, crs: str | None,
    encoding: str | None, layer: str | None, allow_ballpark: bool, commit: bool, to_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Show the outline of EDITION_ID beside the one before, give a draft another, or confirm the one it has.

    The polygons of FILE together are the new outline. Publishing puts it in force with the grids; what is asked about
    the time before is answered with the outline of that day.

    \b
        geoservice edition outline 7                                        what falls in and out
        geoservice edition outline 7 town.geojson --commit --reason "第12号决定"
        geoservice edition outline 7 --own --commit --reason "new survey"
        geoservice edition outline 7 --confirm --reason "new survey"
    """  # noqa: D301  click's mark: lines stay as they are
    given = file is not None or own
    _require_one_wish(given=given, several=(file is not None) + own + confirm > 1, confirm=confirm, commit=commit,
                      reason=reason)  # fmt: skip
    with open_database() as database:
        outlines = outline_services.OutlineService(database, limits=import_limits())
        if confirm and reason:
            view = outlines.confirm(edition_id, reason, revision=None, actor=actor())
        elif given:
            with busy(f"Reading {file or 'the grids'}"):
                geom, ballpark = outlines.read(
                    edition_id, file, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark
                )
                view = outlines.compare(edition_id, geom)
                if commit:
                    view = outlines.put(
                        edition_id, geom, reason=reason, ballpark=ballpark, revision=None, actor=actor()
                    )
            tell_ballpark(ballpark)
        else:
            view = outlines.look(edition_id)
    if to_file is not None:
        to_file.write_bytes(orjson.dumps(geojson.collection(geojson.outline_features(view.change))))
    if as_json:
        click.echo(orjson.dumps({"committed": commit, **_fields(view)}))
        return
    show_outline(view.outline)
    if given and not commit and not view.outline.is_as_before:
        click.echo("Nothing is changed yet: repeat it with --commit.")
    elif given and commit:
        click.echo(f"Look at it with its grids: geoservice edition validate {edition_id}")


def _require_one_wish(*, given: bool, several: bool, confirm: bool, commit: bool, reason: str | None) -> None:
    if several:
        raise click.UsageError("Say one of FILE, --own and --confirm.")
    if confirm and not reason:
        raise click.UsageError("Say with --reason why it is another one than before.")
    if commit and not given:
        raise click.UsageError("--commit goes with FILE or --own.")
    if reason and not (confirm or commit):
        raise click.UsageError("--reason goes with --confirm, or with --commit.")


def _fields(view: outline_services.OutlineView) -> dict[str, object]:
    return {
        "edition_id": view.edition.id, "as_before": view.outline.is_as_before,
        "gained_m2": view.change.gained_m2, "lost_m2": view.change.lost_m2,
        "reason": view.outline.reason, "confirmed_by": view.outline.confirmed_by,
    }  # fmt: skip
