"""Where a key, an account or a login is good, and as what: options that commands have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import click

from geoservice.auth.model import Role
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


class Grant(NamedTuple):
    """What a key or an account is for."""

    role: Role
    #: Code of the jurisdiction; None: everywhere.
    home: str | None
    #: Codes of the jurisdiction and of the member of staff who holds it.
    holder: tuple[str, str] | None
    expires_at: datetime | None


def grant_options(command: Any) -> Any:
    """Give a command the options by which it is said what a key or an account is for."""
    for option in (
        click.option("--days", type=click.IntRange(1, 3650), help="Ends after so many days; never when absent."),
        home_options,
        click.option("--staff", help="Code of the member of staff who holds it; an officer's says so."),
        click.option("--role", type=click.Choice([one.value for one in Role if one is not Role.PUBLIC]), required=True),
    ):  # fmt: skip
        command = option(command)
    return command


def stated_grant(
    *, role: str, staff: str | None, jurisdiction: str | None, everywhere: bool, days: int | None
) -> Grant:  # fmt: skip
    """Return what is meant; raise UsageError when it is not clear."""
    if everywhere and staff:
        raise click.UsageError("A member of staff is of one jurisdiction: say --jurisdiction CODE.")
    if role == Role.OFFICER.value and staff is None:
        raise click.UsageError("What is an officer's names the officer: say --staff CODE.")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    home = stated_home(jurisdiction, everywhere=everywhere)
    return Grant(Role(role), home, None if staff is None or home is None else (home, staff), expires_at)


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
