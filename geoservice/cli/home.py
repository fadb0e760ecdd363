"""Where a key, an account or a login is good, and as what: options that commands have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from geoservice.auth.model import Role
from geoservice.cli.database import open_database
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.records.grants import model as grant_model
    from geoservice.services import jurisdictions as jurisdiction_services

if TYPE_CHECKING:
    from geoservice.records.grants.model import StoredGrant

_SHOWN = 10
#: A role of people or programs.
ROLE = click.Choice([one.value for one in Role if one is not Role.PUBLIC])


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
    """What a key or an account may, or a grant of one."""

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
        click.option("--role", type=ROLE, required=True),
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


def place_told(jurisdiction: str | None) -> str:
    """Return in words where something is good."""
    return "everywhere" if jurisdiction is None else f"in {jurisdiction}"


def grants_told(grants: Sequence[StoredGrant], now: datetime) -> tuple[str, str, list[str]]:
    """Return the role and the place of what is granted, now or later, and lines of each where that says not all."""
    live = grant_model.alive(grants, now) or tuple(grants[-1:])
    if len(live) == 1 and live[0].valid_to is None:
        [one] = live
        return f"{one.role:10}", _where(one), []
    lines = [f"  {one.role:10}  {_where(one)}  {_period(one, now)}" for one in live]
    count = f"{len(live)} grants" if len(live) > 1 else "1 grant"
    return f"{count:10}", f"{'-':12}  {'-':6}", lines


def _where(grant: StoredGrant) -> str:
    return f"{grant.jurisdiction_code or 'everywhere':12}  {grant.staff_code or '-':6}"


def _period(grant: StoredGrant, now: datetime) -> str:
    begins = f"from {grant.valid_from.astimezone(UTC):%Y-%m-%d %H:%M} UTC " if grant.valid_from > now else ""
    ends = "no end" if grant.valid_to is None else f"until {grant.valid_to.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{begins}{ends}, by {grant.granted_by}"


def matching(grants: Sequence[StoredGrant], role: str, home: str | None) -> list[StoredGrant]:
    """Return the grants of a role in a place, now or later; raise ClickException where there is none."""
    found = [
        one for one in grant_model.alive(grants, datetime.now(UTC)) if (one.role, one.jurisdiction_code) == (role, home)
    ]
    if not found:
        raise click.ClickException(
            f"There is no grant as {role} {place_told(home)} to be taken back; the list shows all."
        )
    return found


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
