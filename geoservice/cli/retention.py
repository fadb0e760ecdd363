"""Commands about how long what people write is kept: retention set, run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import orjson

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database, read_settings
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import wiring
    from geoservice.services import jurisdictions
    from geoservice.services.retention import retention as retention_services

if TYPE_CHECKING:
    from geoservice.records.retention.queries import Due

#: What is kept, by the name of the option.
KINDS = {
    "words": "What was written of a report and of its steps, after it was closed; 180 at first.",
    "deliveries": "Messages of webhooks, after the event; 30 at first.",
    "report_keys": "By what a report is known that is sent again, after it came; 7 at first.",
    "sessions": "Sessions of accounts, after their end; 7 at first.",
}
KEPT = "kept"


class Days(click.ParamType):
    """A number of days, or `kept`."""

    name = f"days|{KEPT}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the days, or `kept`."""
        text = str(value).strip()
        if text == KEPT:
            return KEPT
        if not text.isascii() or not text.isdigit() or len(text) > 5:
            self.fail(f"{value} is neither a number of days nor {KEPT}.", param, ctx)
        return int(text)


@contextmanager
def opened() -> Iterator[retention_services.RetentionService]:
    """Open the database that the settings name, with the list of erasures beside it."""
    with open_database() as database:
        yield retention_services.RetentionService(database, wiring.erasure_list(read_settings()))


@click.group()
def retention() -> None:
    """Say how long what people write is kept, and have it go."""


def _days_options(command: Any) -> Any:
    for kind, words in reversed(KINDS.items()):
        command = click.option(f"--{kind.replace('_', '-')}", kind, type=Days(), help=words)(command)
    return command


@retention.command("set")
@click.argument("code")
@_days_options
def set_(*, code: str, **said: int | str | None) -> None:
    """Say for how many days the jurisdiction CODE keeps what people write, or that it is kept; the rest stays.

    \b
        geoservice retention set sare --words 90 --deliveries 14
    """  # noqa: D301  click's mark: lines stay as they are
    days = {kind: None if one == KEPT else int(str(one)) for kind, one in said.items() if one is not None}
    with open_database() as database:
        now = jurisdictions.JurisdictionService(database).keep(code, days, actor=actor())
    for kind, value in asdict(now).items():
        click.echo(f"{kind.replace('_', '-'):12}  {KEPT if value is None else f'{value} days'}")


@retention.command()
@click.option("--commit", is_flag=True, help="Do it; else it is only told what would go.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def run(*, commit: bool, as_json: bool) -> None:
    """Tell what is past its time: so many of so many, the oldest, until when. With --commit, have it go.

    The service does the same by itself once a day, in pieces.
    """
    with opened() as service:
        due = service.due()
        if commit:
            for _ in service.run(actor=actor()):
                pass
    if as_json:
        click.echo(orjson.dumps({"gone": commit, "due": [asdict(one) for one in due]}))
        return
    for one in due:
        click.echo(_line(one))
    total = sum(one.due for one in due)
    click.echo(f"{total} are gone." if commit else f"{total} would go: say --commit.")


def _line(one: Due) -> str:
    place = one.jurisdiction or "no one place"
    until = "kept for good" if one.until is None else f"what was over before {one.until:%Y-%m-%d}"
    oldest = "" if one.oldest is None else f", the oldest of {one.oldest:%Y-%m-%d}"
    return f"{place:14}  {one.kind.replace('_', '-'):12}  {one.due} of {one.kept}{oldest}; {until}"
