"""Table visit."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, geometry, identity


class VisitRow(Base):
    """What a grid officer did at a building or a point, in a minute."""

    __tablename__ = "visit"
    __table_args__ = (
        ForeignKeyConstraint(
            ["jurisdiction_id", "staff_code"], ["geoservice.staff.jurisdiction_id", "geoservice.staff.code"]
        ),
        Index("ix_visit_jurisdiction_id_at", "jurisdiction_id", "at"),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    building_code: Mapped[str | None] = mapped_column(CODE)
    geom: Mapped[object | None] = geometry("POINT", nullable=True)
    grid_code: Mapped[str] = mapped_column(CODE)
    staff_code: Mapped[str] = mapped_column(CODE)
    kind: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(INSTANT)
