"""Tables service, incident and incident_event."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.crs import STORAGE_SRID, WEB_MERCATOR_SRID
from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, geometry, identity, instant_now


class ServiceRow(Base):
    """A kind of incident."""

    __tablename__ = "service"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey("geoservice.jurisdiction.id"))
    code: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    attributes: Mapped[list[object]] = mapped_column(JSONB, server_default="[]")
    limit_working_hours: Mapped[float | None] = mapped_column(Float(53))
    #: Where it was reported is nobody's business.
    sensitive: Mapped[bool] = mapped_column(Boolean, server_default="false")
    #: Nothing new is reported of it.
    retired: Mapped[bool] = mapped_column(Boolean, server_default="false")


class IncidentRow(Base):
    """One reported matter; everything about its owner is written by the database's trigger."""

    __tablename__ = "incident"
    __table_args__ = (
        ForeignKeyConstraint(
            ["jurisdiction_id", "service_code"], ["geoservice.service.jurisdiction_id", "geoservice.service.code"]
        ),
        ForeignKeyConstraint(
            ["jurisdiction_id", "assigned_officer_code"],
            ["geoservice.staff.jurisdiction_id", "geoservice.staff.code"],
            name="incident_assigned_to_staff",
        ),
        Index("ix_incident_geom", "jurisdiction_id", "geom", postgresql_using="gist"),
        Index(None, "geom_3857", postgresql_using="gist"),
        Index("ix_incident_grid_code", "jurisdiction_id", "grid_code", "status"),
        Index(
            "ix_incident_urgency",
            "jurisdiction_id",
            "urgency",
            "id",
            postgresql_include=[
                "status",
                "overdue_at",
                "near_border",
                "late",
                "grid_code",
                "service_code",
                "source",
                "sensitive",
            ],
        ),
        Index(None, "reported_at"),
        Index(
            "ix_incident_alike",
            "jurisdiction_id",
            "service_code",
            "reported_at",
            postgresql_where=text("geoservice.is_open(status)"),
        ),
        Index(None, "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index(None, "updated_at"),
        Index(
            "ix_incident_overrule_grid_code",
            "jurisdiction_id",
            "overrule_grid_code",
            postgresql_where=text("overrule_grid_code IS NOT NULL"),
        ),
        Index(None, "reporter_sha256", unique=True, postgresql_where=text("reporter_sha256 IS NOT NULL")),
        Index(None, "duplicate_of", postgresql_where=text("duplicate_of IS NOT NULL")),
        Index(
            "ix_incident_words",
            "jurisdiction_id",
            "status_since",
            postgresql_where=text("words_gone_at IS NULL AND NOT geoservice.is_open(status)"),
        ),
        Index(None, "status_since", postgresql_where=text("status = 'resolved'")),
        Index(
            None,
            "expected_at",
            postgresql_where=text("overdue_at IS NULL AND geoservice.clock_runs(status)"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("gen_random_uuid()"))
    service_code: Mapped[str] = mapped_column(CODE)
    source: Mapped[str] = mapped_column(Text, server_default="system")
    description: Mapped[str] = mapped_column(Text, server_default="")
    geom: Mapped[object] = geometry("POINT")
    #: Empty of what is sensitive: tiles are everybody's.
    geom_3857: Mapped[object | None] = mapped_column(
        Geometry("GEOMETRY", srid=WEB_MERCATOR_SRID, spatial_index=False),
        Computed(
            "CASE WHEN sensitive THEN public.st_geomfromtext('POINT EMPTY', 3857)"
            " ELSE geoservice.web_mercator(geom) END",
            persisted=True,
        ),
    )
    #: As its service is; the trigger's.
    sensitive: Mapped[bool] = mapped_column(Boolean, server_default="false")
    #: When its words and those of its history were erased.
    words_gone_at: Mapped[datetime | None] = mapped_column(INSTANT)
    #: Counts what was put right that is no step.
    upkeep: Mapped[int] = mapped_column(Integer, server_default="0")
    received_x: Mapped[float] = mapped_column(Float(53))
    received_y: Mapped[float] = mapped_column(Float(53))
    declared_crs: Mapped[str] = mapped_column(Text, server_default="wgs84")
    accuracy_m: Mapped[float | None] = mapped_column(Float(53))
    building_code: Mapped[str | None] = mapped_column(CODE)
    reported_at: Mapped[datetime] = instant_now()
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(BigInteger)
    grid_code: Mapped[str | None] = mapped_column(CODE)
    method: Mapped[str] = mapped_column(Text)
    distance_to_border_m: Mapped[float | None] = mapped_column(Float(53))
    near_border: Mapped[bool] = mapped_column(Boolean)
    candidates: Mapped[list[dict[str, object]] | None] = mapped_column(JSONB)
    officer_code: Mapped[str | None] = mapped_column(CODE)
    overrule_grid_code: Mapped[str | None] = mapped_column(CODE)
    overrule_reason: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="reported")
    closed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    recorded_at: Mapped[datetime] = instant_now()
    updated_at: Mapped[datetime] = instant_now()
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    #: Whose edition and postings it was routed by; the trigger's.
    routed_at: Mapped[datetime] = mapped_column(INSTANT)
    #: The rule that the last change went by; the trigger's, unless a writer names another that fits.
    step_rule: Mapped[str] = mapped_column(Text, server_default="reported")
    step_reason: Mapped[str | None] = mapped_column(Text)
    status_since: Mapped[datetime] = instant_now()
    waiting_since: Mapped[datetime | None] = mapped_column(INSTANT)
    set_out_at: Mapped[datetime | None] = mapped_column(INSTANT)
    overdue_at: Mapped[datetime | None] = mapped_column(INSTANT)
    late: Mapped[bool] = mapped_column(
        Boolean,
        Computed("overdue_at IS NOT NULL AND geoservice.is_open(status) AND status <> 'resolved'", persisted=True),
    )
    #: The order of lists: the smaller, the sooner somebody has to do something.
    urgency: Mapped[float] = mapped_column(
        Float(53),
        Computed("geoservice.urgency_of(status, overdue_at, expected_at, reported_at)", persisted=True),
    )
    assigned_officer_code: Mapped[str | None] = mapped_column(CODE)
    duplicate_of: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("geoservice.incident.id"))
    #: Of a duplicate: how far the incident has come that it ends at; the trigger's.
    original_status: Mapped[str | None] = mapped_column(Text)
    reporter_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    expected_at: Mapped[datetime | None] = mapped_column(INSTANT)
    work_left_s: Mapped[float | None] = mapped_column(Float(53))
    attributes: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")


class IncidentEventRow(Base):
    """One append-only line of an incident's history."""

    __tablename__ = "incident_event"
    __table_args__ = (
        Index(None, "incident_id"),
        Index("ix_incident_event_jurisdiction_id_at", "jurisdiction_id", "at"),
        Index(
            "ix_incident_event_reported_at",
            "jurisdiction_id",
            "reported_at",
            postgresql_where=text("rule = 'reported'"),
        ),
    )

    id: Mapped[int] = identity()
    incident_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    actor: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str | None] = mapped_column(Text)
    to_status: Mapped[str] = mapped_column(Text)
    from_grid_code: Mapped[str | None] = mapped_column(CODE)
    to_grid_code: Mapped[str | None] = mapped_column(CODE)
    method: Mapped[str | None] = mapped_column(Text)
    edition_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    officer_code: Mapped[str | None] = mapped_column(CODE)
    jurisdiction_id: Mapped[int | None] = mapped_column(Integer)
    service_code: Mapped[str | None] = mapped_column(CODE)
    source: Mapped[str | None] = mapped_column(Text)
    reported_at: Mapped[datetime | None] = mapped_column(INSTANT)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    original_status: Mapped[str | None] = mapped_column(Text)
    #: Of the incident from this line on; null where nothing of it changed.
    version: Mapped[int | None] = mapped_column(Integer)
    #: Of the first acceptance and the first resolving: seconds of work since the report.
    took_s: Mapped[float | None] = mapped_column(Float(53))
    #: The routing decision from here on; null where nothing was routed.
    routed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    geom: Mapped[object | None] = geometry("POINT", nullable=True)
    received_x: Mapped[float | None] = mapped_column(Float(53))
    received_y: Mapped[float | None] = mapped_column(Float(53))
    declared_crs: Mapped[str | None] = mapped_column(Text)
    accuracy_m: Mapped[float | None] = mapped_column(Float(53))
    building_code: Mapped[str | None] = mapped_column(CODE)
    distance_to_border_m: Mapped[float | None] = mapped_column(Float(53))
    near_border: Mapped[bool | None] = mapped_column(Boolean)
    candidates: Mapped[list[dict[str, object]] | None] = mapped_column(JSONB)


