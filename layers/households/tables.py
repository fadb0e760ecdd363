"""Table household: counts in bands at a place. There is no column for a name, and none may be added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, change_id, geometry, grid_code, instant_now
from layers.db.history import with_history


@with_history
class HouseholdRow(Base):
    """How many live at a place, by age band: a household, or several; id and code say nothing of anybody."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        ForeignKeyConstraint(
            ["jurisdiction_id", "building_code"],
            ["geoservice.building.jurisdiction_id", "geoservice.building.code"],
            deferrable=True,
        ),
        Index(None, "geom", postgresql_using="gist"),
        Index("ix_household_grid_code", "jurisdiction_id", "grid_code"),
        Index("ix_household_building", "jurisdiction_id", "building_code"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("gen_random_uuid()"))
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    code: Mapped[str] = mapped_column(CODE, server_default=text("(gen_random_uuid())::text"))
    building_code: Mapped[str | None] = mapped_column(CODE)
    unit: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = geometry("POINT")
    #: How many households this row counts.
    households: Mapped[int] = mapped_column(Integer, server_default="1")
    age_0_13: Mapped[int] = mapped_column(Integer, server_default="0")
    age_14_17: Mapped[int] = mapped_column(Integer, server_default="0")
    age_18_59: Mapped[int] = mapped_column(Integer, server_default="0")
    age_60_79: Mapped[int] = mapped_column(Integer, server_default="0")
    age_80_plus: Mapped[int] = mapped_column(Integer, server_default="0")
    residents: Mapped[int] = mapped_column(
        Integer,
        Computed("age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus", persisted=True),
        nullable=False,
    )
    floating: Mapped[int] = mapped_column(Integer, server_default="0")
    grid_code: Mapped[str | None] = grid_code()
    recorded_at: Mapped[datetime] = instant_now()
    change_id: Mapped[int | None] = change_id()
