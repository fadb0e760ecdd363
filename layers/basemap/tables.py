"""Table basemap_feature."""

from sqlalchemy import ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import geometry, identity, mercator


class BasemapFeatureRow(Base):
    """A street, water, green or block."""

    __tablename__ = "basemap_feature"
    __table_args__ = (
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "geom_3857", postgresql_using="gist"),
        Index(None, "jurisdiction_id"),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object] = geometry("GEOMETRY")
    geom_3857: Mapped[object | None] = mercator()
