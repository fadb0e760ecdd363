"""Commands about drafts, from `edition draft` to `edition withdraw`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.advice import blocker_sentence
from geoservice.cli.ballpark import allow_ballpark_option, tell_ballpark
from geoservice.cli.database import import_limits, open_database
from geoservice.cli.draft_tables import (
    diff_fields,
    healing_fields,
    left_open_fields,
    show_diff,
    show_healing,
    show_impact,
    show_left_open,
)
from geoservice.cli.findings import finding_fields, show_findings
from geoservice.cli.instant import Instant
from geoservice.cli.new_file import new_file_option
from geoservice.errors import MergeConflict
from geoservice.lazy_modules import lazily

with lazily():
    from rich import console as consoles

    from geoservice.domain.editing import diff as differences
    from geoservice.maps.pictures import difference as difference_pictures
    from geoservice.maps.pictures import preview as preview_pictures
    from geoservice.reading import shapes
    from geoservice.services import editions as edition_services
    from geoservice.services import geojson, proposing
    from geoservice.services import impact as impacts
    from geoservice.services.drafting import service as drafting

if TYPE_CHECKING:
    from geoservice.domain.editing.merging import Side
    from geoservice.services.children import OnProgress
    from layers.grids.model import Edition

as_json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")
settle_option = click.option(
    "--settle", multiple=True, metavar="CODE=ours|theirs",
    help="Whose version of a grid counts where both changed it: ours is this draft. Repeatable.",
)  # fmt: skip
to_file_option = new_file_option("--to", "to_file", what="Write it as GeoJSON, for a GIS.")
picture_option = new_file_option("--picture", what="Draw it as an SVG picture.")


@contextmanager
def _drafts() -> Iterator[drafting.DraftService]:
    with open_database() as database:
        yield drafting.DraftService(database, limits=import_limits())


@click.command()
@click.option("--jurisdiction", "jurisdiction_code", required=True, help="Code of the jurisdiction.")
@click.option("--title", required=True, help="Of the draft.")
@click.option("--from-edition", type=int, help="Whose grids it begins with; those published last when absent.")
@as_json_option
def draft(*, jurisdiction_code: str, title: str, from_edition: int | None, as_json: bool) -> None:
    """Make a draft of the grids in force, to be edited."""
    with _drafts() as drafts:
        made = drafts.create(jurisdiction_code, title=title, from_edition=from_edition, actor=actor())
    _tell_draft(made, as_json=as_json)


@click.command()
@click.argument("edition_id", type=int)
@click.option("--title", help="Of the draft; says what it reverts to when absent.")
@as_json_option
def revert(*, edition_id: int, title: str | None, as_json: bool) -> None:
    """Make a draft with the grids of the older edition EDITION_ID: publishing it reverts to them."""
    with open_database() as database:
        old = edition_services.EditionService(database).edition(edition_id)
        made = drafting.DraftService(database).create(
            old.jurisdiction_code, title=title or f"as edition {edition_id}", from_edition=edition_id, actor=actor()
        )
    _tell_draft(made, as_json=as_json)


@click.command()
@click.argument("edition_id", type=int)
@click.option("--tolerance", "tolerance_m", type=float, default=0.5, show_default=True, help="Metres, at most 10.")
@click.option("--commit", is_flag=True, help="Change the draft; without it, only say what would be changed.")
@as_json_option
def heal(*, edition_id: int, tolerance_m: float, commit: bool, as_json: bool) -> None:
    """Close gaps and overlaps of the draft EDITION_ID that are narrower than a tolerance.

    What is wider is never touched: it is for a person to decide.
    """
    with _drafts() as drafts, _progress(f"Healing edition {edition_id}") as on_progress:
        edition, healing, left = drafts.heal(
            edition_id, tolerance_m, commit=commit, on_progress=on_progress, actor=actor()
        )
    if as_json:
        told = {"edition_id": edition.id, "committed": commit, **healing_fields(healing), **left_open_fields(left)}
        click.echo(orjson.dumps(told))
        return
    show_healing(healing)
    show_left_open(left, option="--tolerance")
    if not commit and healing.changes:
        click.echo("Nothing is changed yet: repeat it with --commit.")


@click.command()
@click.argument("edition_id", type=int)
@click.argument("file")
@click.option("--code", default="code", show_default=True, help="Field that holds the grid's code.")
@click.option("--name", help="Field that holds its name; names stay as they are when absent.")
@click.option("--name-en", help="Field that holds its English name.")
@click.option("--crs", help="wgs84, cgcs2000, gcj02, bd09 or epsg:N; what the file says when absent.")
@click.option("--encoding", help="Of a shapefile's text, such as gbk.")
@click.option("--layer", help="Of a GeoPackage with several.")
@allow_ballpark_option
@click.option("--commit", is_flag=True, help="Change the draft; without it, only say what would be different.")
@to_file_option
@as_json_option
def update(
    *, edition_id: int, file: str, code: str, name: str | None, name_en: str | None, crs: str | None,
    encoding: str | None, layer: str | None, allow_ballpark: bool, commit: bool, to_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make the grids of the draft EDITION_ID those of FILE, such as an export that was edited elsewhere."""
    with _drafts() as drafts:
        taken = drafts.take_file(
            edition_id, file, fields=shapes.GridFields(code, name, name_en), crs=crs, encoding=encoding, layer=layer,
            allow_ballpark=allow_ballpark, commit=commit, actor=actor(),
        )  # fmt: skip
    edition, found = taken.edition, taken.difference
    tell_ballpark(taken.ballpark)
    for remark in taken.remarks:
        click.echo(remark.message, err=True)
    if to_file is not None:
        to_file.write_bytes(orjson.dumps(geojson.collection(geojson.difference_features(found))))
    if as_json:
        click.echo(orjson.dumps({"edition_id": edition.id, "committed": commit, **diff_fields(found)}))
        return
    show_diff(found)
    if not commit and not found.is_empty:
        click.echo("Nothing is changed yet: repeat it with --commit.")


