"""Table grid_figure: what everybody is told of each grid; gather_figures fills it (migrations/schema/figures.sql)."""

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, geometry, identity, mercator


class GridFigureRow(Base):
    """What everybody is told of a grid in force."""

    __tablename__ = "grid_figure"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "geom_3857", postgresql_using="gist"),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    code: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    edition: Mapped[int | None] = mapped_column(BigInteger)
    in_hand: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[int] = mapped_column(BigInteger)
    received_30_days: Mapped[int] = mapped_column(BigInteger)
    #: Working minutes; None: of fewer than five nobody tells a median.
    resolve_minutes: Mapped[float | None] = mapped_column(Float(53))
    rating: Mapped[float | None] = mapped_column(Float(53))
    households: Mapped[int | None] = mapped_column(BigInteger)
    residents: Mapped[int | None] = mapped_column(BigInteger)
    floating: Mapped[int | None] = mapped_column(BigInteger)
    geom: Mapped[object] = geometry("MULTIPOLYGON")
    geom_3857: Mapped[object | None] = mercator()