class LifecycleRow(Base):
    """A step that the database lets an incident take."""

    __tablename__ = "lifecycle"
    __table_args__ = (
        Index("lifecycle_one_usual_rule", "from_status", "to_status", unique=True, postgresql_where=text("usual")),
    )

    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    from_status: Mapped[str] = mapped_column(Text, primary_key=True)
    to_status: Mapped[str] = mapped_column(Text)
    needs_reason: Mapped[bool] = mapped_column(Boolean, server_default="false")
    usual: Mapped[bool] = mapped_column(Boolean, server_default="true")


class ReportKeyRow(Base):
    """A report or step that came with a key of its sender's: sent again, it is answered and not done again."""

    __tablename__ = "report_key"
    __table_args__ = (Index(None, "at"), Index(None, "incident_id"))

    key_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    incident_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("geoservice.incident.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    #: The token that was given out; it opens with the key, which only its sender knows. None of a step.
    sealed_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime] = instant_now()


#: What many reports are put into: it keeps nothing, and no row of it has a key.
INBOX = Table(
    "incident_inbox",
    Base.metadata,
    Column("id", Uuid, server_default=text("gen_random_uuid()")),
    Column("jurisdiction_id", Integer),
    Column("service_code", CODE),
    Column("source", Text, server_default="system"),
    Column("description", Text, server_default=""),
    Column("attributes", JSONB, server_default=text("'{}'")),
    Column("geom", Geometry("POINT", srid=STORAGE_SRID, spatial_index=False)),
    Column("received_x", Float(53)),
    Column("received_y", Float(53)),
    Column("declared_crs", Text, server_default="wgs84"),
    Column("accuracy_m", Float(53)),
    Column("building_code", CODE),
    Column("reported_at", INSTANT, server_default=text("now()")),
    Column("assigned_officer_code", CODE),
    Column("overrule_grid_code", CODE),
    Column("overrule_reason", Text),
    schema=ServiceRow.__table__.schema,
)
