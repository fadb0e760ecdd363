"""Households from a register of persons, for the command layer import; nothing of the file is told, nor its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from geoservice.cli.database import import_limits, open_database, read_settings
from geoservice.cli.layer_write import Wish, Written, show_remarks, show_written, write_features
from geoservice.cli.progress import busy
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.counting import answer, sealing
    from geoservice.services.layers import importing, registers

if TYPE_CHECKING:
    from geoservice.services.layers.registers import Counted, Per

LAYER = "households"
#: Names of its options, beside those of columns and sheets.
REGISTER_OPTIONS = ("as_of", "per", "refuse_above", "here", "swap_is_encrypted")
#: Of each reason so many rows are named.
_ROWS = 8


@dataclass(frozen=True)
class RegisterOptions:
    """What whoever imports says of a register."""

    as_of: datetime | None
    per: Per
    refuse_above: float
    here: tuple[str, ...]
    swap_is_encrypted: bool


def register_options(command: Any) -> Any:
    """Give a command the options of this import."""
    for option in (
        click.option("--swap-is-encrypted", is_flag=True, help="Count although memory may be written to swap."),
        click.option(
            "--here", multiple=True, metavar="NAME",
            help="What addresses of registration begin with of those who are registered here. Repeatable.",
        ),
        click.option(
            "--refuse-above", type=click.FloatRange(0, 1), default=0.02, show_default=True, metavar="SHARE",
            help="The largest share of rows that may fail.",
        ),
        click.option(
            "--per", type=click.Choice(["unit", "building"]), default="unit", show_default=True,
            help="A row for each household of a unit, or one for each building, so that no count is of few.",
        ),
        click.option(
            "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY",
            help="The day of the register, at which people have their age; YYYY-MM-DD.",
        ),
        click.option(
            "--count-register", type=click.Path(path_type=Path), metavar="FILE",
            help="Instead of FILE: count the households of a register of persons, and keep nothing else of it.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def import_register(
    file: Path, wish: Wish, options: RegisterOptions, *, columns: Mapping[str, str], sheets: Sequence[str]
) -> None:
    """Import the households of a register as counts, as one change, or show what that would change."""
    if options.as_of is None:
        raise click.UsageError("Say --as-of DAY: the day of the register, at which people have their age.")
    with open_database() as database:
        try:
            with busy("Counting …"):
                counted = registers.RegisterService(
                    database, import_limits(), sealing.seal_key(read_settings().data_dir)
                ).count(
                    wish.jurisdiction, file, as_of=options.as_of.date(), per=options.per,
                    refuse_above=options.refuse_above, here=options.here, columns=columns,
                    sheets=sheets or None, swap_is_encrypted=options.swap_is_encrypted,
                )  # fmt: skip
        except answer.TooManyRowsFail as exc:
            show_remarks(exc.counted.features.remarks)
            _show_rows(exc)
            raise
        written = write_features(
            importing.LayerImportService(database), LAYER, counted.register.features, wish, note=counted.note
        )
    if wish.as_json:
        click.echo(orjson.dumps(_fields(counted, written)))
        return
    show_remarks(counted.remarks)
    of = counted.register
    click.echo(
        f"{of.residents} residents in {of.households} households, {of.floating} of them floating; {of.failed} rows"
        f" failed, {of.left_out} were left out."
    )
    show_written(written, wish)


def _show_rows(refused: answer.TooManyRowsFail) -> None:
    for reason, places in refused.counted.rows.items():
        shown = ", ".join(f"{one.sheet}:{one.row}" for one in places[:_ROWS])
        more = f" … {_ROWS} of {refused.counted.counts[reason]}" if len(places) > _ROWS else ""
        click.echo(f"{reason}, sheet:row {shown}{more}", err=True)


def _fields(counted: Counted, written: Written) -> dict[str, object]:
    of = counted.register
    return written.fields() | {
        "residents": of.residents, "households": of.households, "floating": of.floating, "failed": of.failed,
        "left_out": of.left_out, "counts": {str(reason): number for reason, number in of.counts.items()},
        "births": dict(of.births), "memory_locked": of.memory_locked, "bytes": of.bytes, "seal": of.seal,
        "ambiguous": counted.ambiguous, "remarks": counted.remarks,
    }  # fmt: skip
