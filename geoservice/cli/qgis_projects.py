"""What the commands edition qgis and layer qgis have in common: options, where the database is, how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoservice.cli.database import database_urls, read_settings
from geoservice.domain.languages import LANGUAGES
from geoservice.lazy_modules import lazily

with lazily():
    import sqlalchemy

    from geoservice.embedded import cluster
    from geoservice.services import qgis_projects

if TYPE_CHECKING:
    from geoservice.services.qgis_projects import DatabaseAddress, WrittenProject


def project_options(default_folder: str) -> Any:
    """Give a command the options of a project; where it goes unless that is said is told in the help."""
    options = (
        click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path),
                     help=f"{default_folder} when absent."),
        click.option("--lang", "language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True,
                     help="Of names and forms; coded values are in both."),
        click.option("--force", is_flag=True, help="Write over a project that is there."),
        click.option("--json", "as_json", is_flag=True, help="For machines."),
    )  # fmt: skip

    def give(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def database_address() -> DatabaseAddress:
    """Return where a program on this machine finds the database; the embedded one listens on the loopback."""
    settings, url = read_settings(), sqlalchemy.make_url(database_urls().service)
    if not settings.embedded:
        host = url.query.get("host", url.host) or "localhost"
        port = int(str(url.query.get("port", url.port or 5432)))
        return qgis_projects.DatabaseAddress(str(host), port, str(url.database))
    port = cluster.Cluster(settings.data_dir, settings.database_port, settings.service_account).status().port
    return qgis_projects.DatabaseAddress("127.0.0.1", int(port), str(url.database))


def project_fields(written: WrittenProject) -> dict[str, object]:
    """Return what was written for machines."""
    return {
        "jurisdiction": written.jurisdiction, "project": str(written.project),
        "service_file": str(written.service_file), "layers": written.layers, "edited": written.edited,
        "left_out": written.left_out,
    }  # fmt: skip


def show_way_in(written: WrittenProject) -> None:
    """Tell which layers are not there, and how somebody comes to open the project."""
    if written.left_out:
        total = len(written.layers) + len(written.left_out)
        click.echo(
            f"{len(written.layers)} of {total} layers are in it; not {', '.join(written.left_out)}, which logins of the"
            " database may not read. How many households a building has is told where that is not too few."
        )
    click.echo("  1. Have a login made, once:  geoservice db login NAME --role analyst")
    click.echo(f"  2. Put {written.service_file} where its first lines say, with your login behind user=.")
    click.echo(f"  3. Open {written.project.name} in QGIS; it asks for the password.")
