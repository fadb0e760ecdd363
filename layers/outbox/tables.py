"""Table outbox."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import INSTANT, identity


class OutboxRow(Base):
    """One thing that happened, written in the transaction that did it."""

    __tablename__ = "outbox"

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    topic: Mapped[str] = mapped_column(Text)
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
