"""Tables change and change_count: what a transaction did to layers. Twins of their tables: layers/db/history.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, identity


class ChangeRow(Base):
    """A transaction that changed layers."""

    __tablename__ = "change"
    __table_args__ = (Index(None, "undoes"),)

    id: Mapped[int] = identity()
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    actor: Mapped[str] = mapped_column(Text)
    #: sql, or as the service says: command, api.
    door: Mapped[str] = mapped_column(Text)
    #: edit, import or undo.
    kind: Mapped[str] = mapped_column(Text)
    undoes: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("geoservice.change.id"))
    #: Of an import: what was read.
    note: Mapped[str | None] = mapped_column(Text)
    #: Its transaction; says nothing once that has ended.
    xact: Mapped[int] = mapped_column(BigInteger)


class ChangeCountRow(Base):
    """What a change did to a layer in a jurisdiction."""

    __tablename__ = "change_count"
    __table_args__ = (Index("ix_change_count_jurisdiction_id", "jurisdiction_id", "change_id"),)

    change_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("geoservice.change.id"), primary_key=True)
    layer: Mapped[str] = mapped_column(CODE, primary_key=True)
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"), primary_key=True)
    added: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    removed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
