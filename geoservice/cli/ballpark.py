"""The option of every command that reads a file of places in whatever datum."""

from __future__ import annotations

import click

allow_ballpark_option = click.option(
    "--allow-ballpark", is_flag=True,
    help="Take a datum from which no sure way to WGS 84 is known, such as Xian 1980: places may be 60 to 100 m off.",
)  # fmt: skip
