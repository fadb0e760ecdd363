"""Commands about accounts of people: account add, list, disable, reset, totp-reset, link, unlink."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database
from geoservice.cli.home import grant_options, stated_grant
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import settings
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
    """List every account."""
    with _accounts() as accounts:
        for one in accounts.accounts():
            place = f"{one.jurisdiction_code or 'everywhere':12}  {one.staff_code or '-':6}"
            ends = "never" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
            last = "never" if one.signed_in_at is None else f"{one.signed_in_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            made = f"signed in {last:20}  {one.created_at:%Y-%m-%d} by {one.created_by}, ends {ends}"
            asked = "code" if one.has_second_factor else "-"
            click.echo(f"{one.login:16}  {one.role:10}  {_state(one):16}  {place}  {asked:4}  {made}")


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
