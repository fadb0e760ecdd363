"""Writes of tables webhook and delivery."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, text

from geoservice.records.webhooks.model import Claimed, Message, NewWebhook

_INSERT = text("""
    INSERT INTO geoservice.webhook (jurisdiction_id, url, topics, label, secret, created_by, sent_up_to)
    SELECT :jurisdiction_id, :url, CAST(:topics AS jsonb), :label, :secret, :created_by, h.number
      FROM geoservice.outbox_head AS h
    RETURNING id
""")
_REMOVE = text("DELETE FROM geoservice.webhook AS w WHERE w.id = :id")
_ROTATE = text("""
    UPDATE geoservice.webhook SET previous_secret = secret, secret = :secret,
           previous_secret_until = now() + make_interval(secs => :keep_s)
     WHERE id = :id
""")
_DISABLE = text("""
    UPDATE geoservice.webhook SET disabled_at = now(), disabled_reason = :reason WHERE id = :id AND disabled_at IS NULL
""")
_ENABLE = text("UPDATE geoservice.webhook SET disabled_at = NULL, disabled_reason = NULL WHERE id = :id")
_MAKE_DUE = text("""
    UPDATE geoservice.delivery SET due_at = now()
     WHERE webhook_id = :id AND status = 'waiting' AND due_at > now()
""")
_SENT_UP_TO = text("UPDATE geoservice.webhook SET sent_up_to = :number WHERE id = :id")
#: What is fanned out again was meant to be: it waits anew, as the same message. What joins a lane that waits out a
#: failure is due no sooner than what is before it there.
_FAN_OUT = text("""
    INSERT INTO geoservice.delivery (webhook_id, number, type, incident_id, body, due_at)
    SELECT :webhook_id, m.number, m.type, m.incident_id, m.body, coalesce((
               SELECT max(d.due_at) FROM geoservice.delivery AS d
                WHERE d.webhook_id = :webhook_id AND d.status = 'waiting'
                  AND d.lane = coalesce(CAST(m.incident_id AS text), m.type)), now())
      FROM jsonb_to_recordset(CAST(:messages AS jsonb))
           AS m (number bigint, type text, incident_id uuid, body text)
     ORDER BY m.number
    ON CONFLICT (webhook_id, number) DO UPDATE
       SET status = 'waiting', attempts = 0, due_at = now(), hurried = false, delivered_at = NULL
     WHERE delivery.status <> 'waiting'
""")
_REVIVE_DEAD = text("""
    UPDATE geoservice.delivery SET status = 'waiting', attempts = 0, due_at = now(), hurried = false
     WHERE webhook_id = :webhook_id AND status = 'dead'
""")
#: The lane is asked for each row in the order of the index, so that a few are found without looking at all that wait.
_CLAIM = text("""
    WITH mine AS MATERIALIZED (
        SELECT d.id FROM geoservice.delivery AS d
         WHERE d.webhook_id = :webhook_id AND d.status = 'waiting' AND d.due_at <= now()
           AND (d.claimed_until IS NULL OR d.claimed_until < now())
           AND d.number = (SELECT min(e.number) FROM geoservice.delivery AS e
                            WHERE e.webhook_id = d.webhook_id AND e.lane = d.lane AND e.status = 'waiting')
         ORDER BY d.due_at, d.number LIMIT :most
           FOR UPDATE OF d SKIP LOCKED
    )
    UPDATE geoservice.delivery AS d SET claimed_until = now() + make_interval(secs => :lease_s)
      FROM mine, geoservice.webhook AS w
     WHERE d.id = mine.id AND w.id = d.webhook_id
    RETURNING d.id, d.webhook_id, d.message_id, d.attempts, w.url, d.body, w.secret,
              CASE WHEN w.previous_secret_until > now() THEN w.previous_secret END AS previous_secret
""")
_DELIVERED = text("""
    UPDATE geoservice.delivery SET status = 'delivered', attempts = attempts + 1, delivered_at = now(),
           claimed_until = NULL, last_status = :status, last_reason = :reason
     WHERE id = :id AND status = 'waiting'
""")
_DEAD = text("""
    UPDATE geoservice.delivery SET status = 'dead', attempts = attempts + 1, claimed_until = NULL,
           last_status = :status, last_reason = :reason
     WHERE id = :id AND status = 'waiting'
    RETURNING webhook_id, lane
""")
_FAILED = text("""
    UPDATE geoservice.delivery SET attempts = attempts + 1, claimed_until = NULL,
           last_status = :status, last_reason = :reason
     WHERE id = :id AND status = 'waiting'
    RETURNING webhook_id, lane
""")
_LANE_DUE = text("""
    UPDATE geoservice.delivery SET due_at = now() + make_interval(secs => :wait_s)
     WHERE webhook_id = :webhook_id AND lane = :lane AND status = 'waiting'
""")
_PUT_BACK = text("""
    UPDATE geoservice.delivery SET claimed_until = NULL, last_status = :status, last_reason = :reason
     WHERE id = :id AND status = 'waiting'
