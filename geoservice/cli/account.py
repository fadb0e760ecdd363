"""Commands about accounts of people: account add, list, grant, revoke, disable, reset, totp-reset, link, unlink."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
    from geoservice import settings
    from geoservice.services import grants as grant_services
    from geoservice.services.accounts import accounts as account_services
    from geoservice.services.accounts import providers, second_factors

if TYPE_CHECKING:
    from geoservice.records.accounts.queries import StoredAccount


@contextmanager
def _accounts() -> Iterator[account_services.AccountService]:
    with open_database() as database:
        yield account_services.AccountService(database)


@click.group()
def account() -> None:
    """Make, list and disable the accounts of people."""


@account.command()
@click.argument("login")
@grant_options
def add(*, login: str, **said: Any) -> None:
    """Make an account and print its one-time password; it is shown this once.

    LOGIN is the name to sign in with: that of a post, never a person's name or number. 1 to 40 small letters, digits
    and .-_
    """
    grant = stated_grant(**said)
    with _accounts() as accounts:
        password = accounts.create(
            login, grant.role, created_by=actor(), jurisdiction=grant.home, staff=grant.holder,
            expires_at=grant.expires_at,
        )  # fmt: skip
    click.echo(password)


@account.command("list")
def list_accounts() -> None:
    """List every account, with what it is granted, where and until when."""
    now = datetime.now(UTC)
    with _accounts() as accounts:
        for one in accounts.accounts():
            role, place, lines = grants_told(one.grants, now)
            ends = "never" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
            last = "never" if one.signed_in_at is None else f"{one.signed_in_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            made = f"signed in {last:20}  {one.created_at:%Y-%m-%d} by {one.created_by}, ends {ends}"
            asked = "code" if one.has_second_factor else "-"
            click.echo(f"{one.login:16}  {role}  {_state(one):16}  {place}  {asked:4}  {made}")
            for line in lines:
                click.echo(f"{'':16}{line}")


@account.command()
@click.argument("login")
@grant_options
def grant(*, login: str, **said: Any) -> None:
    """Let LOGIN act in one more role, or in one more jurisdiction; its sessions end.

    It ends after --days, at once and by itself; else when it is taken back.
    """
    given = stated_grant(**said)
    with open_database() as database:
        account_services.AccountService(database).account(login)
        grant_services.GrantService(database).give(
            "login", login, given.role, by=actor(), jurisdiction=given.home, staff=given.holder,
            valid_to=given.expires_at,
        )  # fmt: skip
    ends = "" if given.expires_at is None else f" until {given.expires_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"The account {login} acts as {given.role} {place_told(given.home)}{ends}.")


@account.command()
@click.argument("login")
@click.option("--role", type=ROLE, required=True)
@home_options
def revoke(login: str, *, role: str, jurisdiction: str | None, everywhere: bool) -> None:
    """Take from LOGIN what it was granted as a role in a jurisdiction, at once; its sessions end."""
    home = stated_home(jurisdiction, everywhere=everywhere)
    with open_database() as database:
        held = account_services.AccountService(database).account(login).grants
        for one in matching(held, role, home):
            grant_services.GrantService(database).revoke(one, by=actor())
    click.echo(f"The account {login} acts as {role} {place_told(home)} no more.")


def _state(account: StoredAccount) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if not account.is_open:
        return "expired"
    return "to be signed in" if account.must_change else "in use"


@account.command()
@click.argument("login")
def disable(login: str) -> None:
    """Let nobody sign in as LOGIN any more, and end its sessions at once."""
    with _accounts() as accounts:
        done = accounts.disable(login)
    click.echo(f"The account {login} is disabled." if done else f"The account {login} was disabled already.")


@account.command()
@click.argument("login")
@click.option("--enable", is_flag=True, help="Let it be used again, where it is disabled.")
def reset(login: str, *, enable: bool) -> None:
    """Give LOGIN a new one-time password and print it; its sessions end.

    The password is shown this once, and has to be changed at the first sign-in.
    """
    with _accounts() as accounts:
        click.echo(accounts.reset(login, enable=enable))


@account.command("totp-reset")
@click.argument("login")
def totp_reset(login: str) -> None:
    """Take the second factor off LOGIN, whose phone is gone; its sessions end.

    The password stays. Where the role has to have a second factor, the next sign-in sets up another.
    """
    with open_database() as database:
        done = second_factors.SecondFactorService(database).reset(login)
    click.echo(f"The account {login} has no second factor any more." if done else f"The account {login} had none.")


def _named(issuer: str | None) -> str:
    if not issuer:
        raise click.UsageError("Say --issuer: GEOSERVICE_OIDC_ISSUER is not set.")
    return issuer


def _subject(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say as whom an identity provider knows somebody."""
    issuer = click.option(
        "--issuer", default=lambda: settings.Settings().oidc_issuer, callback=lambda ctx, option, value: _named(value),
        help="The identity provider, as its tokens name it; GEOSERVICE_OIDC_ISSUER when not told.",
    )  # fmt: skip
    subject = click.option("--subject", required=True, help="As whom it knows him; the page to sign in shows it.")
    return issuer(subject(command))


@account.command()
@click.argument("login")
@_subject
def link(login: str, *, issuer: str, subject: str) -> None:
    """Let whom an identity provider knows as a subject sign in as LOGIN."""
    with open_database() as database:
        providers.LinkService(database).link(login, issuer=issuer, subject=subject)
    click.echo(f"Whom {issuer} knows as {subject} signs in as {login}.")


@account.command()
@click.argument("login")
@_subject
def unlink(login: str, *, issuer: str, subject: str) -> None:
    """Take such a link back; what was signed in by it ends."""
    with open_database() as database:
        if not providers.LinkService(database).unlink(login, issuer=issuer, subject=subject):
            raise click.ClickException(f"No such link leads to {login}.")
    click.echo(f"Whom {issuer} knows as {subject} signs in as {login} no more.")
