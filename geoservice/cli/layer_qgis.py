"""The command layer qgis."""

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
@click.argument("jurisdiction", metavar="JURISDICTION")
@project_options("qgis-JURISDICTION")
def qgis(*, jurisdiction: str, folder: Path | None, language: Language, force: bool, as_json: bool) -> None:
    """Write a QGIS project of every layer of JURISDICTION, straight from the database.

    What analysts may edit is edited in it: buildings, cameras, organisations, the base map, layers of one's own. It has
    no password in it: it names the service `geoservice` of pg_service.conf, written beside it.

    \b
        geoservice layer qgis sare --to work --lang en
    """  # noqa: D301  click's mark: lines stay as they are
    with open_database() as database:
        written = qgis_projects.QgisService(database).write_jurisdiction(
            jurisdiction, folder or Path(f"qgis-{jurisdiction}"), address=database_address(), language=language,
            force=force,
        )  # fmt: skip
    if as_json:
        click.echo(orjson.dumps(project_fields(written)))
        return
    click.echo(f"{written.project}: the layers of {jurisdiction} for QGIS 3.22 or newer.")
    click.echo(f"Edited by analysts: {', '.join(written.edited)}; the others are read.")
    show_way_in(written)
    click.echo("  4. Toggle editing on a layer, fill in its form, save. Every save is a change with your login's name:")
    click.echo("     geoservice layer changes lists them, geoservice layer undo takes one back.")
