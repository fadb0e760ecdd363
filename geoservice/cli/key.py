"""Commands about API keys: key create, list, revoke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from geoservice.auth.model import Role
from geoservice.cli.database import open_database
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import jurisdictions as jurisdiction_services
    from geoservice.services import keys as key_services

if TYPE_CHECKING:
    from layers.db.session import Database


@contextmanager
def _keys() -> Iterator[key_services.KeyService]:
    with open_database() as database:
        yield key_services.KeyService(database)


@click.group()
def key() -> None:
    """Make, list and revoke the keys of programs."""


@key.command()
@click.option("--role", type=click.Choice([role.value for role in Role if role is not Role.PUBLIC]), required=True)
@click.option("--label", required=True, help="What the key is for; shown in lists.")
@click.option("--staff", help="Code of the officer who holds the key and acts with it.")
@click.option("--jurisdiction", help="Code of that where alone it is good; the only one there is when absent.")
@click.option("--everywhere", is_flag=True, help="Good in all jurisdictions, those to come among them.")
@click.option("--days", type=click.IntRange(1, 3650), help="Ends after so many days; never when absent.")
def create(
    *, role: str, label: str, staff: str | None, jurisdiction: str | None, everywhere: bool, days: int | None
) -> None:  # fmt: skip
    """Make a key and print it; it is shown this once.

    A key is good in one jurisdiction. An officer's names the officer, and shows what his grids have that day.
    """
    if everywhere and (jurisdiction or staff):
        raise click.UsageError("--everywhere goes with neither --jurisdiction nor --staff.")
    if role == Role.OFFICER.value and staff is None:
        raise click.UsageError("An officer's key names the officer: say --staff CODE.")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with open_database() as database:
        home = None if everywhere else jurisdiction or _only_jurisdiction(database)
        holder = None if staff is None or home is None else (home, staff)
        keys = key_services.KeyService(database)
        click.echo(keys.create(Role(role), label, expires_at=expires_at, staff=holder, jurisdiction=home))


def _only_jurisdiction(database: Database) -> str:
    codes = [one.code for one in jurisdiction_services.JurisdictionService(database).jurisdictions()]
    if len(codes) == 1:
        return codes[0]
    there = (
        f"There are {len(codes)} jurisdictions ({', '.join(codes[:10])})" if codes else "There is no jurisdiction yet"
    )
    raise click.UsageError(f"{there}: say --jurisdiction CODE, or --everywhere.")


@key.command("list")
def list_keys() -> None:
    """List every key without its secret."""
    now = datetime.now(UTC)
    with _keys() as keys:
        for one in keys.keys():
            ended = one.expires_at is not None and one.expires_at <= now
            state = "revoked" if one.revoked_at else "expired" if ended else "in use"
            place = f"{one.jurisdiction_code or 'everywhere':12}  {one.staff_code or '-':6}"
            click.echo(f"{one.id}  {one.role:10}  {state:8}  {one.created_at:%Y-%m-%d}  {place}  {one.label}")


@key.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Make the key with the id KEY_ID void at once."""
    with _keys() as keys:
        if not keys.revoke(key_id):
            raise click.ClickException(f"There is no key {key_id} in use; `geoservice key list` shows all.")
    click.echo(f"The key {key_id} is void.")
