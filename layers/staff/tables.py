"""Tables staff and posting: people at work by code and call sign, never by name."""

from datetime import date

from sqlalchemy import Date, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, identity


class StaffRow(Base):
    """A grid officer, police officer or dispatcher."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    code: Mapped[str] = mapped_column(CODE)
    call_sign: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)


class PostingRow(Base):
    """A staff member serves a grid from a day to a day (half-open)."""

    __tablename__ = "posting"
    __table_args__ = (
        ForeignKeyConstraint(
            ["jurisdiction_id", "staff_code"], ["geoservice.staff.jurisdiction_id", "geoservice.staff.code"]
        ),
        Index("ix_posting_grid_code", "jurisdiction_id", "grid_code"),
        ExcludeConstraint(
            ("jurisdiction_id", "="),
            ("grid_code", "="),
            (text("daterange(valid_from, valid_to)"), "&&"),
            where=text("role = 'grid_officer'"),
            name="posting_one_grid_officer",
        ),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer)
    staff_code: Mapped[str] = mapped_column(CODE)
    grid_code: Mapped[str] = mapped_column(CODE)
    role: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
