"""Table basemap_feature."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, change_id, geometry, identity, instant_now, mercator
from layers.db.history import with_history


@with_history
class BasemapFeatureRow(Base):
    """A street, water, green or block."""

    __tablename__ = "basemap_feature"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "geom_3857", postgresql_using="gist"),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    #: As where it comes from names it.
    code: Mapped[str] = mapped_column(CODE, server_default=text("(gen_random_uuid())::text"))
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = geometry("GEOMETRY")
    geom_3857: Mapped[object | None] = mercator()
    recorded_at: Mapped[datetime] = instant_now()
    change_id: Mapped[int | None] = change_id()
