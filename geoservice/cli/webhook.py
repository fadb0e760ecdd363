"""Commands about webhooks: webhook add, list, deliveries, rotate, disable, enable, replay, remove."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import click

from geoservice.cli.actor import actor
from geoservice.cli.database import open_database, read_settings
from geoservice.domain.topics import TOPICS, Topics
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.records.webhooks import model
    from geoservice.services.webhooks import service


@contextmanager
def _webhooks() -> Iterator[service.WebhookService]:
    with open_database() as database:
        yield service.WebhookService(database, allowed=read_settings().allowed_networks)


@click.group()
def webhook() -> None:
    """Have what happens sent to other systems."""


@webhook.command()
@click.argument("url")
@click.option("--jurisdiction", help="Code; events of all jurisdictions when absent.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    help="NAME=VALUE, e.g. grid=02; several: each name must fit, in one of its values.",
)
@click.option("--label", default="", help="What it is for; shown in lists.")
def add(url: str, jurisdiction: str | None, topics: tuple[str, ...], label: str) -> None:
    """Send what happens from now on to URL; prints the secret that messages are signed with, this once."""
    with _webhooks() as webhooks:
        made, secret = webhooks.add(
            url, topics=_read_topics(topics), label=label, jurisdiction_code=jurisdiction, actor=actor()
        )
    click.echo(f"Webhook {made.id}. The secret is shown this once:", err=True)
    click.echo(secret)


def _read_topics(texts: tuple[str, ...]) -> Topics:
    found: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        name, _, value = text.partition("=")
        if name not in TOPICS or not value:
            raise click.BadParameter(
                f"{text!r} is no topic: write NAME=VALUE with one of {', '.join(TOPICS)}.", param_hint="--topic"
            )
        found[name].add(value)
    return {name: frozenset(values) for name, values in found.items()}


@webhook.command("list")
def list_webhooks() -> None:
    """List every webhook without its secret: whether it is in use, and how many deliveries wait and are dead."""
    with _webhooks() as webhooks:
        for one in webhooks.webhooks():
            click.echo(_line(one))


def _line(one: model.Webhook) -> str:
    state = "in use" if one.disabled_at is None else f"disabled: {one.disabled_reason}"
    wanted = " ".join(f"{name}={value}" for name, values in sorted(one.topics.items()) for value in sorted(values))
    return (
        f"{one.id}  {one.jurisdiction_code or 'all'}  {one.url}  {wanted or 'everything'}  sent up to {one.sent_up_to}"
        f"  {one.waiting} wait  {one.dead} dead  {state}  {one.label}"
    ).rstrip()


@webhook.command()
@click.argument("webhook_id", type=int)
@click.option("--status", type=click.Choice(["waiting", "delivered", "dead"]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
def deliveries(webhook_id: int, status: str | None, limit: int) -> None:
    """List what was sent to the webhook WEBHOOK_ID and what became of it, the latest event first."""
    with _webhooks() as webhooks:
        for one in webhooks.deliveries(webhook_id, status=status, limit=limit):
            click.echo(
                f"{one.number:8}  {one.status:9}  {one.attempts:2} attempts  {one.at:%Y-%m-%d %H:%M:%S}  {one.type}"
                f"  {one.incident_id or '-'}  {one.last_reason or '-'}"
            )


@webhook.command()
@click.argument("webhook_id", type=int)
def rotate(webhook_id: int) -> None:
    """Give a webhook a new secret and print it, this once; for a day the one before signs too."""
    with _webhooks() as webhooks:
        click.echo(webhooks.rotate(webhook_id, actor=actor()))


@webhook.command()
@click.argument("webhook_id", type=int)
@click.option("--reason", default="by hand", show_default=True, help="Shown in lists.")
def disable(webhook_id: int, reason: str) -> None:
    """Have nothing sent any more; what waits stays, and goes on when it is enabled."""
    with _webhooks() as webhooks:
        webhooks.disable(webhook_id, reason, actor=actor())
    click.echo(f"The webhook {webhook_id} is disabled.")


@webhook.command()
@click.argument("webhook_id", type=int)
def enable(webhook_id: int) -> None:
    """Go on sending from where it was."""
    with _webhooks() as webhooks:
        waiting = webhooks.enable(webhook_id, actor=actor()).waiting
    click.echo(f"The webhook {webhook_id} is in use; {waiting} deliveries wait.")


@webhook.command()
@click.argument("webhook_id", type=int)
@click.option(
    "--after", type=click.IntRange(0), help="Everything that followed the event of this number, taken or not."
)
def replay(webhook_id: int, after: int | None) -> None:
    """Send again what is dead, or with --after everything since an event, as far as it is kept."""
    with _webhooks() as webhooks:
        count = webhooks.replay(webhook_id, after=after, actor=actor())
    click.echo(f"{count} deliveries wait again." if after is None else f"{count} events are fanned out again.")


@webhook.command()
@click.argument("webhook_id", type=int)
def remove(webhook_id: int) -> None:
    """End a webhook; its deliveries go with it."""
    with _webhooks() as webhooks:
        removed = webhooks.remove(webhook_id, actor=actor())
    click.echo(f"The webhook {webhook_id} is gone, and {removed.waiting} deliveries that waited.")
