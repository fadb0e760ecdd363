"""Commands about API keys: key create, list, revoke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from geoservice.cli.database import open_database
from geoservice.cli.home import grant_options, stated_grant
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import keys as key_services


@contextmanager
def _keys() -> Iterator[key_services.KeyService]:
    with open_database() as database:
        yield key_services.KeyService(database)


#: How long a key is good of which nothing else is said.
DAYS = 365


@click.group()
def key() -> None:
    """Make, list and revoke the keys of programs."""


@key.command()
@click.option("--label", required=True, help="What the key is for; shown in lists.")
@click.option("--no-end", is_flag=True, help=f"Never ends, in place of after {DAYS} days.")
@grant_options
def create(*, label: str, no_end: bool, days: int | None, **said: Any) -> None:
    """Make a key and print it; it is shown this once.

    A key is good in one jurisdiction, and for 365 days unless something else is said. An officer's names the officer,
    and shows what his grids have that day.
    """
    if no_end and days is not None:
        raise click.UsageError("--days and --no-end exclude each other.")
    grant = stated_grant(days=None if no_end else days or DAYS, **said)
    with _keys() as keys:
        click.echo(
            keys.create(
                grant.role, label, expires_at=grant.expires_at, staff=grant.holder, jurisdiction=grant.home
            )
        )  # fmt: skip
    ends = "It never ends." if grant.expires_at is None else f"It ends on {grant.expires_at:%Y-%m-%d}."
    click.echo(ends, err=True)


@key.command("list")
def list_keys() -> None:
    """List every key without its secret."""
    now = datetime.now(UTC)
    with _keys() as keys:
        for one in keys.keys():
            ended = one.expires_at is not None and one.expires_at <= now
            state = "revoked" if one.revoked_at else "expired" if ended else "in use"
            place = f"{one.jurisdiction_code or 'everywhere':12}  {one.staff_code or '-':6}"
            ends = "never" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
            made = f"{one.created_at:%Y-%m-%d} by {one.created_by}, ends {ends:10}"
            click.echo(f"{one.id}  {one.role:10}  {state:8}  {made}  {place}  {one.label}")


@key.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Make the key with the id KEY_ID void at once."""
    with _keys() as keys:
        if not keys.revoke(key_id):
            raise click.ClickException(f"There is no key {key_id} in use; `geoservice key list` shows all.")
    click.echo(f"The key {key_id} is void.")
