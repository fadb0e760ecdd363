"""Twins of tables: what rows of layers were before they were changed or removed (migrations/schema/changes.sql)."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, text
from sqlalchemy.types import TypeEngine

from layers.db.base import Base
from layers.db.columns import INSTANT

RowClass = TypeVar("RowClass", bound=type[Base])


def with_history(row: RowClass) -> RowClass:
    """Declare the twin of a row class's table: its columns but for those that the database derives, and a period.

    A class decorator, so that a layer's table and its twin are declared in one place.
    """
    table = cast("Table", row.__table__)
    name = history_of(table.name)
    kept = [column for column in table.columns if column.computed is None and column.name != "grid_code"]
    Table(
        name,
        Base.metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("since", INSTANT, nullable=False),
        Column("until", INSTANT, nullable=False),
        Column("ended_by", BigInteger, nullable=False),
        Column("operation", Text, nullable=False),
        *(Column(column.name, _nullable(column.type)) for column in kept),
        Index(f"ix_{name}_id", "id", "seq"),
        Index(f"ix_{name}_code", "jurisdiction_id", "code"),
        Index(f"ix_{name}_gone", "jurisdiction_id", "until", postgresql_where=text("operation <> 'update'")),
        Index(f"ix_{name}_ended_by", "ended_by"),
        Index(f"ix_{name}_change_id", "change_id"),
        schema=table.schema,
    )
    Index(f"ix_{table.name}_change_id", table.c.change_id)
    return row


def _nullable(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a type for a column that may be null: GeoAlchemy's says itself whether it may."""
    if not isinstance(type_, Geometry):
        return type_
    return Geometry(type_.geometry_type, srid=type_.srid, spatial_index=False)


def history_of(table: str) -> str:
    """Return the name of a table's twin."""
    return f"{table}_history"
