"""The click group `geoservice`: its list of commands, and how an error reaches a person. No command lives here."""

from __future__ import annotations

import errno
import importlib
import sys
from typing import Any

import click

from geoservice.cli.actor import act_as_operator
from geoservice.cli.advice import ADVICE, AdvisedError
from geoservice.cli.database import SettingsRefused
from geoservice.embedded.cluster_errors import EmbeddedError
from geoservice.errors import GeoserviceError, in_words
from layers.errors import DatabaseUnavailable, LayerError, RefusedByDatabase

#: Every command: its name and where it is. A module is imported when its command is used or listed in the help.
COMMANDS: dict[str, str] = {
    "up": "geoservice.cli.up:up",
    "stop": "geoservice.cli.up:stop",
    "status": "geoservice.cli.up:status",
    "serve": "geoservice.cli.up:serve",
    "doctor": "geoservice.cli.doctor:doctor",
    "town": "geoservice.cli.town:town",
    "jurisdiction": "geoservice.cli.jurisdiction:jurisdiction",
    "edition": "geoservice.cli.edition:edition",
    "layer": "geoservice.cli.layer:layer",
    "tiles": "geoservice.cli.tiles:tiles",
    "basemap": "geoservice.cli.basemap:basemap",
    "staff": "geoservice.cli.staff:staff",
    "service": "geoservice.cli.service:service",
    "calendar": "geoservice.cli.calendar:calendar",
    "incident": "geoservice.cli.incident:incident",
    "retention": "geoservice.cli.retention:retention",
    "assign": "geoservice.cli.assign:assign",
    "account": "geoservice.cli.account:account",
    "key": "geoservice.cli.key:key",
    "webhook": "geoservice.cli.webhook:webhook",
    "audit": "geoservice.cli.audit:audit",
    "db": "geoservice.cli.db:db",
    "demo": "geoservice.cli.demo:demo",
}

#: Errors that are answers, not faults. Anything else keeps its traceback: it is ours to mend.
DOMAIN_ERRORS = (GeoserviceError, LayerError)

#: What the machine refuses, and what its operator can do about it.
PLACES_REFUSED: dict[int | None, str] = {
    errno.ENOSPC: "Free some space on this disk.",
    errno.EDQUOT: "Free some space: the quota is used up.",
    errno.EACCES: "Run it as the owner of this place, or name another.",
    errno.EROFS: "Name a place that can be written to.",
    errno.EEXIST: "Name another place.",
    errno.EISDIR: "Name a file.",
    errno.ELOOP: "Name a place that leads somewhere.",
    errno.ENAMETOOLONG: "Name a shorter one.",
    errno.ENOTDIR: "A part of it is a file: name a place in a folder.",
}


def load(place: str) -> Any:
    """Import what `module:name` says."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


class LazyGroup(click.Group):
    """A group that imports a command when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of COMMANDS: what is needed first comes first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, None when there is none."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        command: click.Command = load(place)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="geoservice")
@click.pass_context
def geoservice(ctx: click.Context) -> None:
    """Tell which grid owns a place: layers in PostGIS, an HTTP interface, maps."""
    act_as_operator(ctx)


def main() -> None:
    """Run the command line; a domain error is one line with its remedy on standard error, exit code 1."""
    try:
        geoservice.main()
    except SettingsRefused as exc:
        _fail(str(exc), "docs/operating.md lists every setting.")
    except EmbeddedError as exc:
        _fail(str(exc), exc.advice())
    except AdvisedError as exc:
        _fail(str(exc.error), in_words(exc.error, exc.words) or "")
    except DatabaseUnavailable as exc:  # also where it answers and lets nobody in by this address
        _fail(str(exc), "To see why, run: geoservice doctor")
    except DOMAIN_ERRORS as exc:
        advice = in_words(exc, ADVICE)
        _fail(exc.message if advice and isinstance(exc, RefusedByDatabase) else str(exc), advice or "")
    except OSError as exc:
        if exc.errno not in PLACES_REFUSED:
            raise
        _fail(f"{exc.strerror}: {exc.filename2 or exc.filename or 'the data directory'}.", PLACES_REFUSED[exc.errno])


def _fail(line: str, remedy: str) -> None:
    click.echo(f"geoservice: {line} {remedy}".rstrip(), err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
