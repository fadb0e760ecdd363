"""Table layer: what the database itself knows of the catalogue."""

from sqlalchemy import Boolean, Text, text
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
