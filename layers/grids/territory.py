"""Reads of table territory: which grids are or were in force, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from layers.crs import Bbox


@dataclass(frozen=True)
class GridInForce:
    """A grid with the period in which it is or was in force."""

    code: str
    name: str
    name_en: str | None
    edition_id: int
    valid_from: datetime
    #: None: until further notice.
    valid_to: datetime | None
    #: On the ellipsoid.
    area_m2: float
    bbox: Bbox


_COLUMNS = """
    SELECT t.code, t.name, g.name_en, t.edition_id, lower(t.valid) AS valid_from, upper(t.valid) AS valid_to,
           st_area(t.geom::geography) AS area_m2, st_xmin(t.geom) AS west, st_ymin(t.geom) AS south,
           st_xmax(t.geom) AS east, st_ymax(t.geom) AS north
      FROM geoservice.territory AS t JOIN geoservice.grid AS g ON g.id = t.grid_id
"""
_AT = text(
    _COLUMNS
    + """
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.valid @> coalesce(:at, now())
       AND (CAST(:code AS text) IS NULL OR t.code = :code)
     ORDER BY t.code
"""
)
_HISTORY = text(
    _COLUMNS
    + """
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.code = :code
     ORDER BY lower(t.valid)
"""
)
_SHAPE = text("""
    SELECT st_asgeojson(t.geom, 7) FROM geoservice.territory AS t
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.code = :code AND t.valid @> coalesce(:at, now())
""")
_NEIGHBOURS = text("""
    SELECT n.code, st_length(st_intersection(n.border, t.border)::geography) AS shared_m
      FROM geoservice.territory AS t
      JOIN geoservice.territory AS n
        ON n.edition_id = t.edition_id AND n.code <> t.code AND st_intersects(n.geom, t.geom)
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.code = :code AND t.valid @> coalesce(:at, now())
     ORDER BY n.code
""")


def grids_in_force(
    connection: Connection, *, jurisdiction_id: int, at: datetime | None = None, code: str | None = None
) -> tuple[GridInForce, ...]:
    """Return the grids in force at an instant (now when None), by code; only one when `code` is given."""
    asked = {"jurisdiction_id": jurisdiction_id, "at": at, "code": code}
    return tuple(_grid(row) for row in connection.execute(_AT, asked))


def grid_history(connection: Connection, *, jurisdiction_id: int, code: str) -> tuple[GridInForce, ...]:
    """Return every period in which a code was in force, the oldest first."""
    return tuple(_grid(row) for row in connection.execute(_HISTORY, {"jurisdiction_id": jurisdiction_id, "code": code}))


def grid_shape(connection: Connection, *, jurisdiction_id: int, code: str, at: datetime | None = None) -> str:
    """Return the GeoJSON geometry of a grid in force."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code, "at": at}
    return str(connection.execute(_SHAPE, asked).scalar_one())


def neighbours(
    connection: Connection, *, jurisdiction_id: int, code: str, at: datetime | None = None
) -> tuple[tuple[str, float], ...]:
    """Return the codes of the grids that touch a grid, each with the metres of border they share (0 at a corner)."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code, "at": at}
    return tuple((row.code, row.shared_m) for row in connection.execute(_NEIGHBOURS, asked))


def _grid(row: Row[Any]) -> GridInForce:
    return GridInForce(
        row.code, row.name, row.name_en, row.edition_id, row.valid_from, row.valid_to, row.area_m2,
        Bbox(row.west, row.south, row.east, row.north),
    )  # fmt: skip
