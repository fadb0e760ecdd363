"""Show what drafts and their publication do: tables for people, fields for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from geoservice.cli.advice import blocker_sentence
from geoservice.lazy_modules import lazily

with lazily():
    from rich import console as consoles
    from rich import table as tables

    from geoservice.domain.editing import outlining
    from geoservice.domain.validating import topology
    from geoservice.services import impact as impacts
    from layers import geometry

if TYPE_CHECKING:
    from geoservice.domain.editing.diff import Difference
    from geoservice.domain.editing.healing import Healing, LeftOpen
    from layers.grids.model import EditionOutline

_SHOWN = 50
#: What is counted of each grid.
LOAD = ("households", "residents", "floating", "in_hand")
_REROUTES = {
    "keep": "Open incidents stay with their grids, whatever becomes of their place.",
    "ask": "Open incidents stay with their grids; of those listed as undecided somebody is asked whether they should.",
}


def show_healing(healing: Healing) -> None:
    """Print what healing changed: a table of grids, then the totals."""
    table = _table("grid", "gained m2", "lost m2", "vertices added", "moved", "removed", "ring mended")
    for one in healing.changes[:_SHOWN]:
        numbers = (one.vertices_added, one.vertices_moved, one.vertices_removed)
        table.add_row(one.code, f"{one.gained_m2:.3f}", f"{one.lost_m2:.3f}", *map(str, numbers), "yes" * one.mended)
    if healing.changes:
        _console().print(table, highlight=False)
    if len(healing.changes) > _SHOWN:
        click.echo(f"… {_SHOWN} of {len(healing.changes)} are shown.")
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


def show_left_open(left: LeftOpen, *, option: str) -> None:
    """Print how many gaps, overlaps and spills are left, and what would close them: a wider tolerance, or a person."""
    if not left.widths_m:
        return
    people, others = left.for_a_person, len(left.widths_m) - left.for_a_person
    closed = f"{option} {left.tolerance_m:g} would close {others} of them" if others else ""
    drawn = f"{people} are wider than {topology.HEALED_MAX_M:g} m: decide them, or draw them anew" if people else ""
    told = "; ".join(part for part in (closed, drawn) if part)
    click.echo(f"{len(left.widths_m)} gaps, overlaps and spills are wider and stay. {told}.")


def left_open_fields(left: LeftOpen) -> dict[str, object]:
    """Return what is left, for machines."""
    return {
        "left_widths_m": left.widths_m,
        "left_closed_by_m": left.tolerance_m,
        "left_for_a_person": left.for_a_person,
    }


def show_impact(impact: impacts.Impact) -> None:
    """Print what goes from which grid to which, and each grid's load before and after."""
    moved = _table("from", "to", "what", "count", "residents", "floating")
    for flow in impacts.flows(impact.preview.moves):
        people = (str(flow.residents), str(flow.floating)) if flow.kind == "household" else ("", "")
        moved.add_row(flow.from_grid or "-", flow.to_grid or "-", flow.kind, str(flow.count), *people)
    loads = _table("grid", "households", "residents", "floating", "open incidents")
    for before, after in zip(impact.before, impact.after, strict=True):
        pairs = [(getattr(before, name), getattr(after, name)) for name in LOAD]
        loads.add_row(before.code, *(str(old) if old == new else f"{old} -> {new}" for old, new in pairs))
    if impact.preview.moves:
        _console().print(moved, highlight=False)
        click.echo()
        _console().print(loads, highlight=False)
    else:
        click.echo("Nothing would move.")
    if impact.reroute != "move":
        click.echo(_REROUTES[impact.reroute])
    for one in impact.leaving:
        click.echo(f"{one.officer.call_sign} ({one.officer.role}) serves {one.grid_code}, which would be no more.")
    if impact.unstaffed:
        click.echo(
            f"Nobody is posted to {', '.join(impact.unstaffed)} yet: reports there would wait without an officer."
        )
    _show_decided(impact)
    click.echo(f"Drawn by {', '.join(impact.drawn_by)}.")
    if impact.four_eyes:
        click.echo("The jurisdiction wants four eyes: somebody else has to publish it.")
    for blocker in impact.blockers:
        click.echo(f"It can not be published yet: {blocker_sentence(blocker)}")


def _show_decided(impact: impacts.Impact) -> None:
    """Print what somebody decided for this edition, and why."""
    if impact.outline is not None and not impact.outline.is_as_before:
        show_outline(impact.outline)
    for code in impact.reassigned:
        click.echo(f"{code.code} would name another place: {code.reason} (accepted by {code.accepted_by}).")
    for given in impact.decisions:
        size = geometry.square_metres(given.area_m2)
        click.echo(f"The {given.kind} of {size} was given to {given.to}: {given.reason} (by {given.actor}).")


def show_outline(outline: EditionOutline) -> None:
    """Print what falls in and out by another outline than the one before, and who confirmed it."""
    if outline.is_as_before:
        click.echo("The outline is the one before.")
        return
    change = outlining.outline_change(outline.before, outline.outline)
    confirmed = f": {outline.reason} (confirmed by {outline.confirmed_by})" if outline.reason else ", not confirmed yet"
    click.echo(
        f"The outline is another one than before{confirmed}."
        f" {geometry.square_metres(change.gained_m2)} fall in, {geometry.square_metres(change.lost_m2)} fall out."
    )


def show_diff(found: Difference) -> None:
    """Print what is different, one grid a line."""
    table = _table("what", "grid", "gained m2", "lost m2")
    kinds = (("added", found.added), ("retired", found.retired), ("renamed", found.renamed),
             ("nobody's", found.disowned), ("a grid again", found.owned))  # fmt: skip
    for what, codes in kinds:
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


def diff_fields(found: Difference) -> dict[str, object]:
    """Return what is different, for machines."""
    return {
        "added": found.added, "retired": found.retired, "renamed": found.renamed,
        "disowned": found.disowned, "owned": found.owned,
        "recoded": [vars(pair) for pair in found.recoded],
        "redrawn": [
            {"code": one.code, "gained_m2": one.gained_m2, "lost_m2": one.lost_m2} for one in found.redrawn
        ],
    }  # fmt: skip


def _table(*headings: str) -> tables.Table:
    table = tables.Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=True, justify="left" if number == 0 else "right")
    return table


def _console() -> consoles.Console:
    console = consoles.Console()
    return console if console.is_terminal else consoles.Console(width=220, color_system=None)
