"""The command edition qgis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from geoservice.cli.database import open_database
from geoservice.cli.qgis_projects import database_address, project_fields, project_options, show_way_in
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.services import qgis_projects

if TYPE_CHECKING:
    from geoservice.domain.languages import Language


@click.command()
@click.argument("edition_id", type=int)
@project_options("draft-EDITION_ID")
def qgis(*, edition_id: int, folder: Path | None, language: Language, force: bool, as_json: bool) -> None:
    """Write a QGIS project that edits the draft EDITION_ID straight in the database.

    It has no password in it: it names the service `geoservice` of pg_service.conf, written beside it.
    """
    with open_database() as database:
        written = qgis_projects.QgisService(database).write_draft(
            edition_id, folder or Path(f"draft-{edition_id}"), address=database_address(), language=language,
            force=force,
        )  # fmt: skip
    if as_json:
        click.echo(orjson.dumps({"edition_id": edition_id, **project_fields(written)}))
        return
    click.echo(f"{written.project}: draft {edition_id} of {written.jurisdiction} for QGIS 3.22 or newer.")
    show_way_in(written)
    click.echo("  4. Toggle editing on the uppermost layer, move borders, save. Neighbours follow: topological editing")
    click.echo("     and snapping are on. Every save is a step: geoservice edition undo takes it back.")
    click.echo(f"  5. When done:  geoservice edition validate {edition_id}")
