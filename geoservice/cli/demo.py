"""Commands about the demo community."""

from __future__ import annotations

import click

from geoservice.cli.typed import own_name
from geoservice.services.demo import KEY_AGE, DemoSummary, load_demo
from geoservice.settings import Settings
from geoservice.wiring import database_url


@click.group()
def demo() -> None:
    """Look after the demo community."""


@demo.command()
def load() -> None:
    """Load the demo community unless it is there, and print a key to try with unless one was printed that is valid."""
    summary = load_demo(database_url(Settings()), lambda line: click.echo(line, err=True))
    click.echo(f"jurisdiction  {summary.jurisdiction_code}\nAPI key       {key_words(summary)}")


def key_words(summary: DemoSummary) -> str:
    """Return the key's text, or of one that was shown before which it is, and how to get a new one."""
    key = summary.key
    if isinstance(key, str):
        return key
    until = "" if key.expires_at is None else f" and is valid until {key.expires_at:%Y-%m-%d}"
    return (
        f"grd_{key.id}_… was shown when it was made{until}; its text is stored nowhere."
        f" A new one: {own_name()} key create --role {key.role} --label {key.label} --days {KEY_AGE.days}"
    )
