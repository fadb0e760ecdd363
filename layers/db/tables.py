"""Table layer: what the database itself knows of the catalogue."""

from sqlalchemy import BigInteger, Boolean, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.db.base import Base
from layers.db.columns import CODE


class LayerRow(Base):
    """A layer: its table, and by which rule a grid owns its features."""

    __tablename__ = "layer"

    id: Mapped[str] = mapped_column(CODE, primary_key=True)
    table_name: Mapped[str] = mapped_column(CODE)
    key_column: Mapped[str] = mapped_column(CODE, server_default="code")
    assignment: Mapped[str | None] = mapped_column(Text)
    personal: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    geom_column: Mapped[str] = mapped_column(CODE, server_default="geom")
    #: Null: tiles may tell every column but whose a feature is and when it was written.
    tiled: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    min_zoom: Mapped[int] = mapped_column(SmallInteger, server_default="14")
    cell_level: Mapped[int | None] = mapped_column(SmallInteger)
    counted: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    #: Few large features: a change of one gives all tiles another version.
    redrawn_whole: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    #: Of an own layer; None: it is in the code.
    description: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    #: Changes up to this one touched another layer that was called so before.
    since_change: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