""")
#: What a receiver put off itself (429) keeps its time.
_HURRY = text("""
    UPDATE geoservice.delivery SET due_at = now(), hurried = true
     WHERE webhook_id = :webhook_id AND status = 'waiting' AND due_at > now()
       AND (:again OR NOT hurried) AND last_status IS DISTINCT FROM 429
""")


def insert_webhook(connection: Connection, new: NewWebhook, secret: str) -> int:
    """Store a webhook that hears of what happens from now on; return its id."""
    asked = {
        "jurisdiction_id": new.jurisdiction_id, "url": new.url, "label": new.label, "secret": secret,
        "topics": json.dumps({topic: sorted(values) for topic, values in new.topics.items()}, ensure_ascii=False),
        "created_by": new.created_by,
    }  # fmt: skip
    webhook_id: int = connection.execute(_INSERT, asked).scalar_one()
    return webhook_id


def remove_webhook(connection: Connection, webhook_id: int) -> bool:
    """Remove a webhook with its deliveries; return whether there was one."""
    return connection.execute(_REMOVE, {"id": webhook_id}).rowcount == 1


def rotate_secret(connection: Connection, webhook_id: int, secret: str, *, keep_s: float) -> bool:
    """Give a webhook another secret; the one before signs too for so long. Return whether there is such a webhook."""
    asked = {"id": webhook_id, "secret": secret, "keep_s": keep_s}
    return connection.execute(_ROTATE, asked).rowcount == 1


def disable_webhook(connection: Connection, webhook_id: int, reason: str) -> None:
    """Have nothing sent any more; what waits stays. One that is disabled already keeps its reason."""
    connection.execute(_DISABLE, {"id": webhook_id, "reason": reason})


def enable_webhook(connection: Connection, webhook_id: int) -> None:
    """Go on sending, all that waits at once."""
    connection.execute(_ENABLE, {"id": webhook_id})
    connection.execute(_MAKE_DUE, {"id": webhook_id})


def note_sent_up_to(connection: Connection, webhook_id: int, number: int) -> None:
    """Note up to which event a webhook's were fanned out; back, to have them fanned out again."""
    connection.execute(_SENT_UP_TO, {"id": webhook_id, "number": number})


def fan_out(connection: Connection, webhook_id: int, messages: Sequence[Message]) -> None:
    """Put messages into the ledger of a webhook; those that are there and not waiting wait anew."""
    rows = [
        {"number": one.number, "type": one.type, "incident_id": one.incident_id and str(one.incident_id),
         "body": one.body}
        for one in messages
    ]  # fmt: skip
    asked = {"webhook_id": webhook_id, "messages": json.dumps(rows, ensure_ascii=False)}
    connection.execute(_FAN_OUT, asked)


def revive_dead(connection: Connection, webhook_id: int) -> int:
    """Have the dead deliveries of a webhook attempted anew; return how many."""
    return connection.execute(_REVIVE_DEAD, {"webhook_id": webhook_id}).rowcount


def claim(connection: Connection, webhook_id: int, *, most: int, lease_s: float) -> tuple[Claimed, ...]:
    """Claim deliveries that are due, the first of each lane and no other; what is claimed is nobody else's for a while.

    Parameters
    ----------
    lease_s
        Who has not said by then what became of it has it attempted again by others.
    """
    asked = {"webhook_id": webhook_id, "most": most, "lease_s": lease_s}
    return tuple(
        Claimed(
            row.id, row.webhook_id, row.message_id, row.attempts, row.url, row.body,
            (row.secret,) if row.previous_secret is None else (row.secret, row.previous_secret),
        )
        for row in connection.execute(_CLAIM, asked)
    )  # fmt: skip


def note_delivered(connection: Connection, delivery_id: int, *, status: int | None, reason: str) -> None:
    """Note that a receiver has it."""
    connection.execute(_DELIVERED, {"id": delivery_id, "status": status, "reason": reason})


def note_failed(
    connection: Connection, delivery_id: int, *, status: int | None, reason: str, wait_s: float | None
) -> None:
    """Note an attempt that failed: it and what follows in its lane wait for so long, or without it, as it is dead."""
    told = {"id": delivery_id, "status": status, "reason": reason}
    row = connection.execute(_DEAD if wait_s is None else _FAILED, told).one_or_none()
    if row is not None:  # else its claim had ended, and somebody else knew better
        connection.execute(_LANE_DUE, {"webhook_id": row.webhook_id, "lane": row.lane, "wait_s": wait_s or 0.0})


def put_back(connection: Connection, delivery_id: int, *, status: int | None, reason: str) -> None:
    """Let go of a delivery; the attempt does not count."""
    connection.execute(_PUT_BACK, {"id": delivery_id, "status": status, "reason": reason})


def hurry(connection: Connection, webhook_id: int, *, again: bool) -> None:
    """Make due what waits out a failure: each once, or whether or not it was before."""
    connection.execute(_HURRY, {"webhook_id": webhook_id, "again": again})
