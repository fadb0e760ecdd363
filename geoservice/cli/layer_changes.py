"""The commands layer history, layer changes and layer undo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database
from geoservice.cli.layer_change import by, change_fields, show_change, what
from geoservice.lazy_modules import lazily

with lazily():
    from rich import console, table

    from geoservice.services.layers import features

if TYPE_CHECKING:
    from layers.changes.model import Change, Version

_SHOWN = 10


@click.command()
@click.argument("layer_id", metavar="LAYER")
@click.argument("key")
@click.option("--jurisdiction", required=True, help="Code of the jurisdiction.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def history(*, layer_id: str, key: str, jurisdiction: str, as_json: bool) -> None:
    """Show what the feature KEY of LAYER has been, the latest first: who made it so, when, by which door."""
    with open_database() as database:
        versions = features.FeatureService(database).history(jurisdiction, layer_id, key)
    if as_json:
        click.echo(orjson.dumps([_as_json(version) for version in versions], option=orjson.OPT_INDENT_2))
        return
    shown = table.Table("since", "until", "made by", "what is so since then")
    for number, version in enumerate(versions):
        before = versions[number + 1].values if number + 1 < len(versions) else {}
        told = [f"{name}: {value}" for name, value in version.values.items() if before.get(name) != value]
        by = "from before its history" if version.made_by is None else _signed(version.made_by)
        shown.add_row(f"{version.since:%Y-%m-%d %H:%M:%S}", _until(version), by, "\n".join(told) or "its place")
    console.Console().print(shown)


@click.command()
@click.argument("change_id", metavar="[CHANGE]", type=click.IntRange(1, 2**62), required=False)
@click.option("--jurisdiction", help="Code of the jurisdiction; of one CHANGE: what it did there alone.")
@click.option("--layer", "layer_id", help="Of this layer alone.")
@click.option("--limit", type=click.IntRange(1, 10_000), help="So many: of changes 20, of features 10 of each kind.")
@click.option("--to", "out", type=click.Path(path_type=Path, dir_okay=False), help="Of one CHANGE: every feature, CSV.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def changes(
    *, change_id: int | None, jurisdiction: str | None, layer_id: str | None, limit: int | None, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Show the changes of layers of a jurisdiction, the latest first; or of one CHANGE what it did to each feature.

    \b
        geoservice layer changes --jurisdiction sare
        geoservice layer changes 17
        geoservice layer changes 17 --to changed.csv
    """  # noqa: D301  click's mark: lines stay as they are
    if change_id is not None:
        where = {"jurisdiction": jurisdiction, "layer_id": layer_id}
        show_change(change_id, **where, limit=limit or _SHOWN, out=out, as_json=as_json)
        return
    if jurisdiction is None:
        raise click.UsageError("Say --jurisdiction CODE for a list of changes, or the number of one.")
    if out is not None:
        raise click.UsageError("--to goes with the number of one change.")
    _show_changes(jurisdiction, layer_id=layer_id, limit=limit or 20, as_json=as_json)


def _show_changes(jurisdiction: str, *, layer_id: str | None, limit: int, as_json: bool) -> None:
    with open_database() as database:
        found = features.FeatureService(database).changes(jurisdiction, layer_id=layer_id, limit=limit + 1)
    if as_json:
        click.echo(orjson.dumps([change_fields(change) for change in found[:limit]], option=orjson.OPT_INDENT_2))
        return
    shown = table.Table("change", "at", "by", "what", "added, changed, removed")
    for change in found[:limit]:
        counts = "\n".join(f"{one.layer}: {one.added}, {one.changed}, {one.removed}" for one in change.counts)
        shown.add_row(str(change.id), f"{change.at:%Y-%m-%d %H:%M:%S}", by(change), what(change), counts)
    console.Console().print(shown)
    if len(found) > limit:
        click.echo(f"The latest {limit} are shown; there are more: say --limit.", err=True)


@click.command()
@click.argument("change_id", metavar="CHANGE", type=click.IntRange(1, 2**62))
def undo(*, change_id: int) -> None:
    """Undo CHANGE as a whole: what it added is removed, what it changed or removed is as it was.

    \b
        geoservice layer changes --jurisdiction sare
        geoservice layer undo 17
    """  # noqa: D301  click's mark: lines stay as they are
    with open_database() as database:
        service = features.FeatureService(database)
        since = service.changed_since(change_id)
        if since:
            listed = ", ".join(f"{one.key} of {one.layer}" for one in since[:_SHOWN])
            among = "" if len(since) <= _SHOWN else f" … {_SHOWN} of {len(since)}"
            click.echo(f"Changed since by others, {len(since)}: {listed}{among}.", err=True)
        undone = service.undo(change_id, actor=actor(), door="command")
    counts = ", ".join(f"{one.layer} {one.added + one.changed + one.removed}" for one in undone.counts)
    click.echo(f"Change {change_id} is undone, by change {undone.id}: {counts}.")


def _change(change: Change | None) -> dict[str, object] | None:
    return None if change is None else change_fields(change)


def _as_json(version: Version) -> dict[str, object]:
    return {
        "since": version.since, "until": version.until,
        "made_by": _change(version.made_by), "ended_by": _change(version.ended_by),
        "values": version.values, "geometry": orjson.loads(version.geometry),
    }  # fmt: skip


def _until(version: Version) -> str:
    if version.until is None:
        return "now"
    ended = "" if version.ended_by is None else f", {_signed(version.ended_by)}"
    return f"{version.until:%Y-%m-%d %H:%M:%S}{ended}"


def _signed(change: Change) -> str:
    return f"{by(change)} (change {change.id})"
