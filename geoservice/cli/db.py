"""Commands about the database: db upgrade, check, login, revoke-login; backup and restore are beside it."""

from __future__ import annotations

import click

from geoservice.auth.model import LoginRole
from geoservice.cli.database import database_urls, read_settings
from geoservice.cli.db_backup import backup, restore
from geoservice.cli.home import home_options, stated_home
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice import wiring
    from geoservice.embedded import cluster
    from geoservice.services import logins, openings, preparing, schema


@click.group()
def db() -> None:
    """Look after the database: schema, logins, backups."""


db.add_command(backup)
db.add_command(restore)


@db.command()
def upgrade() -> None:
    """Bring the schema up to date, and make the login that serves; safe to repeat."""
    click.echo(f"The schema is at revision {preparing.prepare_database(database_urls())}.")


@db.command()
def check() -> None:
    """Compare the tables with what this version declares, and the layers with their descriptions.

    It tells, too, what stands open in the database's rights and log, and how to close it.
    """
    urls = database_urls()
    schema.check(urls.owner)
    click.echo("The database is as this version declares.")
    for opening in openings.find_openings(urls.service):
        click.echo(opening.sentence(), err=True)


@db.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in LoginRole]), default="reader", show_default=True)
@home_options
def login(*, name: str, role: str, jurisdiction: str | None, everywhere: bool) -> None:
    """Make a database login NAME for QGIS or psql and print how to connect.

    It works in one jurisdiction. Repeated, it gives NAME a new password, this role and this place. A login that was
    not made by this command is left alone.
    """
    url = database_urls().owner
    home = stated_home(jurisdiction, everywhere=everywhere)
    limits = wiring.login_limits(read_settings())
    password = logins.grant_login(url, name, LoginRole(role), limits, jurisdiction=home)
    click.echo("In QGIS: Layer, Add Layer, Add PostGIS Layers, New. The password is shown this once.")
    for line in _connection_lines(url):
        click.echo(f"  {line}")
    click.echo(f"  User      {name}\n  Password  {password}")


def _connection_lines(url: str) -> list[str]:
    settings = read_settings()
    if not settings.embedded:
        return ["Host, port, database: as in GEOSERVICE_DATABASE_URL"]
    port = cluster.Cluster(settings.data_dir, settings.database_port, settings.service_account).status().port
    return ["Host      127.0.0.1", f"Port      {port}", f"Database  {logins.database_name(url)}"]


@db.command("revoke-login")
@click.argument("name")
def revoke_login(name: str) -> None:
    """Remove the database login NAME, made by `db login`, and end its sessions."""
    logins.revoke_login(database_urls().owner, name)
    click.echo(f"The login {name} is gone.")
