"""Fanning out: each event becomes a delivery of every webhook that is meant to hear of it."""

from __future__ import annotations

from geoservice.domain.topics import fits
from geoservice.records.outbox.model import Event
from geoservice.records.outbox.queries import events_after, number_outbox
from geoservice.records.webhooks.edits import fan_out, note_sent_up_to
from geoservice.records.webhooks.model import Behind
from geoservice.records.webhooks.queries import any_webhook_in_use, lock_webhook, webhooks_behind
from geoservice.services.webhooks.messages import message_of
from layers.db.session import Database

#: Events at once, in one transaction.
PIECE = 1000
#: While so many deliveries of a webhook wait, its events stay in the outbox: what is looked through for the next ones
#: to attempt stays small, however long a receiver is away.
MAX_WAITING = 10_000


class FanningService:
    """Fans out the events of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_use(self) -> bool:
        """Return whether anybody is to be sent anything."""
        with self._database.transaction() as connection:
            return any_webhook_in_use(connection)

    def fan_out(self) -> bool:
        """Put the next piece of events into the ledger of each webhook; return whether there was anything to do."""
        with self._database.transaction(actor="service") as connection:
            number_outbox(connection)
        with self._database.transaction() as connection:
            behind = webhooks_behind(connection)
        return any([self._fan_out_for(webhook_id) for webhook_id in behind])

    def _fan_out_for(self, webhook_id: int) -> bool:
        """Move one webhook on by a piece. Messages and how far it is are stored together, or neither is."""
        with self._database.transaction(actor="service") as connection:
            webhook = lock_webhook(connection, webhook_id, waiting_most=MAX_WAITING)
            if webhook is None or webhook.waiting >= MAX_WAITING:
                return False
            events = events_after(connection, webhook.sent_up_to, limit=PIECE)
            if not events:
                return False
            meant = [message_of(event) for event in events if _is_meant(webhook, event)]
            if meant:
                fan_out(connection, webhook.id, meant)
            note_sent_up_to(connection, webhook.id, events[-1].number)
        return True


def _is_meant(webhook: Behind, event: Event) -> bool:
    if webhook.jurisdiction_id is not None and event.jurisdiction_id != webhook.jurisdiction_id:
        return False
    return fits(webhook.topics, event)
