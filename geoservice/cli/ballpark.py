"""The option of every command that reads or writes a file of places in whatever datum."""

from __future__ import annotations

import click

allow_ballpark_option = click.option(
    "--allow-ballpark", is_flag=True,
    help="Take a datum that no sure way leads from or to, such as Xian 1980: places may be 60 to 100 m off.",
)  # fmt: skip


def tell_ballpark(ballpark: str | None) -> None:
    """Say beside the answer what is not sure of a datum that was allowed; None: nothing is."""
    if ballpark is not None:
        click.echo(ballpark, err=True)
