"""The command edition qgis."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from geoservice.cli.database import database_urls, open_database, read_settings
from geoservice.lazy_modules import lazily

with lazily():
    import sqlalchemy

    from geoservice.embedded import cluster
    from geoservice.services import qgis_projects


@click.command()
@click.argument("edition_id", type=int)
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="draft-EDITION_ID when absent.")
@click.option("--force", is_flag=True, help="Write over a project that is there.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def qgis(*, edition_id: int, folder: Path | None, force: bool, as_json: bool) -> None:
    """Write a QGIS project that edits the draft EDITION_ID straight in the database.

    It has no password in it: it names the service `geoservice` of pg_service.conf, written beside it.
    """
    with open_database() as database:
        written = qgis_projects.QgisService(database).write(
            edition_id, folder or Path(f"draft-{edition_id}"), address=database_address(), force=force
        )
    if as_json:
        told = {"edition_id": edition_id, "project": str(written.project), "service_file": str(written.service_file)}
        click.echo(orjson.dumps(told))
        return
    click.echo(f"{written.project}: draft {edition_id} of {written.edition.jurisdiction_code} for QGIS 3.22 or newer.")
    click.echo("  1. Have a login made, once:  geoservice db login NAME --role analyst")
    click.echo(f"  2. Put {written.service_file} where its first lines say, with your login behind user=.")
    click.echo(f"  3. Open {written.project.name} in QGIS; it asks for the password.")
    click.echo("  4. Toggle editing on the uppermost layer, move borders, save. Neighbours follow: topological editing")
    click.echo("     and snapping are on. Every save is a step: geoservice edition undo takes it back.")
    click.echo(f"  5. When done:  geoservice edition validate {edition_id}")


def database_address() -> qgis_projects.DatabaseAddress:
    """Return where a program on this machine finds the database; the embedded one listens on the loopback."""
    settings, url = read_settings(), sqlalchemy.make_url(database_urls().service)
    if not settings.embedded:
        host = url.query.get("host", url.host) or "localhost"
        port = int(str(url.query.get("port", url.port or 5432)))
        return qgis_projects.DatabaseAddress(str(host), port, str(url.database))
    port = cluster.Cluster(settings.data_dir, settings.database_port, settings.service_account).status().port
    return qgis_projects.DatabaseAddress("127.0.0.1", int(port), str(url.database))
