"""Commands that bring the service up and down: up, stop, status, serve."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from geoservice.cli.command_name import own_name
from geoservice.cli.database import read_settings
from geoservice.cli.demo import desk_words, key_words, sign_in_words
from geoservice.lazy_modules import lazily

with lazily():
    from rich import console as consoles
    from rich import markup

    from geoservice import wiring
    from geoservice.embedded import stepping_down
    from geoservice.running import addresses, commands, condition, database, launch, shutdown
    from geoservice.services import openings
    from layers import errors

if TYPE_CHECKING:
    from geoservice.running.condition import Condition, Part
    from geoservice.running.launch import Started
    from geoservice.settings import Settings


class Progress:
    """Shows what is being done: a spinner on a terminal, else one line each."""

    def __init__(self) -> None:
        self._console = consoles.Console(stderr=True)
        self._spinner = self._console.status("geoservice") if self._console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._spinner is not None:
            self._spinner.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def show(self, line: str) -> None:
        """Say that this is being done now."""
        if self._spinner is None:
            click.echo(line, err=True)
            return
        self._console.print(line, highlight=False, markup=False)
        self._spinner.update(markup.escape(line))

    def end(self) -> None:
        """Take the spinner away; what follows belongs to the service."""
        if self._spinner is not None:
            self._spinner.stop()


@click.command()
@click.option("--demo", is_flag=True, help="Fill in the demo community, unless it is there.")
@click.option("--background", is_flag=True, help="Return when the service answers, and leave it running.")
def up(*, demo: bool, background: bool) -> None:
    """Bring the service up: database, schema, web server.

    Without GEOSERVICE_DATABASE_URL it runs a database of its own. Where it already runs, this says so.
    """
    settings = read_settings()
    with Progress() as progress:

        def on_ready(started: Started) -> None:
            progress.end()
            _announce(settings, started, background=background)

        launch.bring_up(settings, demo=demo, background=background, report=progress.show, on_ready=on_ready)


def _announce(settings: Settings, started: Started, *, background: bool) -> None:
    at = addresses.base_url(started.host, started.port)
    state = "already runs" if started.already_ran else "is ready"
    lines = [f"geoservice {state}.", f"  map        {at}/", f"  API docs   {at}/docs"]
    if settings.events_at is not None:
        lines.append(f"  events     {addresses.base_url(settings.host, settings.events_at)}/v1/events")
    if started.demo is not None:
        lines.append(f"  demo       jurisdiction {started.demo.jurisdiction_code}")
        lines.append(f"  sign in    {at}/signin as {sign_in_words(started.demo)}")
        lines.append(f"  desk       {at}/desk as {desk_words(started.demo)}")
        lines.append(f"  API key    {key_words(started.demo)}")
    cluster = database.embedded_cluster(settings)
    if cluster is not None:
        lines.append(f"  database   {cluster.tcp_url} (password in {cluster.layout.password_file})")
    lines.append(f"  stop       {own_name()} stop" if background or started.already_ran else "  stop       Ctrl-C")
    click.echo("\n".join(lines))


@click.command()
def stop() -> None:
    """Stop the service: running requests end first, then the database."""
    with Progress() as progress:
        stopped = shutdown.take_down(read_settings(), progress.show)
    click.echo("geoservice is stopped." if stopped else "geoservice does not run.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(*, as_json: bool) -> None:
    """Tell what runs and where. The exit code is 0 when the service answers, else 3."""
    found = condition.look_at(read_settings())
    state = found.state
    answering = state is not None and addresses.answers(state.host, state.port)
    click.echo(_status_json(found, answering) if as_json else _status_lines(found, answering))
    sys.exit(0 if answering else 3)


def _status_json(found: Condition, answering: bool) -> str:
    whole = asdict(found) | {"answering": answering}
    return json.dumps(whole, default=str, sort_keys=True)


def _status_lines(found: Condition, answering: bool) -> str:
    state = found.state
    if state is None:
        lines = ["geoservice does not run."]
    else:
        word = "answers" if answering else f"does not answer ({state.phase})"
        lines = [f"geoservice {word} at {addresses.base_url(state.host, state.port)}/ since {state.started_at}."]
    lines += [f"  {part.name:16}{_process_words(part)}" for part in found.parts]
    if found.database_pid is not None:
        lines.append(f"  {'address':16}{found.tcp_url}, password in {found.password_file}")
    return "\n".join(lines)


def _process_words(part: Part) -> str:
    if part.pid is None or part.since is None:
        return "does not run; it is started again"
    return f"process {part.pid} since {part.since.isoformat()}"


@click.command()
@click.option("--events", is_flag=True, help="The server that streams events, instead of the web server.")
@click.option("--worker", is_flag=True, help="The worker that does what is due and sends webhooks, instead.")
def serve(*, events: bool, worker: bool) -> None:
    """Run the web server alone, in the foreground; the database and its schema must be there."""
    if events and worker:
        raise click.UsageError("--events and --worker are two processes: run each by a command of its own.")
    settings = read_settings()
    command = commands.worker_command() if worker else _server_command(settings, events=events)
    cluster = database.embedded_cluster(settings)
    if cluster is not None:
        cluster.start()
    url = database.database_urls(settings).service
    _tell_openings(url)
    servers = stepping_down.server_account(settings.service_account)
    if servers.warning:
        click.echo(f"warning: {servers.warning}", err=True)
    wiring.tile_store(settings)  # while we may: all are handed over
    wiring.anchor_file(settings)
    wiring.erasure_list(settings)
    environment = servers.environment(commands.web_environment(url), settings.data_dir)
    servers.become()
    # Replacing ourselves leaves one process to signal, as containers and service managers expect.
    os.execvpe(command[0], command, environment)  # noqa: S606  our own interpreter, no shell wanted


def _tell_openings(url: str) -> None:
    # A database that does not answer yet is no reason not to start: the servers wait for it.
    with contextlib.suppress(errors.LayerError):
        for opening in openings.find_openings(url):
            click.echo(opening.sentence(), err=True)


def _server_command(settings: Settings, *, events: bool) -> list[str]:
    port = settings.events_at if events else settings.port
    if port is None:
        raise click.UsageError("GEOSERVICE_EVENTS_PORT is 0: nobody is to stream events. Set it to a port.")
    addresses.check_address_free(settings.host, port)
    return commands.events_command(settings) if events else commands.web_command(settings)
