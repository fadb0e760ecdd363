"""The command doctor."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click
import orjson

from geoservice.cli.database import read_settings
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.running import doctor as checks


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def doctor(*, as_json: bool) -> None:
    """Look at everything that an operator should know of: each check is a line, with what to do.

    It changes nothing. The exit code is 1 when a check fails; a warning is none.
    """
    verdicts = checks.diagnose(read_settings())
    if as_json:
        click.echo(orjson.dumps([asdict(one) for one in verdicts]))
    else:
        for one in verdicts:
            click.echo(f"{one.level:5}{one.check}: {one.said} {one.remedy}".rstrip())
    sys.exit(1 if any(one.level == "fail" for one in verdicts) else 0)
