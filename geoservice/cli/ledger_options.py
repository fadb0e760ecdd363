"""Options of commands that import a ledger: how its file is read, and what its columns are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from geoservice.cli.reading_options import Pairs, said_once, words_by_field
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.domain.importing import choices as choosing

if TYPE_CHECKING:
    from geoservice.domain.importing.choices import Choices

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("file", type=click.Path(path_type=Path)),
    click.option("--jurisdiction", required=True, help="Code of the jurisdiction."),
    click.option("--column", "columns", type=Pairs(), multiple=True, metavar="FIELD=HEADER",
                 help="Which column of FILE a field is. Repeatable."),
    click.option("--word", "words", type=Pairs(), multiple=True, metavar="FIELD.WORD=MEANING",
                 help="What a word of FILE means. Repeatable."),
    click.option("--sheet", help="Of a workbook; every sheet with the same header when absent."),
    click.option("--encoding", help="Of the text of a CSV, such as gbk."),
    click.option("--no-persons", multiple=True, metavar="FIELD", help="Short words of this field are no names."),
    click.option("--commit", is_flag=True, help="Write it; without it only what would change is shown."),
    click.option("--json", "as_json", is_flag=True, help="For machines."),
)  # fmt: skip


def ledger_options(command: Command) -> Command:
    """Give a command the file of a ledger, its jurisdiction, and what there is to say of it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ledger_choices(said: Mapping[str, object]) -> Choices:
    """Return what options say of a file."""
    return choosing.Choices(
        mapping=said_once("--column", cast("Sequence[tuple[str, str]]", said["columns"])),
        words=words_by_field(cast("Sequence[tuple[str, str]]", said["words"])),
        sheet=cast("str | None", said["sheet"]), encoding=cast("str | None", said["encoding"]),
        no_persons=frozenset(cast("Sequence[str]", said["no_persons"])),
    )  # fmt: skip


def say_whether_written(*, commit: bool, is_empty: bool) -> None:
    """Print what became of it."""
    if is_empty:
        click.echo("There is nothing to write.")
    else:
        click.echo("Written." if commit else "Nothing was written: say --commit to write it.")
