"""Tables api_key (hashes, never secrets), key_use and login_grant."""

from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, CIDR
from sqlalchemy.orm import Mapped, mapped_column

from geoservice.records.grants.tables import AccessGrantRow
from layers.db.base import Base
from layers.db.columns import INSTANT, identity, instant_now


class LoginGrantRow(Base):
    """As what the login of a person to the database works, where and until when; row policies ask it."""

    __tablename__ = "login_grant"
    __table_args__ = (Index("ix_login_grant_once", "login", "role", text("COALESCE(jurisdiction_id, 0)"), unique=True),)

    id: Mapped[int] = identity()
    login: Mapped[str] = mapped_column(Text)
    #: reader or analyst.
    role: Mapped[str] = mapped_column(Text, server_default="analyst")
    #: Null: everywhere.
    jurisdiction_id: Mapped[int | None] = mapped_column(ForeignKey("geoservice.jurisdiction.id"))
    #: Null: without an end.
    valid_to: Mapped[datetime | None] = mapped_column(INSTANT)
    granted_at: Mapped[datetime] = instant_now()


class ApiKeyRow(Base):
    """A secret of a program."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = instant_now()
    #: As histories name him.
    created_by: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)
    #: Where alone it is good; none: wherever it is shown.
    networks: Mapped[list[IPv4Network | IPv6Network]] = mapped_column(ARRAY(CIDR), server_default="{}")
    #: Of the secret before, and until when that is good.
    previous_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None] = mapped_column(INSTANT)


AccessGrantRow.metadata.tables["geoservice.access_grant"].append_constraint(
    ForeignKeyConstraint(["key_id"], ["geoservice.api_key.id"], ondelete="CASCADE")
)


class KeyUseRow(Base):
    """When a key was last used, to some minutes."""

    __tablename__ = "key_use"

    key_id: Mapped[str] = mapped_column(Text, ForeignKey("geoservice.api_key.id"), primary_key=True)
    used_at: Mapped[datetime] = instant_now()
