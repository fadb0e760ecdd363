"""Table access_grant."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, identity, instant_now


class AccessGrantRow(Base):
    """A role, in a jurisdiction or everywhere, of an account or of a key."""

    __tablename__ = "access_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["jurisdiction_id", "staff_code"], ["geoservice.staff.jurisdiction_id", "geoservice.staff.code"]
        ),
        Index(None, "login"), Index(None, "key_id"),
    )  # fmt: skip

    id: Mapped[int] = identity()
    #: One of these two; what it refers to says so itself: accounts and keys know of grants, grants of neither.
    login: Mapped[str | None] = mapped_column(CODE)
    key_id: Mapped[str | None] = mapped_column(CODE)
    role: Mapped[str] = mapped_column(Text)
    #: Where it is good; null: everywhere.
    jurisdiction_id: Mapped[int | None] = mapped_column(ForeignKey("geoservice.jurisdiction.id"))
    #: Which member of staff holds it; an officer's always says so.
    staff_code: Mapped[str | None] = mapped_column(CODE)
    valid_from: Mapped[datetime] = instant_now()
    #: Null: without an end.
    valid_to: Mapped[datetime | None] = mapped_column(INSTANT)
    granted_at: Mapped[datetime] = instant_now()
    granted_by: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    #: Taken back before its end.
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)
    revoked_by: Mapped[str | None] = mapped_column(Text)
