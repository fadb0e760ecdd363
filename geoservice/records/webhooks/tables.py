"""Tables webhook and delivery."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, identity, instant_now

_WAITING = text("status = 'waiting'")


class WebhookRow(Base):
    """A standing order: what is to be sent, where to, and how far it was."""

    __tablename__ = "webhook"
    __table_args__ = (Index(None, "jurisdiction_id"),)

    id: Mapped[int] = identity()
    #: Null: events of all of them.
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    url: Mapped[str] = mapped_column(Text)
    topics: Mapped[dict[str, list[str]]] = mapped_column(JSONB, server_default="{}")
    label: Mapped[str] = mapped_column(Text, server_default="")
    secret: Mapped[str] = mapped_column(Text)
    #: Signs beside the other one until then.
    previous_secret: Mapped[str | None] = mapped_column(Text)
    previous_secret_until: Mapped[datetime | None] = mapped_column(INSTANT)
    created_at: Mapped[datetime] = instant_now()
    created_by: Mapped[str] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(INSTANT)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    #: Number of the last event that was fanned out.
    sent_up_to: Mapped[int] = mapped_column(BigInteger)


class DeliveryRow(Base):
    """One event on its way to one webhook, or arrived there."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "number"),
        Index("ix_delivery_due", "webhook_id", "due_at", "number", postgresql_where=_WAITING),
        Index("ix_delivery_lane", "webhook_id", "lane", "number", postgresql_where=_WAITING),
        Index(None, "webhook_id", "status", "number"),
        Index(None, "at", postgresql_where=text("status <> 'waiting'")),
    )

    id: Mapped[int] = identity()
    webhook_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("geoservice.webhook.id", ondelete="CASCADE"))
    #: Of the event.
    number: Mapped[int] = mapped_column(BigInteger)
    #: The same in every attempt.
    message_id: Mapped[str] = mapped_column(
        Text, server_default=text("'msg_' || replace(gen_random_uuid()::text, '-', '')")
    )
    type: Mapped[str] = mapped_column(Text)
    incident_id: Mapped[UUID | None] = mapped_column(Uuid)
    #: Within a lane, deliveries of one webhook go one after the other.
    lane: Mapped[str] = mapped_column(CODE, Computed("coalesce(incident_id::text, type)", persisted=True))
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    due_at: Mapped[datetime] = instant_now()
    #: Somebody attempts it, and has until then.
    claimed_until: Mapped[datetime | None] = mapped_column(INSTANT)
    #: It was made due once before its time.
    hurried: Mapped[bool] = mapped_column(Boolean, server_default="false")
    last_status: Mapped[int | None] = mapped_column(SmallInteger)
    last_reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = instant_now()
    delivered_at: Mapped[datetime | None] = mapped_column(INSTANT)
