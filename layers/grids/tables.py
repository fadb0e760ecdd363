"""Tables of editions: their grids, drafts and findings, previews, and what is in force."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Float, ForeignKey, Identity, Index, Integer, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE, INSTANT, geometry, identity, instant_now

JURISDICTION = "geoservice.jurisdiction.id"
EDITION = "geoservice.edition.id"


class EditionRow(Base):
    """One complete set of grids of one jurisdiction."""

    __tablename__ = "edition"
    __table_args__ = (
        Index(None, "jurisdiction_id"),
        Index(None, "base_id"),
        Index(None, "outline", postgresql_using="gist"),
        ExcludeConstraint(
            ("jurisdiction_id", "="),
            (text("tstzrange(valid_from, valid_to)"), "&&"),
            where=text("geoservice.was_published(status)"),
            name="edition_one_in_force",
        ),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey(JURISDICTION))
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    valid_from: Mapped[datetime | None] = mapped_column(INSTANT)
    valid_to: Mapped[datetime | None] = mapped_column(INSTANT)
    source: Mapped[str | None] = mapped_column(Text)
    #: What is not sure of the datum of a file that its grids or its outline came from; null: nothing.
    ballpark: Mapped[str | None] = mapped_column(Text)
    #: Fingerprint of the content that validation last looked at.
    validated_hash: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime] = instant_now()
    published_at: Mapped[datetime | None] = mapped_column(INSTANT)
    published_by: Mapped[str | None] = mapped_column(Text)
    #: What its grids partition.
    outline: Mapped[object] = geometry("MULTIPOLYGON")
    #: Why it is not the outline before; null: it is, or nobody confirmed it.
    outline_reason: Mapped[str | None] = mapped_column(Text)
    outline_confirmed_by: Mapped[str | None] = mapped_column(Text)
    #: Who had a hand in its draft.
    drawn_by: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("ARRAY[geoservice.actor()]"))
    #: Why it is drawn; who asks for it to be put in force, and at which revision.
    note: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[str | None] = mapped_column(Text)
    asked_revision: Mapped[int | None] = mapped_column(Integer)
    #: The edition this one was drawn from.
    base_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(EDITION))
    #: Number of the last step.
    revision: Mapped[int] = mapped_column(Integer, server_default="0")


class GridRow(Base):
    """One cell of an edition; changes only while the edition is a draft."""

    __tablename__ = "grid"
    __table_args__ = (
        UniqueConstraint("edition_id", "code", name="grid_code_once_per_edition"),
        Index("ix_grid_place", "edition_id", "geom", postgresql_using="gist"),
        Index("ix_grid_unowned", "geom", postgresql_using="gist", postgresql_where=text("unowned_reason IS NOT NULL")),
    )

    #: By default, not always: a GIS names the column when it inserts; the guard gives the number.
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(CODE)
    geom: Mapped[object] = geometry("MULTIPOLYGON")
    properties: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    #: Why the ground belongs to nobody; null: it is a grid.
    unowned_reason: Mapped[str | None] = mapped_column(Text)


class GridLineageRow(Base):
    """Which grid came from which: split, merge, redraw or recode."""

    __tablename__ = "grid_lineage"
    __table_args__ = (UniqueConstraint("edition_id", "predecessor_code", "successor_code"),)

    id: Mapped[int] = identity()
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"))
    predecessor_code: Mapped[str] = mapped_column(CODE)
    successor_code: Mapped[str] = mapped_column(CODE)
    kind: Mapped[str] = mapped_column(Text)


class FindingRow(Base):
    """One defect or remark about an edition."""

    __tablename__ = "finding"
    __table_args__ = (Index(None, "edition_id"),)

    id: Mapped[int] = identity()
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"))
    rule: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    grid_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    message: Mapped[str] = mapped_column(Text)
    size: Mapped[float | None] = mapped_column(Float(53))
    unit: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object | None] = geometry("GEOMETRY", nullable=True)


class ReassignedCodeRow(Base):
    """A code that names another place from an edition on, which somebody accepted."""

    __tablename__ = "reassigned_code"

    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    accepted_by: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    accepted_at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))


class DraftStepRow(Base):
    """What one person or program did to a draft in one transaction."""

    __tablename__ = "draft_step"
    __table_args__ = (UniqueConstraint("edition_id", "number", name="draft_step_number"),)

    id: Mapped[int] = identity()
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    verb: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="done")
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    #: Of the draft, when the step gave it another.
    outline_before: Mapped[object | None] = geometry("MULTIPOLYGON", nullable=True)
    outline_after: Mapped[object | None] = geometry("MULTIPOLYGON", nullable=True)


class DraftChangeRow(Base):
    """One grid before and after a step; null: was not, is not."""

    __tablename__ = "draft_change"
    __table_args__ = (Index(None, "step_id"),)

    id: Mapped[int] = identity()
    step_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("geoservice.draft_step.id", ondelete="CASCADE"))
    before: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    before_geom: Mapped[object | None] = geometry("MULTIPOLYGON", nullable=True)
    after: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    after_geom: Mapped[object | None] = geometry("MULTIPOLYGON", nullable=True)


class PreviewRow(Base):
    """What was shown before publishing a draft."""

    __tablename__ = "preview"
    __table_args__ = (Index(None, "edition_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("gen_random_uuid()"))
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"))
    revision: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
    actor: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    moves: Mapped[list[object]] = mapped_column(JSONB)


class EditionPeriodRow(Base):
    """When an edition was in force, and when that was known."""

    __tablename__ = "edition_period"
    __table_args__ = (
        Index(None, "edition_id"),
        ExcludeConstraint(
            ("jurisdiction_id", "="), ("valid", "&&"), ("known", "&&"), name="edition_period_one_at_an_instant"
        ),
    )

    id: Mapped[int] = identity()
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION))
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey(JURISDICTION))
    valid: Mapped[object] = mapped_column(TSTZRANGE)
    known: Mapped[object] = mapped_column(TSTZRANGE)


class AppliedEditionRow(Base):
    """By which edition the features of a jurisdiction were assigned last."""

    __tablename__ = "applied_edition"

    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey(JURISDICTION), primary_key=True)
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION))


class TerritoryRow(Base):
    """A spell of a grid: how long it was in force as it is, and when that was known. What look-ups read."""

    __tablename__ = "territory"
    __table_args__ = (
        Index(None, "geom", postgresql_using="spgist"),
        Index(None, "jurisdiction_id", "code"),
        ExcludeConstraint(
            (text("hashtextextended(code, jurisdiction_id)"), "="),
            (text("(jurisdiction_id::text || ' ' || code)"), "="),
            (text("tstzrange(lower(valid), upper(valid))"), "&&"),
            (text("tstzrange(lower(known), upper(known))"), "&&"),
            name="territory_one_of_a_code",
        ),
    )

    id: Mapped[int] = identity()
    jurisdiction_id: Mapped[int] = mapped_column(Integer, ForeignKey(JURISDICTION))
    jurisdiction_code: Mapped[str] = mapped_column(CODE)
    code: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    valid: Mapped[object] = mapped_column(TSTZRANGE)
    known: Mapped[object] = mapped_column(TSTZRANGE)
    geom: Mapped[object] = geometry("MULTIPOLYGON")
    border: Mapped[object] = geometry("MULTILINESTRING")
    snap_tolerance_m: Mapped[float] = mapped_column(Float(53))
    accuracy_m: Mapped[float] = mapped_column(Float(53))


class DecisionRow(Base):
    """A gap or an overlap that somebody gave away."""

    __tablename__ = "decision"
    __table_args__ = (Index(None, "edition_id"), Index(None, "step_id"))

    id: Mapped[int] = identity()
    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(EDITION, ondelete="CASCADE"))
    #: That brought it; null: the draft began with it.
    step_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("geoservice.draft_step.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    to_code: Mapped[str] = mapped_column(CODE)
    area_m2: Mapped[float] = mapped_column(Float(53))
    #: In it.
    geom: Mapped[object] = geometry("POINT")
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(Text, server_default=text("geoservice.actor()"))
    decided_at: Mapped[datetime] = mapped_column(INSTANT, server_default=text("clock_timestamp()"))
