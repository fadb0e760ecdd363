"""What all imports into layers do at the command line: compare, show, and write when that is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from geoservice.cli.actor import actor
from geoservice.cli.layer_difference import difference_fields, show_difference, write_difference
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from layers.changes import staging

if TYPE_CHECKING:
    from geoservice.domain.importing.model import ReadFeatures
    from geoservice.services.layers.importing import LayerImportService
    from layers.changes.model import Change, Difference, Removed


@dataclass(frozen=True)
class Wish:
    """What whoever imports wants of it, whatever is read."""

    jurisdiction: str
    removed: Removed
    #: Many features may be removed.
    confirmed: bool
    commit: bool
    #: Where the whole difference goes, as CSV.
    to_file: Path | None
    as_json: bool


@dataclass(frozen=True)
class Written:
    """What became of the features of a layer."""

    difference: Difference
    #: None: nothing was written.
    change: Change | None

    def fields(self) -> dict[str, object]:
        """Return it for machines."""
        return difference_fields(self.difference) | {"change": None if self.change is None else self.change.id}


def write_features(
    service: LayerImportService, layer_id: str, features: ReadFeatures, wish: Wish, *, note: str
) -> Written:
    """Compare features with what is stored; write what differs when that is wished. The note is for the history."""
    with busy("Comparing …"):
        difference = service.compare(
            wish.jurisdiction, layer_id, features, shown=None if wish.to_file else staging.SHOWN
        )
    if wish.to_file is not None:
        write_difference(difference, wish.to_file)
    if not wish.commit:
        return Written(difference, None)
    with busy("Writing …"):
        applied = service.apply(
            wish.jurisdiction, layer_id, features, actor=actor(), door="command", note=note, removed=wish.removed,
            token=difference.tokens[wish.removed], confirmed=wish.confirmed,
        )  # fmt: skip
    return Written(difference, applied.change)


def show_written(written: Written, wish: Wish) -> None:
    """Print what differs, and what was written."""
    show_difference(written.difference, removed=wish.removed)
    if written.change is not None:
        click.echo(f"Written as change {written.change.id}; to undo it: geoservice layer undo {written.change.id}")
    elif wish.commit:
        click.echo("There was nothing to write.")
    else:
        click.echo("Nothing was written: say --commit to write it.")


def show_remarks(remarks: Iterable[str]) -> None:
    """Print what was taken for what, beside the answer."""
    for remark in remarks:
        click.echo(remark, err=True)
