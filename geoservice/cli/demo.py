"""Commands about the demo community."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from geoservice.cli.command_name import own_name
from geoservice.cli.database import database_urls
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.demo import files as town_files
    from geoservice.services import demo as demo_services


@click.group()
def demo() -> None:
    """Look after the demo community."""


@demo.command()
def load() -> None:
    """Load the demo community unless it is there; print a key, and passwords of two accounts, unless they are made.

    A key is printed while none is valid; the one-time passwords of the accounts admin and desk-1 when they are made.
    """
    summary = demo_services.load_demo(
        database_urls().service, lambda line: click.echo(line, err=True), owner=database_urls().owner
    )
    click.echo(f"jurisdiction  {summary.jurisdiction_code}")
    click.echo(f"sign in       {sign_in_words(summary)}")
    click.echo(f"desk          {desk_words(summary)}")
    click.echo(f"API key       {key_words(summary)}")


@demo.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def files(*, folder: Path) -> None:
    """Write the files of a made-up town into the new folder FOLDER: to try how a second town is set up.

    \b
        geoservice demo files qinghe
        cd qinghe
        geoservice town init
    """  # noqa: D301  click's mark: lines stay as they are
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise click.UsageError(f"{folder} is there already; name a new folder.") from None
    for file in town_files.write_town_files(folder, now=datetime.now(UTC)):
        click.echo(file)


def sign_in_words(summary: demo_services.DemoSummary) -> str:
    """Return the first administrator's name with the one-time password, or how to get a new one."""
    return _account_words(demo_services.ADMIN, summary.password)


def desk_words(summary: demo_services.DemoSummary) -> str:
    """Return the same of the dispatcher's account."""
    return _account_words(demo_services.DISPATCHER, summary.desk_password)


def _account_words(name: str, password: str | None) -> str:
    if password is not None:
        return f"{name}, password {password}, to be changed at the first sign-in"
    return f"{name}; the password was shown when it was made. For a new one: {own_name()} account reset {name}"


def key_words(summary: demo_services.DemoSummary) -> str:
    """Return the key's text, or of one that was shown before which it is, and how to get a new one."""
    key = summary.key
    if isinstance(key, str):
        return key
    until = "" if key.expires_at is None else f" and is valid until {key.expires_at:%Y-%m-%d}"
    return (
        f"grd_{key.id}_… was shown when it was made{until}; its text is stored nowhere."
        f" A new one: {own_name()} key create --role {demo_services.KEY_ROLE}"
        f" --label {key.label} --days {demo_services.KEY_AGE.days}"
    )
