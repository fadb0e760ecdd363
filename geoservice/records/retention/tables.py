"""Tables erasure and retention_run: that words went, and when; never which."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import INSTANT, identity, instant_now


class ErasureRow(Base):
    """That the words of a report were erased."""

    __tablename__ = "erasure"
    __table_args__ = (Index(None, "incident_id"),)

    id: Mapped[int] = identity()
    incident_id: Mapped[UUID] = mapped_column(Uuid)
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = instant_now()
    actor: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    because: Mapped[str] = mapped_column(Text)


class RetentionRow(Base):
    """What a run took away of one kind."""

    __tablename__ = "retention_run"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[int] = identity()
    at: Mapped[datetime] = instant_now()
    actor: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    #: Null: of no jurisdiction, or of all.
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    removed: Mapped[int] = mapped_column(Integer)
    oldest: Mapped[datetime] = mapped_column(INSTANT)
