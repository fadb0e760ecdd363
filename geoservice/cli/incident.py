"""Commands about incidents: incident import, erase."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import click

from geoservice.cli.actor import actor
from geoservice.cli.incident_import import import_reports
from geoservice.cli.retention import opened

if TYPE_CHECKING:
    from geoservice.records.retention.queries import Because

#: Why words are erased; words of its own would be words again.
REASONS: dict[Because, str] = {
    "request": "somebody asked", "reporter": "its reporter asked", "third-person": "they are of somebody else",
    "mistake": "they were written by mistake", "authority": "an authority ordered it",
}  # fmt: skip


@click.group()
def incident() -> None:
    """Incidents: take in many at once, erase what people wrote of one."""


incident.add_command(import_reports)


@incident.command()
@click.argument("incident_id", metavar="ID", type=click.UUID)
@click.option(
    "--reason", type=click.Choice(list(REASONS)), required=True,
    help="; ".join(f"{code}: {words}" for code, words in REASONS.items()) + ".",
)  # fmt: skip
@click.confirmation_option(prompt="All that was written of it goes for good. Erase it?")
def erase(*, incident_id: UUID, reason: Because) -> None:
    """Erase what anybody wrote of the report ID and of its steps; place, time and steps stay.

    Whoever is sent events is told to erase it as well. A restore of an older backup erases it again, by the list that
    is kept beside the database. Backups that are there already hold the words until they are removed.
    """
    with opened() as service:
        at = service.erase(incident_id, because=reason, actor=actor())
    click.echo(f"The words of {incident_id} were erased at {at.isoformat(timespec='seconds')}.")
