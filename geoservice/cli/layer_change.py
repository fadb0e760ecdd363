"""Show what one change did: of each feature which fields differ, from what to what."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.database import open_database
from geoservice.cli.layer_difference import fields_in_words, in_words, show_keys
from geoservice.domain.spreadsheets import quoted
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import errors
    from geoservice.services.layers import features

if TYPE_CHECKING:
    from geoservice.services.layers.features import FeatureService
    from layers.changes.model import Change, ChangeCount, Touched, TouchedFeature, What

_KINDS: tuple[What, ...] = ("added", "changed", "removed")


def show_change(
    change_id: int, *, jurisdiction: str | None, layer_id: str | None, limit: int, out: Path | None, as_json: bool
) -> None:
    """Print what a change did to features, so many of each kind, and write all of them into a file.

    Raises
    ------
    ChangeUnknown
    """
    with open_database() as database:
        service = features.FeatureService(database)
        change = service.change(change_id)
        counts = [one for one in change.counts
                  if jurisdiction in (None, one.jurisdiction) and layer_id in (None, one.layer)]  # fmt: skip
        if not counts:
            raise click.ClickException("It touched nothing there: leave --jurisdiction and --layer out.")
        if out is not None:
            _write(service, change_id, counts, out)
        if as_json:
            told = [_as_json(service, change_id, one, limit) for one in counts]
            click.echo(orjson.dumps(change_fields(change) | {"layers": told}, option=orjson.OPT_INDENT_2))
            return
        click.echo(f"Change {change.id}, {change.at:%Y-%m-%d %H:%M:%S}, by {by(change)}: {what(change)}.")
        for one in counts:
            _show(service, change_id, one, limit)


def _show(service: FeatureService, change_id: int, count: ChangeCount, limit: int) -> None:
    found = _touched(service, change_id, count)
    click.echo(f"{count.layer} of {count.jurisdiction}: ", nl=False)
    if found is None:
        click.echo("the layer was dropped since, with what this change did to it.")
        return
    click.echo(f"{found.added} added, {found.changed} changed, {found.removed} removed.")
    if found.fields:
        click.echo(f"Changed: {fields_in_words(found.fields)}.")
    for kind in _KINDS:
        total = getattr(found, kind)
        shown = _features(service, change_id, count, kind, limit) if total else ()
        if kind != "changed":
            show_keys(kind.capitalize(), tuple(one.change.key for one in shown), total)
            continue
        for one in shown:
            click.echo(f"  {one.change.key}: {'; '.join(in_words(*field) for field in one.change.fields)}")
        if len(shown) < total:
            click.echo(f"  … {len(shown)} of {total} are shown; --to FILE writes all.")


def _touched(service: FeatureService, change_id: int, count: ChangeCount) -> Touched | None:
    """Return what a change did to a layer; None: it is no more."""
    try:
        return service.touched(count.jurisdiction, count.layer, change_id)
    except errors.LayerUnknown:
        return None


def _features(
    service: FeatureService, change_id: int, count: ChangeCount, kind: What | None, limit: int | None
) -> tuple[TouchedFeature, ...]:
    return service.touched_features(count.jurisdiction, count.layer, change_id, what=kind, limit=limit)


def _as_json(service: FeatureService, change_id: int, count: ChangeCount, limit: int) -> dict[str, object]:
    found = _touched(service, change_id, count)
    told: dict[str, object] = {"layer": count.layer, "jurisdiction": count.jurisdiction, "dropped": found is None}
    if found is None:
        return told
    listed = [one for kind in _KINDS for one in _features(service, change_id, count, kind, limit)]
    return told | vars(found) | {
        "features": [
            {"key": one.change.key, "what": one.what, "fields": [field._asdict() for field in one.change.fields]}
            for one in listed
        ],
        "numberReturned": len(listed),
    }  # fmt: skip


def _write(service: FeatureService, change_id: int, counts: list[ChangeCount], path: Path) -> None:
    """Write every feature that a change touched, as CSV, a line for each field."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("jurisdiction", "layer", "what", "key", "field", "old", "new"))
        for count in counts:
            if _touched(service, change_id, count) is None:
                continue
            for one in _features(service, change_id, count, None, None):
                writer.writerows(
                    [quoted(cell) if isinstance(cell, str) else cell for cell in line] for line in _lines(count, one)
                )


def _lines(count: ChangeCount, touched: TouchedFeature) -> Iterator[tuple[object, ...]]:
    begin = (count.jurisdiction, count.layer, touched.what, touched.change.key)
    yield from ((*begin, *field) for field in touched.change.fields or ((None, None, None),))


def change_fields(change: Change) -> dict[str, object]:
    """Return a change for machines."""
    return vars(change) | {"counts": [one._asdict() for one in change.counts]}


def by(change: Change) -> str:
    """Return who made a change, and by which door."""
    return f"{change.actor} by {change.door}"


def what(change: Change) -> str:
    """Return what a change was."""
    if change.undoes is not None:
        return f"undoes {change.undoes}"
    undone = "" if change.undone_by is None else f", undone by {change.undone_by}"
    return f"{change.note or change.kind}{undone}"
