"""Tables audit_entry, audit_seal, audit_head and ended_right."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, identity, instant_now


class AuditEntryRow(Base):
    """One thing that somebody did, written in the transaction that did it."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "era", "tx", "id"),
        Index(None, "jurisdiction_id", "id"),
        Index(None, "at"),
        Index(
            "ix_audit_entry_incident",
            text("(touched ->> 'incident')"),
            postgresql_where=text("touched ->> 'incident' IS NOT NULL"),
        ),
        Index(
            "ix_audit_entry_incidents",
            "id",
            postgresql_where=text(
                "what IN ('erasure_added', 'incident_added', 'incident_changed', 'incident_removed')"
            ),
        ),
    )

    id: Mapped[int] = identity()
    era: Mapped[int] = mapped_column(Integer)
    tx: Mapped[int] = mapped_column(BigInteger, server_default=text("geoservice.this_transaction()"))
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    who: Mapped[str] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(Text)
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str | None] = mapped_column(Text)
    touched: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    request: Mapped[UUID | None] = mapped_column(Uuid)


class AuditSealRow(Base):
    """A link of the chain: the hash of the one before and of the entry."""

    __tablename__ = "audit_seal"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHeadRow(Base):
    """How far the chain goes, and by which numbers entries are ordered now."""

    __tablename__ = "audit_head"

    only_one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default="true")
    seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("decode(repeat('00', 32), 'hex')"))
    sealed_era: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sealed_tx: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    sealed_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    era: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    cluster: Mapped[str] = mapped_column(Text)


class EndedRightRow(Base):
    """A right that ended by its time, of which the entry is written."""

    __tablename__ = "ended_right"

    #: Table of what ended.
    kind: Mapped[str] = mapped_column(CODE, primary_key=True)
    #: Its key there.
    id: Mapped[str] = mapped_column(CODE, primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    noted_at: Mapped[datetime] = instant_now()
