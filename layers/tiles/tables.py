"""Tables of vector tiles: versions, changes that wait, counted cells, grids as tiles draw them."""

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.crs import WEB_MERCATOR_SRID
from layers.db.base import Base
from layers.db.columns import CODE, identity

_MERCATOR = Geometry("GEOMETRY", srid=WEB_MERCATOR_SRID, spatial_index=False)
_MERCATOR_POINT = Geometry("POINT", srid=WEB_MERCATOR_SRID, spatial_index=False)


class TileSetRow(Base):
    """The version of a layer's tiles in one jurisdiction."""

    __tablename__ = "tile_set"

    jurisdiction_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    layer: Mapped[str] = mapped_column(CODE, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    #: Every tile has at least this version.
    base: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class TileVersionRow(Base):
    """A tile that something touched."""

    __tablename__ = "tile_version"

    jurisdiction_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    layer: Mapped[str] = mapped_column(CODE, primary_key=True)
    z: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    x: Mapped[int] = mapped_column(Integer, primary_key=True)
    y: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class TileChangeRow(Base):
    """Ground that was touched and not taken up yet."""

    __tablename__ = "tile_change"
    __table_args__ = (Index("ix_tile_change_layer", "layer", "jurisdiction_id"),)

    id: Mapped[int] = identity()
    layer: Mapped[str] = mapped_column(CODE)
    jurisdiction_id: Mapped[int] = mapped_column(Integer)
    geom: Mapped[object | None] = mapped_column(_MERCATOR)
    #: Of the feature, by which it is counted; None: somewhere on the ground.
    middle: Mapped[object | None] = mapped_column(_MERCATOR_POINT)


class TileCellRow(Base):
    """Features counted in a square."""

    __tablename__ = "tile_cell"

    jurisdiction_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    layer: Mapped[str] = mapped_column(CODE, primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    x: Mapped[int] = mapped_column(Integer, primary_key=True)
    y: Mapped[int] = mapped_column(Integer, primary_key=True)
    features: Mapped[int] = mapped_column(Integer)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    middle_x: Mapped[float] = mapped_column(Float(53))
    middle_y: Mapped[float] = mapped_column(Float(53))


class TileEditionRow(Base):
    """A published edition whose grids were drawn for tiles."""

    __tablename__ = "tile_edition"

    edition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("geoservice.edition.id"), primary_key=True)
    #: Of its tiles: the millisecond when it was drawn.
    version: Mapped[int] = mapped_column(BigInteger)
    #: In force before it; None: none was drawn.
    previous_id: Mapped[int | None] = mapped_column(BigInteger)


class TileGridRow(Base):
    """A grid as tiles of a zoom draw it."""

    __tablename__ = "tile_grid"
    __table_args__ = (Index(None, "geom", postgresql_using="gist"), Index(None, "redrawn", postgresql_using="gist"))

    edition_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("geoservice.tile_edition.edition_id", ondelete="CASCADE"), primary_key=True
    )
    zoom: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[object | None] = mapped_column(_MERCATOR)
    label: Mapped[object | None] = mapped_column(_MERCATOR_POINT)
    redrawn: Mapped[object | None] = mapped_column(_MERCATOR)
