"""Tables api_key (hashes, never secrets) and login_grant."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, instant_now


class LoginGrantRow(Base):
    """Where the login of a person to the database works; row policies ask it."""

    __tablename__ = "login_grant"

    login: Mapped[str] = mapped_column(Text, primary_key=True)
    #: Null: everywhere.
    jurisdiction_id: Mapped[int | None] = mapped_column(ForeignKey("geoservice.jurisdiction.id"))
    granted_at: Mapped[datetime] = instant_now()


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
    #: As histories name him.
    created_by: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)
    #: Where it is good; null: everywhere.
    jurisdiction_id: Mapped[int | None] = mapped_column(ForeignKey("geoservice.jurisdiction.id"))
    #: Who holds an officer's key.
    staff_code: Mapped[str | None] = mapped_column(CODE)
