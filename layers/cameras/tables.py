"""Table camera: where it stands and which sector it sees."""

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, change_id, geometry, grid_code, identity, instant_now, mercator
from layers.db.history import with_history


@with_history
class CameraRow(Base):
    """A camera; the database draws its view sector."""

    __tablename__ = "camera"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "geom_3857", postgresql_using="gist"),
        Index(None, "sector", postgresql_using="gist"),
        Index(None, "sector_3857", postgresql_using="gist"),
        Index("ix_camera_grid_code", "jurisdiction_id", "grid_code"),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    code: Mapped[str] = mapped_column(CODE)
    kind: Mapped[str] = mapped_column(Text, server_default="fixed")
    geom: Mapped[object] = geometry("POINT")
    geom_3857: Mapped[object | None] = mercator()
    #: Clockwise from north; None: not known.
    bearing_deg: Mapped[float | None] = mapped_column(Float(53))
    fov_deg: Mapped[float | None] = mapped_column(Float(53))
    range_m: Mapped[float | None] = mapped_column(Float(53))
    status: Mapped[str] = mapped_column(Text, server_default="online")
    sector: Mapped[object | None] = geometry("POLYGON", nullable=True)
    sector_3857: Mapped[object | None] = mercator("sector")
    grid_code: Mapped[str | None] = grid_code()
    recorded_at: Mapped[datetime] = instant_now()
    change_id: Mapped[int | None] = change_id()
