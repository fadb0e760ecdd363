"""Commands about the demo community."""

from __future__ import annotations

import click

from geoservice.services.demo import load_demo
from geoservice.settings import Settings
from geoservice.wiring import database_url


@click.group()
def demo() -> None:
    """Look after the demo community."""


@demo.command()
def load() -> None:
    """Load the demo community unless it is there, and print a key to try with."""
    summary = load_demo(database_url(Settings()), lambda line: click.echo(line, err=True))
    click.echo(f"jurisdiction  {summary.jurisdiction_code}\nAPI key       {summary.key}")
