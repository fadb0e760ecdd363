"""Webhooks: make, list, remove, rotate, disable, enable, replay."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from geoservice.domain.privacy import holds_personal_number
from geoservice.domain.topics import Topics
from geoservice.errors import EventUnknown, PersonalNumberRefused, WebhookUnknown
from geoservice.records.outbox.queries import kept_events, number_all
from geoservice.records.webhooks.edits import (
    disable_webhook,
    enable_webhook,
    insert_webhook,
    note_sent_up_to,
    remove_webhook,
    revive_dead,
    rotate_secret,
)
from geoservice.records.webhooks.model import Delivery, NewWebhook, Webhook
from geoservice.records.webhooks.queries import deliveries, find_webhook, webhooks
from geoservice.services import lookups
from geoservice.webhooks.addresses import pin, read_url
from geoservice.webhooks.networks import Network
from geoservice.webhooks.signing import new_secret
from layers.db.session import Database

#: After a rotation the secret before signs too for so long.
KEEP_SECRET_S = 24 * 3600.0
#: What may touch every delivery of a webhook takes longer than other statements.
WHOLE_LEDGER_S = 60.0


class WebhookService:
    """The webhooks of one database.

    Parameters
    ----------
    allowed
        Networks that webhooks may go to besides public ones.
    """

    def __init__(self, database: Database, *, allowed: Sequence[Network] = ()) -> None:
        self._database = database
        self._allowed = allowed

    def add(
        self, url: str, *, topics: Topics, label: str = "", jurisdiction_code: str | None = None, actor: str
    ) -> tuple[Webhook, str]:
        """Make a webhook for what happens from now on; return it and its secret, which is told this once.

        Raises
        ------
        JurisdictionUnknown, PersonalNumberRefused
        geoservice.webhooks.webhook_errors.WebhookRefused
            The URL can be read in two ways, leads to where webhooks may not go, or its host is not found.
        """
        _check_words(label)
        # Looked up before a connection is taken: a name service may be slow.
        to = pin(read_url(url), allowed=self._allowed)
        secret = new_secret().text
        with self._database.transaction(actor=actor) as connection:
            jurisdiction_id = lookups.jurisdiction_id(connection, jurisdiction_code)
            number_all(connection)  # what was committed before is not from now on
            new = NewWebhook(jurisdiction_id, to.url.text, topics, label, actor)
            return _found(connection, insert_webhook(connection, new, secret)), secret

    def webhooks(self) -> tuple[Webhook, ...]:
        """Return every webhook without its secrets, the oldest first."""
        with self._database.transaction() as connection:
            return webhooks(connection)

    def webhook(self, webhook_id: int) -> Webhook:
        """Return a webhook without its secrets; raise WebhookUnknown."""
        with self._database.transaction() as connection:
            return _found(connection, webhook_id)

    def remove(self, webhook_id: int, *, actor: str) -> Webhook:
        """Remove a webhook with its deliveries; return it as it was. Raise WebhookUnknown."""
        with self._database.transaction(actor=actor, timeout_s=WHOLE_LEDGER_S) as connection:
            webhook = _found(connection, webhook_id)
            if not remove_webhook(connection, webhook_id):
                raise WebhookUnknown(webhook=webhook_id)
            return webhook

    def rotate(self, webhook_id: int, *, actor: str) -> str:
        """Return a new secret, told this once; the one before signs too for a day. Raise WebhookUnknown."""
        secret = new_secret().text
        with self._database.transaction(actor=actor) as connection:
            if not rotate_secret(connection, webhook_id, secret, keep_s=KEEP_SECRET_S):
                raise WebhookUnknown(webhook=webhook_id)
        return secret

    def disable(self, webhook_id: int, reason: str, *, actor: str) -> Webhook:
        """Have nothing sent any more, what waits kept; raise WebhookUnknown, PersonalNumberRefused."""
        _check_words(reason)
        with self._database.transaction(actor=actor) as connection:
            disable_webhook(connection, webhook_id, reason)
            return _found(connection, webhook_id)

    def enable(self, webhook_id: int, *, actor: str) -> Webhook:
        """Go on from where it was, all that waits at once; raise WebhookUnknown."""
        with self._database.transaction(actor=actor) as connection:
            enable_webhook(connection, webhook_id)
            return _found(connection, webhook_id)

    def replay(self, webhook_id: int, *, after: int | None = None, actor: str) -> int:
        """Send again what is dead, or everything that follows an event, as the same messages.

        Parameters
        ----------
        after
            Number of an event: all that came later and is kept is fanned out again, whatever became of it before.

        Returns
        -------
        How many deliveries wait again; with `after`, how many events are looked through.

        Raises
        ------
        WebhookUnknown
        EventUnknown
            `after` is the number of an event that was not fanned out yet.
        """
        with self._database.transaction(actor=actor, timeout_s=WHOLE_LEDGER_S) as connection:
            webhook = _found(connection, webhook_id)
            if after is None:
                return revive_dead(connection, webhook_id)
            if after > webhook.sent_up_to:
                raise EventUnknown(number=after, sent_up_to=webhook.sent_up_to)
            note_sent_up_to(connection, webhook_id, after)
            return max(0, webhook.sent_up_to - max(after, kept_events(connection).first - 1))

    def deliveries(
        self, webhook_id: int, *, status: str | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[Delivery, ...]:
        """Return deliveries, the latest event first; raise WebhookUnknown.

        Parameters
        ----------
        status
            waiting, delivered or dead; any when None.
        before
            Only of events with a smaller number.
        """
        with self._database.transaction() as connection:
            _found(connection, webhook_id)
            return deliveries(connection, webhook_id, status=status, before=before, limit=limit)


def _found(connection: Connection, webhook_id: int) -> Webhook:
    webhook = find_webhook(connection, webhook_id)
    if webhook is None:
        raise WebhookUnknown(webhook=webhook_id)
    return webhook


def _check_words(words: str) -> None:
    if holds_personal_number(words):
        raise PersonalNumberRefused
