"""Commands about the database: db upgrade, check, login, logins, revoke-login; backup and restore are beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from geoservice.auth.model import LoginRole
from geoservice.cli.database import database_urls, read_settings
from geoservice.cli.db_backup import backup, restore
from geoservice.cli.home import home_options, place_told, stated_home
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
@click.option("--also", is_flag=True, help="Beside what NAME works as already; its password stays.")
@click.option("--days", type=click.IntRange(1, 3650), help="With --also: ends after so many days; never when absent.")
@home_options
def login(
    *, name: str, role: str, also: bool, days: int | None, jurisdiction: str | None, everywhere: bool
) -> None:  # fmt: skip
    """Make a database login NAME for QGIS or psql and print how to connect.

    It works in one jurisdiction, and with --also in others or as another role. Repeated without, it gives NAME a new
    password, this role and this place. A login that was not made by this command is left alone.
    """
    url = database_urls().owner
    home = stated_home(jurisdiction, everywhere=everywhere)
    if also:
        ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
        logins.extend_login(url, name, LoginRole(role), jurisdiction=home, valid_to=ends)
        until = "" if ends is None else f" until {ends:%Y-%m-%d %H:%M} UTC"
        click.echo(f"The login {name} works as {role} {place_told(home)}{until}, too.")
        return
    if days is not None:
        raise click.UsageError("--days goes with --also: what a login is made for has no end.")
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


@db.command("logins")
def list_logins() -> None:
    """List the database logins of people: as what each works, where and until when."""
    for one in logins.login_grants(database_urls().owner):
        ends = "no end" if one.valid_to is None else f"until {one.valid_to.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        click.echo(f"{one.login:20}  {one.role:8}  {one.jurisdiction or 'everywhere':12}  {ends}")


@db.command("revoke-login")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in LoginRole]),
              help="Take from it only what it was granted as this, there; the login stays.")  # fmt: skip
@home_options
def revoke_login(*, name: str, role: str | None, jurisdiction: str | None, everywhere: bool) -> None:
    """Remove the database login NAME, made by `db login`, and end its sessions; with --role only one of its grants."""
    if role is not None:
        home = stated_home(jurisdiction, everywhere=everywhere)
        logins.narrow_login(database_urls().owner, name, LoginRole(role), jurisdiction=home)
        click.echo(f"The login {name} works as {role} {place_told(home)} no more.")
        return
    if jurisdiction is not None or everywhere:
        raise click.UsageError("Say --role, too, to take a grant back; without these options the login goes.")
    logins.revoke_login(database_urls().owner, name)
    click.echo(f"The login {name} is gone.")
