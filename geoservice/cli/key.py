"""Commands about API keys: key create, list, grant, rotate, revoke."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

import click

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database
from geoservice.cli.home import (
    ROLE,
    grant_options,
    grants_told,
    home_options,
    matching,
    place_told,
    stated_grant,
    stated_home,
)
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import grants as grant_services
    from geoservice.services import keys as key_services

if TYPE_CHECKING:
    from geoservice.records.keys.queries import StoredKey

_SPAN = re.compile(r"([0-9]{1,4})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@contextmanager
def _keys() -> Iterator[key_services.KeyService]:
    with open_database() as database:
        yield key_services.KeyService(database)


#: How long a key is good of which nothing else is said.
DAYS = 365


class _Network(click.ParamType):
    """An address, or a network as 10.1.0.0/16."""

    name = "network"

    def convert(self, value: Any, param: Any, ctx: Any) -> IPv4Network | IPv6Network:
        try:
            return ip_network(value)
        except ValueError:
            self.fail(f"{value} is no network: write an address, or a network as 10.1.0.0/16.", param, ctx)


class _Span(click.ParamType):
    """A time as 30m, 12h or 7d."""

    name = "span"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        if isinstance(value, timedelta):
            return value
        said = _SPAN.fullmatch(value)
        if said is None:
            self.fail(f"{value} is no span of time: write it as 30m, 12h or 7d.", param, ctx)
        return timedelta(**{_UNITS[said[2]]: int(said[1])})


@click.group()
def key() -> None:
    """Make, list, rotate and revoke the keys of programs."""


@key.command()
@click.option("--label", required=True, help="What the key is for; shown in lists.")
@click.option("--no-end", is_flag=True, help=f"Never ends, in place of after {DAYS} days.")
@click.option(
    "--network", "networks", type=_Network(), multiple=True,
    help="Where alone it may be shown, as 10.1.0.0/16; several times for several. Wherever when absent.",
)  # fmt: skip
@grant_options
def create(
    *, label: str, no_end: bool, days: int | None, networks: tuple[IPv4Network | IPv6Network, ...], **said: Any
) -> None:  # fmt: skip
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
                grant.role, label, expires_at=grant.expires_at, staff=grant.holder, jurisdiction=grant.home,
                networks=networks,
            )
        )  # fmt: skip
    click.echo(_end(grant.expires_at), err=True)


def _end(expires_at: datetime | None) -> str:
    return "It never ends." if expires_at is None else f"It ends on {expires_at:%Y-%m-%d}."


@key.command("list")
def list_keys() -> None:
    """List every key without its secret."""
    now = datetime.now(UTC)
    with _keys() as keys:
        for one in keys.keys():
            ended = one.expires_at is not None and one.expires_at <= now
            state = "revoked" if one.revoked_at else "expired" if ended else "in use"
            role, place, lines = grants_told(one.grants, now)
            ends = "never" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
            made = f"{one.created_at:%Y-%m-%d} by {one.created_by}, ends {ends:10}"
            click.echo(f"{one.id}  {role}  {state:8}  {made}  {place}  {_use(one, now)}  {one.label}")
            for line in lines:
                click.echo(f"{'':8}{line}")


@key.command()
@click.argument("name")
@grant_options
def grant(*, name: str, **said: Any) -> None:
    """Let a key act in one more role, or in one more jurisdiction.

    NAME is its id, or its label where one key in use has it. It ends after --days, at once and by itself; else when it
    is taken back, or the key ends.
    """
    given = stated_grant(**said)
    with open_database() as database:
        found = key_services.KeyService(database).key(name)
        grant_services.GrantService(database).give(
            "key_id", found.id, given.role, by=actor(), jurisdiction=given.home, staff=given.holder,
            valid_to=given.expires_at,
        )  # fmt: skip
    click.echo(f"The key {found.id} acts as {given.role} {place_told(given.home)}. {_end(given.expires_at)}")


def _use(key: StoredKey, now: datetime) -> str:
    """Tell when a key was last used, where alone it may be, and until when its secret before is good."""
    told = ["never used" if key.used_at is None else f"used {key.used_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]
    if key.networks:
        told.append(f"from {', '.join(map(str, key.networks))}")
    if key.previous_until is not None and key.previous_until > now:
        told.append(f"secret before until {key.previous_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return "; ".join(told)


@key.command()
@click.argument("name")
@click.option("--overlap", type=_Span(), default="7d", show_default=True,
              help="How long the secret before is good, too: 30m, 12h, 7d; 0m ends it at once.")  # fmt: skip
@click.option("--keep-end", is_flag=True, help=f"Leave its end as it is, in place of {DAYS} days from now.")
def rotate(name: str, *, overlap: timedelta, keep_end: bool) -> None:
    """Give a key another secret and print it; it is shown this once.

    NAME is its id, or its label where one key in use has it. Who uses it may go on with the secret before until the
    overlap ends. One that never ends still never does.
    """
    with _keys() as keys:
        text, ends, previous_until = keys.rotate(
            name, overlap=overlap, lasts=None if keep_end else timedelta(days=DAYS)
        )  # fmt: skip
    click.echo(text)
    until = f"The secret before is good until {previous_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    click.echo(f"{_end(ends)} {until}", err=True)


@key.command()
@click.argument("key_id")
@click.option("--role", type=ROLE, help="Take from it only what it was granted as this, there; the key stays.")
@home_options
def revoke(key_id: str, *, role: str | None, jurisdiction: str | None, everywhere: bool) -> None:
    """Make the key with the id KEY_ID void at once; with --role only one of its grants."""
    if role is not None:
        _take_back(key_id, role, stated_home(jurisdiction, everywhere=everywhere))
        return
    if jurisdiction is not None or everywhere:
        raise click.UsageError(
            "Say --role, too, to take a grant back; without these options the key is void as a whole."
        )
    with _keys() as keys:
        if not keys.revoke(key_id):
            raise click.ClickException(f"There is no key {key_id} in use; `geoservice key list` shows all.")
    click.echo(f"The key {key_id} is void.")


def _take_back(key_id: str, role: str, home: str | None) -> None:
    with open_database() as database:
        found = key_services.KeyService(database).key(key_id)
        for one in matching(found.grants, role, home):
            grant_services.GrantService(database).revoke(one, by=actor())
    click.echo(f"The key {found.id} acts as {role} {place_told(home)} no more.")
