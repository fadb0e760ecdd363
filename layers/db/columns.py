"""Columns that several tables share. Types, SRID and nullability are said here once; checks live in migrations."""

from __future__ import annotations

from datetime import datetime

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Computed, DateTime, Identity, Text, text
from sqlalchemy.orm import MappedColumn, mapped_column

from layers.crs import STORAGE_SRID, WEB_MERCATOR_SRID

#: Text compared byte by byte: codes sort the same in every locale, and ties go to the smallest.
CODE = Text(collation="C")
#: An instant; never a local time.
INSTANT = DateTime(timezone=True)


def identity() -> MappedColumn[int]:
    """Return a bigint primary key that the database counts."""
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


def geometry(kind: str, *, nullable: bool = False) -> MappedColumn[object]:
    """Return a stored geometry of one type, EPSG:4326; its index is declared with its table."""
    return mapped_column(Geometry(kind, srid=STORAGE_SRID, spatial_index=False), nullable=nullable)


def mercator(of: str = "geom") -> MappedColumn[object | None]:
    """Return a geometry of the table in EPSG:3857, which the database keeps for tiles."""
    kept = Computed(f"geoservice.web_mercator({of})", persisted=True)
    return mapped_column(Geometry("GEOMETRY", srid=WEB_MERCATOR_SRID, spatial_index=False), kept)


def grid_code() -> MappedColumn[str | None]:
    """Return the current owner of a row; the database's trigger writes it."""
    return mapped_column(CODE)


def instant_now() -> MappedColumn[datetime]:
    """Return an instant that is the transaction's unless given."""
    return mapped_column(INSTANT, server_default=text("now()"))


def change_id() -> MappedColumn[int | None]:
    """Return by which change a row is as it is; the database's trigger writes it."""
    return mapped_column(BigInteger)
