"""Table api_key: hashes, never secrets."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, instant_now


class ApiKeyRow(Base):
    """A secret that names a role."""

    __tablename__ = "api_key"
    __table_args__ = (
        ForeignKeyConstraint(
            ["jurisdiction_id", "staff_code"], ["geoservice.staff.jurisdiction_id", "geoservice.staff.code"]
        ),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = instant_now()
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)
    #: Who holds an officer's key.
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer)
    staff_code: Mapped[str | None] = mapped_column(CODE)
