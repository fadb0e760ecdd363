"""Table jurisdiction."""

from datetime import datetime

from sqlalchemy import Boolean, Float, Identity, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, geometry, instant_now


class JurisdictionRow(Base):
    """An area served as one whole."""

    __tablename__ = "jurisdiction"
    __table_args__ = (Index(None, "outline", postgresql_using="gist"),)

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(CODE, unique=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    outline: Mapped[object] = geometry("MULTIPOLYGON")
    #: EPSG code of a metric CRS that fits the outline.
    metric_srid: Mapped[int] = mapped_column(Integer)
    time_zone: Mapped[str] = mapped_column(Text, server_default="Asia/Shanghai")
    snap_tolerance_m: Mapped[float] = mapped_column(Float(53), server_default="25")
    accuracy_m: Mapped[float] = mapped_column(Float(53), server_default="15")
    recorded_at: Mapped[datetime] = instant_now()
    #: What becomes of an open incident whose place goes to another grid: keep, move or ask.
    reroute: Mapped[str] = mapped_column(Text, server_default="move")
    #: Households that a grid should have at least, and at most.
    households_min: Mapped[int] = mapped_column(Integer, server_default="300")
    households_max: Mapped[int] = mapped_column(Integer, server_default="500")
    #: What is not sure of the datum of the file that the outline came from; null: nothing.
    ballpark: Mapped[str | None] = mapped_column(Text)
    #: What the whole of a grid's code should be like; none: anything.
    grid_code_pattern: Mapped[str | None] = mapped_column(Text)
    #: Whom maps of it have to name.
    attribution: Mapped[str | None] = mapped_column(Text)
    #: What visitors see of it: closed, grids or open.
    visitors: Mapped[str] = mapped_column(Text, server_default="grids")
    #: Whether who drew a draft can neither publish it nor confirm its outline.
    four_eyes: Mapped[bool] = mapped_column(Boolean, server_default="false")
    #: For how many days words, messages of webhooks, keys of reports and ended sessions are kept; null: for good.
    words_days: Mapped[int | None] = mapped_column(Integer, server_default="180")
    deliveries_days: Mapped[int | None] = mapped_column(Integer, server_default="30")
    report_keys_days: Mapped[int | None] = mapped_column(Integer, server_default="7")
    sessions_days: Mapped[int | None] = mapped_column(Integer, server_default="7")
