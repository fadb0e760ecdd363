"""Commands about drafts: edition draft, heal, preview, diff, revert, rebase, merge, steps, undo, redo, withdraw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
import orjson
import shapely
from rich.console import Console
from rich.table import Table

from geoservice.cli.instant import Instant
from geoservice.cli.who import actor
from geoservice.domain.editing.diff import Difference
from geoservice.domain.editing.healing import Healing
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.errors import MergeConflict
from geoservice.services.impact import Impact, flows
from geoservice.settings import Settings
from geoservice.wiring import open_database
from layers.grids.model import Edition

as_json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")
settle_option = click.option(
    "--settle", multiple=True, metavar="CODE=ours|theirs",
    help="Whose version of a grid counts where both changed it: ours is this draft. Repeatable.",
)  # fmt: skip
to_file_option = click.option(
    "--to", "to_file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as GeoJSON, for a GIS."
)


@contextmanager
def _drafts() -> Iterator[DraftService]:
    database = open_database(Settings())
    try:
        yield DraftService(database)
    finally:
        database.close()


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
    database = open_database(Settings())
    try:
        old = EditionService(database).edition(edition_id)
        made = DraftService(database).create(
            old.jurisdiction_code, title=title or f"as edition {edition_id}", from_edition=edition_id, actor=actor()
        )
    finally:
        database.close()
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
    with _drafts() as drafts, _progress(f"Healing edition {edition_id}") as told:
        edition, healing = drafts.heal(edition_id, tolerance_m, commit=commit, told=told, actor=actor())
    if as_json:
        click.echo(orjson.dumps({"edition_id": edition.id, "committed": commit, **healing_fields(healing)}))
        return
    show_healing(healing)
    if not commit and healing.changes:
        click.echo("Nothing is changed yet: repeat it with --commit.")


@click.command()
@click.argument("edition_id", type=int)
@click.option("--valid-from", type=Instant(), help="From when it would hold, RFC 3339 with zone; now when absent.")
@to_file_option
@as_json_option
def preview(*, edition_id: int, valid_from: datetime | None, to_file: Path | None, as_json: bool) -> None:
    """Show what publishing the draft EDITION_ID would move, and each grid's load before and after."""
    database = open_database(Settings())
    try:
        impact = EditionService(database).preview(edition_id, valid_from=valid_from, actor=actor())
    finally:
        database.close()
    if to_file is not None:
        to_file.write_bytes(_moves_geojson(impact))
    if as_json:
        told = {"preview": str(impact.preview.id), "revision": impact.preview.revision,
                "flows": [vars(flow) for flow in flows(impact.preview.moves)],
                "before": [vars(load) for load in impact.before], "after": [vars(load) for load in impact.after]}  # fmt: skip
        click.echo(orjson.dumps(told))
        return
    show_impact(impact)
    click.echo(f"Publish exactly this: geoservice edition publish {edition_id} --preview {impact.preview.id}")


@click.command()
@click.argument("before", type=int)
@click.argument("after", type=int)
@to_file_option
@as_json_option
def diff(*, before: int, after: int, to_file: Path | None, as_json: bool) -> None:
    """Compare two editions or drafts: what AFTER has otherwise than BEFORE."""
    with _drafts() as drafts:
        found = drafts.compare(before, after)
    if to_file is not None:
        to_file.write_bytes(_diff_geojson(found))
    if as_json:
        click.echo(orjson.dumps(_diff_fields(found)))
        return
    _show_diff(found)


@click.command()
@click.argument("edition_id", type=int)
@settle_option
def rebase(*, edition_id: int, settle: tuple[str, ...]) -> None:
    """Draw the draft EDITION_ID anew from the edition published last, keeping what it changed."""
    with _drafts() as drafts, _conflicts():
        edited = drafts.rebase(edition_id, settle=_settled(settle), revision=None, actor=actor())
    click.echo(f"Draft {edition_id} is drawn from edition {edited.edition.base_id}; revision {edited.edition.revision}.")


@click.command("merge")
@click.argument("edition_id", type=int)
@click.argument("other", type=int)
@settle_option
def merge_draft(*, edition_id: int, other: int, settle: tuple[str, ...]) -> None:
    """Take into the draft EDITION_ID what the draft OTHER of the same base changed."""
    with _drafts() as drafts, _conflicts():
        edited = drafts.merge_draft(edition_id, other, settle=_settled(settle), revision=None, actor=actor())
    click.echo(f"Draft {edition_id} holds both, at revision {edited.edition.revision}; {len(edited.put)} grids changed.")


@click.command()
@click.argument("edition_id", type=int)
def steps(*, edition_id: int) -> None:
    """List what was done to the draft EDITION_ID, by whatever door."""
    with _drafts() as drafts:
        found = drafts.steps(edition_id)
    for step in found:
        codes = ", ".join(step.codes[:6]) + (" ..." if len(step.codes) > 6 else "")
        click.echo(f"{step.number:>5}  {step.at:%Y-%m-%d %H:%M:%S}  {step.verb:14} {step.state:8} {step.actor:24} {codes}")


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


