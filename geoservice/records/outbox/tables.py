"""Tables outbox and outbox_head."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import INSTANT, identity


class OutboxRow(Base):
    """One thing that happened, written in the transaction that did it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "outbox_tells_it_once",
            "incident_event_id",
            unique=True,
            postgresql_where=text("incident_event_id IS NOT NULL"),
        ),
        Index("outbox_one_of_a_number", "number", unique=True, postgresql_where=text("number IS NOT NULL")),
        Index("ix_outbox_id_without_number", "id", postgresql_where=text("number IS NULL")),
        Index(None, "at"),
    )

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    topic: Mapped[str] = mapped_column(Text)
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    payload: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    #: The line of a history that it tells of, when it carries no payload of its own.
    incident_event_id: Mapped[int | None] = mapped_column(BigInteger)
    #: Where it stands in the order in which everybody hears of it; null until it is given, soon after the commit.
    number: Mapped[int | None] = mapped_column(BigInteger)


class OutboxHeadRow(Base):
    """The last number that was given."""

    __tablename__ = "outbox_head"

    only_one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default="true")
    number: Mapped[int] = mapped_column(BigInteger)
