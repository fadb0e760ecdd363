"""Show how features that are to be imported differ from those that are stored, and what their columns are taken for."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from geoservice.domain.spreadsheets import quoted
from geoservice.lazy_modules import lazily

with lazily():
    from rich import console, table


if TYPE_CHECKING:
    from geoservice.domain.importing.mapping import Proposal
    from geoservice.domain.importing.model import RefusedRow
    from layers.changes.model import Difference, Refused

#: As GEOS says where a shape is not sound: Self-intersection[26.93 60.52].
_AT = re.compile(r"\[([-+.\de]+ [-+.\de]+)\]$")
#: Of each reason of refusal so many rows are named.
_ROWS = 8
_HOW = {"given": "as said", "exact": "by its name", "contains": "by a word of it", "ask": "to be decided",
        "dropped": "left out", "refused": "refused"}  # fmt: skip


def show_proposal(proposal: Proposal) -> None:
    """Print what each column of a file is taken for."""
    shown = table.Table("column", "field", "how", "holds", "why")
    for column in proposal.columns:
        shown.add_row(column.header, column.field or "", _HOW[column.how], column.kind, column.why)
    console.Console().print(shown)


def show_difference(difference: Difference, *, removed: str) -> None:
    """Print totals in one line, how often each field differs, and some of each kind."""
    missing = f"{difference.missing} not named by it" + (" and removed" if removed == "delete" else " and kept")
    click.echo(
        f"{difference.added} added, {difference.changed} changed, {missing}, {difference.same} the same,"
        f" {len(difference.refused)} refused; {difference.stored} were stored."
    )
    if difference.fields:
        click.echo(f"Changed: {fields_in_words(difference.fields)}.")
    show_keys("Added", difference.first_added, difference.added)
    for change in difference.first_changed:
        click.echo(f"  {change.key}: {'; '.join(in_words(*field) for field in change.fields)}")
    if len(difference.first_changed) < difference.changed:
        click.echo(f"  … {len(difference.first_changed)} of {difference.changed} are shown; --to FILE writes all.")
    show_keys("Not named", difference.first_missing, difference.missing)
    show_refused(difference.refused)


def fields_in_words(fields: Mapping[str, int]) -> str:
    """Return in how many features each field differs."""
    return ", ".join(f"{'place' if name == 'geom' else name} of {n}" for name, n in fields.items())


def show_keys(what: str, keys: tuple[str, ...], count: int) -> None:
    """Print the first keys of a kind, and how many there are."""
    if keys:
        more = f" … {len(keys)} of {count}" if len(keys) < count else ""
        click.echo(f"{what}: {', '.join(keys)}{more}")


def in_words(field: str, old: object, new: object) -> str:
    """Return what a field was and became."""
    if field == "geom":
        return f"place {new}"
    return f"{field} {'nothing' if old is None else old} -> {'nothing' if new is None else new}"


def show_refused(refused: Sequence[Refused | RefusedRow]) -> None:
    """Print why rows were refused, each reason once wherever it is, beside the answer."""
    rows: dict[str, list[int]] = {}
    first: dict[str, str] = {}
    for one in refused:
        reason, place = _apart(one.reason)
        rows.setdefault(reason, []).append(one.row)
        first.setdefault(reason, place)
    for reason, all_rows in sorted(rows.items(), key=lambda of: -len(of[1])):
        count, shown = len(all_rows), ", ".join(map(str, all_rows[:_ROWS]))
        more = f" … {_ROWS} of {count}" if count > _ROWS else ""
        where = first[reason] and f"{', the first' if count > 1 else ''} at {first[reason]}"
        click.echo(f"Refused, {count} rows ({shown}{more}): {reason}{where}", err=True)


def show_unknown_words(unknown: Mapping[str, Sequence[str]]) -> None:
    """Print how to say what words of a file mean, beside the answer."""
    for field, words in unknown.items():
        said = f"{field}.{words[0] if words else 'WORD'}=CODE"
        click.echo(f"Say what words of {field} mean: --word {shlex.quote(said)}, once for each of them.", err=True)


def _apart(reason: str) -> tuple[str, str]:
    """Return a reason without the place that GEOS puts behind it, and that place."""
    found = _AT.search(reason)
    return (reason, "") if found is None else (reason[: found.start()], found[1])


def difference_fields(difference: Difference) -> dict[str, object]:
    """Return a difference for machines."""
    return {
        "added": difference.added, "changed": difference.changed, "missing": difference.missing,
        "same": difference.same, "stored": difference.stored, "fields": dict(difference.fields),
        "refused": [one._asdict() for one in difference.refused],
        "first_added": difference.first_added,
        "first_changed": [
            {"key": one.key, "fields": [field._asdict() for field in one.fields]} for one in difference.first_changed
        ],
        "first_missing": difference.first_missing,
    }  # fmt: skip


def write_difference(difference: Difference, path: Path) -> None:
    """Write every feature that differs, and every row that is refused, as CSV."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("what", "key", "field", "old", "new"))
        writer.writerows(
            [quoted(cell) if isinstance(cell, str) else cell for cell in line] for line in _lines(difference)
        )


def _lines(difference: Difference) -> Iterator[tuple[object, ...]]:
    for key in difference.first_added:
        yield "added", key, None, None, None
    for change in difference.first_changed:
        for field in change.fields:
            yield "changed", change.key, *field
    for key in difference.first_missing:
        yield "not named", key, None, None, None
    for row, reason in difference.refused:
        yield "refused", f"row {row}", None, None, reason