@click.command()
@click.option("--jurisdiction", "jurisdiction_code", required=True, help="Code of the jurisdiction.")
@click.option("--grid", "grid_code", help="Split this grid only, of the edition published last; the others stay.")
@click.option("--min", "minimum", type=click.IntRange(1), help="Households of a grid; the jurisdiction's when absent.")
@click.option("--max", "maximum", type=click.IntRange(1), help="Households of a grid; the jurisdiction's when absent.")
@click.option("--grids", type=click.IntRange(1), help="How many; as many as fit when absent.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another number, another proposal.")
@as_json_option
def propose(
    *, jurisdiction_code: str, grid_code: str | None, minimum: int | None, maximum: int | None, grids: int | None,
    seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Make a draft that cuts a jurisdiction, or one grid, into grids of like numbers of households, along its streets.

    It is a draft for people who know the place: look at it, edit it, preview it, then publish it.
    """
    if grid_code is not None and grids == 1:
        raise click.BadParameter("a grid is split into two or more.", param_hint="--grids")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise click.BadParameter("the most is below the fewest.", param_hint="--max")
    with open_database() as database:
        service = proposing.ProposingService(database)
        if grid_code is None:
            proposed = service.propose(
                jurisdiction_code, minimum=minimum, maximum=maximum, grids=grids, seed=seed, actor=actor()
            )
        else:
            proposed = service.propose_split(
                jurisdiction_code, grid_code, minimum=minimum, maximum=maximum, parts=grids, seed=seed, actor=actor()
            )
    if as_json:
        told = {"edition_id": proposed.edition.id, "households": proposed.households,
                "findings": [finding_fields(one) for one in proposed.findings]}  # fmt: skip
        click.echo(orjson.dumps(told))
        return
    for code, households in proposed.households.items():
        click.echo(f"{code:20}  {households:>6} households")
    show_findings(proposed.findings)
    click.echo(f"Look at it: geoservice edition preview {proposed.edition.id}")


@click.command()
@click.argument("edition_id", type=int)
@click.option("--valid-from", type=Instant(), help="From when it would hold, RFC 3339 with zone; now when absent.")
@to_file_option
@picture_option
@as_json_option
def preview(
    *, edition_id: int, valid_from: datetime | None, to_file: Path | None, picture: Path | None, as_json: bool
) -> None:
    """Show what publishing the draft EDITION_ID would move, and each grid's load before and after."""
    with open_database() as database:
        impact = edition_services.EditionService(database).preview(edition_id, valid_from=valid_from, actor=actor())
        if picture is not None:
            picture.write_text(_drawn(drafting.DraftService(database), impact), encoding="utf-8")
    if to_file is not None:
        to_file.write_bytes(orjson.dumps(geojson.collection(geojson.move_features(impact))))
    if as_json:
        told = {
            "preview": str(impact.preview.id), "revision": impact.preview.revision,
            "flows": [vars(flow) for flow in impacts.flows(impact.preview.moves)],
            "before": [vars(load) for load in impact.before], "after": [vars(load) for load in impact.after],
            "hindrances": [blocker_sentence(one) for one in impact.blockers],
        }  # fmt: skip
        click.echo(orjson.dumps(told))
        return
    show_impact(impact)
    if not impact.blockers:
        click.echo(f"Publish exactly this: geoservice edition publish {edition_id} --preview {impact.preview.id}")


@click.command()
@click.argument("before", type=int)
@click.argument("after", type=int)
@to_file_option
@picture_option
@as_json_option
def diff(*, before: int, after: int, to_file: Path | None, picture: Path | None, as_json: bool) -> None:
    """Compare two editions or drafts: what AFTER has otherwise than BEFORE."""
    with _drafts() as drafts:
        found = drafts.compare(before, after)
        if picture is not None:
            edition, grids = drafts.grids(after)
            title = f"{edition.jurisdiction_code}: from edition {before} to {after}"
            picture.write_text(difference_pictures.difference_picture(grids, found, title=title), encoding="utf-8")
    if to_file is not None:
        to_file.write_bytes(orjson.dumps(geojson.collection(geojson.difference_features(found))))
    if as_json:
        click.echo(orjson.dumps(diff_fields(found)))
        return
    show_diff(found)


@click.command()
@click.argument("edition_id", type=int)
@settle_option
def rebase(*, edition_id: int, settle: tuple[str, ...]) -> None:
    """Draw the draft EDITION_ID anew from the edition published last, keeping what it changed."""
    with _drafts() as drafts, _conflicts():
        edited = drafts.rebase(edition_id, settle=_settled(settle), revision=None, actor=actor())
    click.echo(
        f"Draft {edition_id} is drawn from edition {edited.edition.base_id}; revision {edited.edition.revision}."
    )


@click.command("merge")
@click.argument("edition_id", type=int)
@click.argument("other", type=int)
@settle_option
def merge_draft(*, edition_id: int, other: int, settle: tuple[str, ...]) -> None:
    """Take into the draft EDITION_ID what the draft OTHER of the same base changed."""
    with _drafts() as drafts, _conflicts():
        edited = drafts.merge_draft(edition_id, other, settle=_settled(settle), revision=None, actor=actor())
    click.echo(
        f"Draft {edition_id} holds both, at revision {edited.edition.revision}; {len(edited.put)} grids changed."
    )


@click.command()
@click.argument("edition_id", type=int)
def steps(*, edition_id: int) -> None:
    """List what was done to the draft EDITION_ID, by whatever door."""
    with _drafts() as drafts:
        found = drafts.steps(edition_id)
    if not found:
        click.echo("Nothing was done to it yet.")
    for step in found:
        codes = ", ".join(step.codes[:6]) + (f" … 6 of {len(step.codes)}" if len(step.codes) > 6 else "")
        click.echo(
            f"{step.number:>5}  {step.at:%Y-%m-%d %H:%M:%S}  {step.verb:14} {step.state:8} {step.actor:24} {codes}"
        )


@click.command()
@click.argument("edition_id", type=int)
def undo(*, edition_id: int) -> None:
    """Take the last step of the draft EDITION_ID back."""
    with _drafts() as drafts:
        edited = drafts.undo(edition_id, revision=None, actor=actor())
    click.echo(f"Undone; draft {edition_id} is at revision {edited.edition.revision}.")


@click.command()
@click.argument("edition_id", type=int)
def redo(*, edition_id: int) -> None:
    """Do the step of the draft EDITION_ID again that was taken back last."""
    with _drafts() as drafts:
        edited = drafts.redo(edition_id, revision=None, actor=actor())
    click.echo(f"Done again; draft {edition_id} is at revision {edited.edition.revision}.")


@click.command()
@click.argument("edition_id", type=int)
@click.confirmation_option(prompt="Put this draft away for good?")
def withdraw(*, edition_id: int) -> None:
    """Put the draft EDITION_ID away for good."""
    with _drafts() as drafts:
        drafts.withdraw(edition_id, revision=None, actor=actor())
    click.echo(f"Draft {edition_id} is withdrawn.")


COMMANDS = (draft, update, propose, revert, heal, preview, diff, rebase, merge_draft, steps, undo, redo, withdraw)


def _drawn(drafts: drafting.DraftService, impact: impacts.Impact) -> str:
    edition, grids = drafts.grids(impact.preview.edition_id)
    base = edition.base_id
    changed = differences.difference((), grids) if base is None else drafts.compare(base, edition.id)
    title = f"{edition.jurisdiction_code}: {edition.title} (edition {edition.id})"
    return preview_pictures.preview_picture(grids, changed, impact.preview.moves, impact.places, title=title)


def _settled(settle: Sequence[str]) -> dict[str, Side]:
    chosen: dict[str, Side] = {}
    for one in settle:
        code, _, side = one.rpartition("=")
        if not code or side not in ("ours", "theirs"):
            raise click.BadParameter(f"{one}: write CODE=ours or CODE=theirs.", param_hint="--settle")
        chosen[code] = "ours" if side == "ours" else "theirs"
    return chosen


@contextmanager
def _conflicts() -> Iterator[None]:
    """List what both sides changed, then let the error speak."""
    try:
        yield
    except MergeConflict as error:
        for one in error.conflicts:
            click.echo(f"{one.kind:8} {', '.join(one.codes)}: {one.message}", err=True)
        click.echo("Settle each: --settle CODE=ours or --settle CODE=theirs.", err=True)
        raise


@contextmanager
def _progress(doing: str) -> Iterator[OnProgress]:
    console = consoles.Console(stderr=True)
    if not console.is_terminal:
        yield lambda share, what: None
        return
    with console.status(doing) as status:
        yield lambda share, what: status.update(f"{doing}: {what} ({share:.0%})")


def _tell_draft(made: Edition, *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({"edition_id": made.id, "base": made.base_id, "grids": made.grid_count}))
        return
    base = "nothing" if made.base_id is None else f"edition {made.base_id}"
    click.echo(f"Draft {made.id} of {made.jurisdiction_code}: {made.grid_count} grids, drawn from {base}.")
