"""Where a key or a login is good: one jurisdiction, or everywhere."""

from __future__ import annotations

from typing import Any

import click

from geoservice.cli.database import open_database
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import jurisdictions as jurisdiction_services

_SHOWN = 10


def home_options(command: Any) -> Any:
    """Give a command the options by which it is said."""
    for option in (
        click.option("--everywhere", is_flag=True, help="Good in all jurisdictions, those to come among them."),
        click.option(
            "--jurisdiction", help="Code of that where alone it is good; the only one there is when absent."
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def stated_home(jurisdiction: str | None, *, everywhere: bool) -> str | None:
    """Return the code of the jurisdiction that is meant, None for everywhere; raise UsageError when it is not clear."""
    if everywhere:
        if jurisdiction is not None:
            raise click.UsageError("--everywhere and --jurisdiction exclude each other.")
        return None
    if jurisdiction is not None:
        return jurisdiction
    with open_database() as database:
        codes = [one.code for one in jurisdiction_services.JurisdictionService(database).jurisdictions()]
    if len(codes) == 1:
        return codes[0]
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    listed = ", ".join(codes[:_SHOWN])
    there = f"There are {len(codes)} jurisdictions ({listed}{more})" if codes else "There is no jurisdiction yet"
    raise click.UsageError(f"{there}: say --jurisdiction CODE, or --everywhere.")
