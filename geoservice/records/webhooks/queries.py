"""Reads of tables webhook and delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

from geoservice.records.webhooks.model import Behind, Delivery, Webhook

_WEBHOOKS = """
    SELECT w.id, w.jurisdiction_id, j.code AS jurisdiction_code, w.url, w.topics, w.label, w.created_at, w.created_by,
           w.disabled_at, w.disabled_reason, w.sent_up_to,
           CASE WHEN w.previous_secret_until > now() THEN w.previous_secret_until END AS previous_secret_until,
           (SELECT count(*) FROM geoservice.delivery AS d
             WHERE d.webhook_id = w.id AND d.status = 'waiting') AS waiting,
           (SELECT count(*) FROM geoservice.delivery AS d
             WHERE d.webhook_id = w.id AND d.status = 'dead') AS dead
      FROM geoservice.webhook AS w
      LEFT JOIN geoservice.jurisdiction AS j ON j.id = w.jurisdiction_id
"""
_ALL = text(f"{_WEBHOOKS} ORDER BY w.id")
_ONE = text(f"{_WEBHOOKS} WHERE w.id = :id")
#: What is dead is not counted, and what waits no further than it matters: this is asked many times a second.
_LOCKED = text("""
    SELECT w.jurisdiction_id, w.topics, w.sent_up_to,
           (SELECT count(*) FROM (SELECT FROM geoservice.delivery AS d
                                   WHERE d.webhook_id = w.id AND d.status = 'waiting' LIMIT :most) AS d) AS waiting
      FROM geoservice.webhook AS w
     WHERE w.id = :id AND w.disabled_at IS NULL FOR UPDATE OF w SKIP LOCKED
""")
_IN_USE = text("SELECT EXISTS (SELECT FROM geoservice.webhook AS w WHERE w.disabled_at IS NULL)")
_BEHIND = text("""
    SELECT w.id FROM geoservice.webhook AS w
     WHERE w.disabled_at IS NULL AND w.sent_up_to < (SELECT h.number FROM geoservice.outbox_head AS h)
     ORDER BY w.id
""")
_WITH_WORK = text("""
    SELECT w.id, w.url FROM geoservice.webhook AS w
     WHERE w.disabled_at IS NULL AND EXISTS (
         SELECT FROM geoservice.delivery AS d
          WHERE d.webhook_id = w.id AND d.status = 'waiting' AND d.due_at <= now()
            AND (d.claimed_until IS NULL OR d.claimed_until < now()))
""")
_DELIVERIES = text("""
    SELECT d.number, d.message_id, d.type, d.incident_id, d.status, d.attempts, d.at, d.due_at, d.delivered_at,
           d.last_status, d.last_reason
      FROM geoservice.delivery AS d
     WHERE d.webhook_id = :webhook_id AND (CAST(:status AS text) IS NULL OR d.status = :status)
       AND (CAST(:before AS bigint) IS NULL OR d.number < :before)
     ORDER BY d.number DESC LIMIT :limit
""")


def webhooks(connection: Connection) -> tuple[Webhook, ...]:
    """Return every webhook, the oldest first."""
    return tuple(_webhook(row) for row in connection.execute(_ALL))


def find_webhook(connection: Connection, webhook_id: int) -> Webhook | None:
    """Return the webhook of an id, or None."""
    row = connection.execute(_ONE, {"id": webhook_id}).one_or_none()
    return None if row is None else _webhook(row)


def any_webhook_in_use(connection: Connection) -> bool:
    """Return whether there is a webhook that is not disabled."""
    return bool(connection.execute(_IN_USE).scalar_one())


def webhooks_behind(connection: Connection) -> tuple[int, ...]:
    """Return the ids of the webhooks in use for which there are events that were not fanned out yet."""
    return tuple(connection.execute(_BEHIND).scalars())


def lock_webhook(connection: Connection, webhook_id: int, *, waiting_most: int) -> Behind | None:
    """Return a webhook in use and keep others from fanning out for it; None when somebody else does, or it is gone.

    Parameters
    ----------
    waiting_most
        Deliveries that wait are counted so far and no further.
    """
    row = connection.execute(_LOCKED, {"id": webhook_id, "most": waiting_most}).one_or_none()
    if row is None:
        return None
    return Behind(webhook_id, row.jurisdiction_id, _topics(row), row.sent_up_to, row.waiting)


def webhooks_with_work(connection: Connection) -> dict[int, str]:
    """Return the URLs of the webhooks in use that have deliveries due, by their ids."""
    return {row.id: row.url for row in connection.execute(_WITH_WORK)}


def deliveries(
    connection: Connection, webhook_id: int, *, status: str | None, before: int | None, limit: int
) -> tuple[Delivery, ...]:
    """Return the deliveries of a webhook, the latest event first.

    Parameters
    ----------
    before
        Only of events with a smaller number.
    """
    asked = {"webhook_id": webhook_id, "status": status, "before": before, "limit": limit}
    return tuple(Delivery(**row._mapping) for row in connection.execute(_DELIVERIES, asked))


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(**(dict(row._mapping) | {"topics": _topics(row)}))


def _topics(row: Row[Any]) -> Mapping[str, frozenset[str]]:
    return {topic: frozenset(values) for topic, values in row.topics.items()}
