"""Table building."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, change_id, geometry, grid_code, identity, instant_now, mercator
from layers.db.history import with_history


@with_history
class BuildingRow(Base):
    """A building's footprint."""

    __tablename__ = "building"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "geom_3857", postgresql_using="gist"),
        Index("ix_building_grid_code", "jurisdiction_id", "grid_code"),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    code: Mapped[str] = mapped_column(CODE)
    name: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="other")
    floors: Mapped[int | None] = mapped_column(SmallInteger)
    address: Mapped[str | None] = mapped_column(Text)
    in_use: Mapped[bool] = mapped_column(Boolean, server_default="true")
    geom: Mapped[object] = geometry("MULTIPOLYGON")
    geom_3857: Mapped[object | None] = mercator()
    grid_code: Mapped[str | None] = grid_code()
    recorded_at: Mapped[datetime] = instant_now()
    change_id: Mapped[int | None] = change_id()
