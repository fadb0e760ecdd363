"""Delivering: who may be sent to now, one attempt, and what is noted of it."""

from __future__ import annotations

import random
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from geoservice.records.webhooks.edits import claim, disable_webhook, hurry, note_delivered, note_failed, put_back
from geoservice.records.webhooks.model import Claimed
from geoservice.records.webhooks.queries import webhooks_with_work
from geoservice.webhooks.addresses import pin, read_url
from geoservice.webhooks.networks import Network
from geoservice.webhooks.schedule import wait_s
from geoservice.webhooks.sending import MAX_REASON, Outcome, Verdict, deliver
from geoservice.webhooks.signing import read_secret, sign
from geoservice.webhooks.webhook_errors import WebhookRefused
from layers.db.session import Database

#: How long a claim lasts: a name is looked up for 5 s and an attempt made for 10 s at most. What a worker that was
#: killed had claimed is attempted by another one after that.
LEASE_S = 20.0
#: Attempts under way at once to one host: a receiver that is slow has no more than these threads.
MAX_PER_HOST = 4


@dataclass(frozen=True)
class Attempt:
    """A delivery and what became of its attempt."""

    delivery: Claimed
    outcome: Outcome


class DeliveringService:
    """Claims the deliveries of one database and notes what became of them; no transaction is open meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def turn(self, done: Sequence[Attempt], *, free: int, under_way: Mapping[str, int]) -> tuple[Claimed, ...]:
        """Note what became of some attempts and claim the next deliveries, in one transaction.

        Parameters
        ----------
        free
            How many may be claimed at most.
        under_way
            Attempts that are being made already, by host.
        """
        with self._database.transaction(actor="service") as connection:
            for one in done:
                _note(connection, one)
            _hurry_after(connection, done)
            return _claim(connection, free, Counter(under_way)) if free else ()


def attempt(delivery: Claimed, *, tls: ssl.SSLContext, allowed: Sequence[Network]) -> Outcome:
    """Make one attempt; what stands in its way is an outcome too."""
    try:
        to = pin(read_url(delivery.url), allowed=allowed)
        secrets = [read_secret(text) for text in delivery.secrets]
        message = sign(delivery.message_id, delivery.body.encode(), secrets=secrets, sent_at=datetime.now(UTC))
    except WebhookRefused as exc:
        return Outcome(Verdict.FAILED, str(exc)[:MAX_REASON])
    return deliver(message, to, tls=tls)


def host_of(url: str) -> str:
    """Return the host and port that a stored URL leads to; the URL itself when it can not be read."""
    try:
        return read_url(url).authority
    except WebhookRefused:
        return url


def _note(connection: Connection, done: Attempt) -> None:
    delivery, outcome = done.delivery, done.outcome
    match outcome.verdict:
        case Verdict.DELIVERED:
            note_delivered(connection, delivery.id, status=outcome.status, reason=outcome.reason)
        case Verdict.GONE:
            put_back(connection, delivery.id, status=outcome.status, reason=outcome.reason)
            disable_webhook(connection, delivery.webhook_id, outcome.reason)
        case Verdict.FAILED:
            wait = wait_s(delivery.attempts + 1, random.random(), asked_s=outcome.retry_after_s)  # noqa: S311 - no secret
            note_failed(connection, delivery.id, status=outcome.status, reason=outcome.reason, wait_s=wait)


def _hurry_after(connection: Connection, done: Sequence[Attempt]) -> None:
    """Have what waits attempted at once when a receiver is back.

    That something gets through which failed before is the proof. That something gets through at its first attempt may
    be because the receiver is back, or because it never was away and takes only some messages not: so what waits is
    made due once for that, and no more, or its attempts would be used up in vain within minutes.
    """
    delivered = [one.delivery for one in done if one.outcome.verdict is Verdict.DELIVERED]
    for webhook_id in {delivery.webhook_id for delivery in delivered}:
        proven = any(delivery.attempts for delivery in delivered if delivery.webhook_id == webhook_id)
        hurry(connection, webhook_id, again=proven)


def _claim(connection: Connection, free: int, under_way: Counter[str]) -> tuple[Claimed, ...]:
    claimed: list[Claimed] = []
    waiting = list(webhooks_with_work(connection).items())
    random.shuffle(waiting)  # so that none is always the last, when threads are few
    for webhook_id, url in waiting:
        host = host_of(url)
        most = min(free - len(claimed), MAX_PER_HOST - under_way[host])
        if most > 0:
            mine = claim(connection, webhook_id, most=most, lease_s=LEASE_S)
            under_way[host] += len(mine)
            claimed += mine
    return tuple(claimed)
