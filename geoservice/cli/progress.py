"""How long work shows how far it is: a bar where somebody looks on, a line now and then where nobody does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from geoservice.lazy_modules import lazily

with lazily():
    from rich import console as consoles
    from rich import progress as bars

if TYPE_CHECKING:
    from geoservice.assigning import model

#: Between lines where there is no terminal.
_LINE_EVERY_S = 5.0


@contextmanager
def showing(doing: str) -> Iterator[model.OnProgress]:
    """Yield what is to be told of progress."""
    console = consoles.Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(doing)
        return
    columns = (
        bars.TextColumn("{task.description}"), bars.BarColumn(), bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[rows]:,} rows"), bars.TimeElapsedColumn(), bars.TimeRemainingColumn(),
    )  # fmt: skip
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=None, rows=0)

        def on_progress(progress: model.Progress) -> None:
            bar.update(task, rows=progress.rows, completed=progress.share, total=progress.share and 1.0)

        yield on_progress


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Show a spinner where somebody looks on."""
    console = consoles.Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(doing):
        yield


class _Lines:
    """Writes a line of progress every few seconds."""

    def __init__(self, doing: str) -> None:
        self._doing, self._next_s = doing, time.monotonic() + _LINE_EVERY_S

    def __call__(self, progress: model.Progress) -> None:
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _LINE_EVERY_S
        share = "" if progress.share is None else f", {progress.share:.0%}"
        click.echo(f"{self._doing}: {progress.rows:,} rows{share}", err=True)