COMMANDS = (draft, revert, heal, preview, diff, rebase, merge_draft, steps, undo, redo, withdraw)


def show_healing(healing: Healing) -> None:
    """Print what healing changed: a table of grids, then the totals."""
    table = _table("grid", "gained m2", "lost m2", "vertices added", "moved", "removed", "ring mended")
    for one in healing.changes[:50]:
        numbers = (one.vertices_added, one.vertices_moved, one.vertices_removed)
        table.add_row(one.code, f"{one.gained_m2:.3f}", f"{one.lost_m2:.3f}", *map(str, numbers), "yes" * one.mended)
    if healing.changes:
        _console().print(table, highlight=False)
    added, moved, removed = healing.vertices
    click.echo(
        f"{len(healing.changes)} grids, {healing.moved_m2:.3f} m2; vertices: {added} added, {moved} moved,"
        f" {removed} removed."
    )


def healing_fields(healing: Healing) -> dict[str, object]:
    """Return what healing changed, for machines."""
    added, moved, removed = healing.vertices
    return {
        "grids_changed": [vars(one) for one in healing.changes], "moved_m2": healing.moved_m2,
        "vertices_added": added, "vertices_moved": moved, "vertices_removed": removed,
    }  # fmt: skip


def show_impact(impact: Impact) -> None:
    """Print what goes from which grid to which, and each grid's load before and after."""
    moved = _table("from", "to", "what", "count", "residents", "floating")
    for flow in flows(impact.preview.moves):
        people = (str(flow.residents), str(flow.floating)) if flow.kind == "household" else ("", "")
        moved.add_row(flow.from_grid or "-", flow.to_grid or "-", flow.kind, str(flow.count), *people)
    loads = _table("grid", "households", "residents", "floating", "open incidents")
    for before, after in zip(impact.before, impact.after, strict=True):
        pairs = [(getattr(before, name), getattr(after, name)) for name in ("households", "residents", "floating", "in_hand")]
        loads.add_row(before.code, *(str(old) if old == new else f"{old} -> {new}" for old, new in pairs))
    if not impact.preview.moves:
        click.echo("Nothing would move.")
        return
    _console().print(moved, highlight=False)
    click.echo()
    _console().print(loads, highlight=False)


def _show_diff(found: Difference) -> None:
    table = _table("what", "grid", "gained m2", "lost m2")
    for what, codes in (("added", found.added), ("retired", found.retired), ("renamed", found.renamed)):
        for code in codes:
            table.add_row(what, code, "", "")
    for pair in found.recoded:
        table.add_row("recoded", f"{pair.old} -> {pair.new}", "", "")
    for one in found.redrawn:
        table.add_row("redrawn", one.code, f"{one.gained_m2:,.1f}", f"{one.lost_m2:,.1f}")
    if table.row_count:
        _console().print(table, highlight=False)
    else:
        click.echo("They are the same.")


def _diff_fields(found: Difference) -> dict[str, object]:
    return {
        "added": found.added, "retired": found.retired, "renamed": found.renamed,
        "recoded": [vars(pair) for pair in found.recoded],
        "redrawn": [
            {"code": one.code, "gained_m2": one.gained_m2, "lost_m2": one.lost_m2} for one in found.redrawn
        ],
    }  # fmt: skip


def _diff_geojson(found: Difference) -> bytes:
    parts = [("border-gone", None, found.borders_gone), ("border-new", None, found.borders_new)]
    for one in found.redrawn:
        parts += [("gained", one.code, one.gained), ("lost", one.code, one.lost)]
    features = [
        {"type": "Feature", "geometry": orjson.loads(shapely.to_geojson(geom)), "properties": {"role": role, "code": code}}
        for role, code, geom in parts
        if not geom.is_empty
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _moves_geojson(impact: Impact) -> bytes:
    features = [
        {
            "type": "Feature", "geometry": orjson.loads(impact.places[move.kind, move.id]),
            "properties": {"kind": move.kind, "code": move.code or move.id, "from": move.from_grid, "to": move.to_grid},
        }
        for move in impact.preview.moves
        if impact.places.get((move.kind, move.id)) is not None
    ]  # fmt: skip
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _settled(settle: Sequence[str]) -> dict[str, str]:
    chosen = {}
    for one in settle:
        code, _, side = one.rpartition("=")
        if not code or side not in ("ours", "theirs"):
            raise click.BadParameter(f"{one}: write CODE=ours or CODE=theirs.", param_hint="--settle")
        chosen[code] = side
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
def _progress(doing: str) -> Iterator[object]:
    console = Console(stderr=True)
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


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=True, justify="left" if number == 0 else "right")
    return table


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=220, color_system=None)
