"""Reads of table jurisdiction."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import Connection, Row, text

from layers.crs import Bbox
from layers.jurisdictions.model import Jurisdiction

_ALL = text("""
    SELECT j.id, j.code, j.name, j.name_en, j.metric_srid, j.time_zone, j.snap_tolerance_m, j.accuracy_m,
           j.households_min, j.households_max, j.grid_code_pattern, j.reroute,
           st_xmin(j.outline) AS west, st_ymin(j.outline) AS south,
           st_xmax(j.outline) AS east, st_ymax(j.outline) AS north
      FROM geoservice.jurisdiction AS j
     WHERE CAST(:code AS text) IS NULL OR j.code = :code
     ORDER BY j.code
""")
_CODE = text("SELECT j.code FROM geoservice.jurisdiction AS j WHERE j.id = :jurisdiction_id")
_OUTLINE = text("SELECT st_asbinary(j.outline) FROM geoservice.jurisdiction AS j WHERE j.id = :jurisdiction_id")
_OUTLINES = text("SELECT j.code, st_asbinary(j.outline) AS outline FROM geoservice.jurisdiction AS j")


def outline_of(connection: Connection, jurisdiction_id: int) -> shapely.MultiPolygon:
    """Return the outline of a jurisdiction, EPSG:4326."""
    stored = connection.execute(_OUTLINE, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    outline: shapely.MultiPolygon = shapely.from_wkb(bytes(stored))
    return outline


def outlines(connection: Connection) -> dict[str, shapely.MultiPolygon]:
    """Return the outline of every jurisdiction, EPSG:4326, by its code."""
    return {row.code: shapely.from_wkb(bytes(row.outline)) for row in connection.execute(_OUTLINES)}


def jurisdictions(connection: Connection) -> tuple[Jurisdiction, ...]:
    """Return every jurisdiction, by code."""
    return tuple(_jurisdiction(row) for row in connection.execute(_ALL, {"code": None}))


def find_jurisdiction(connection: Connection, code: str) -> Jurisdiction | None:
    """Return the jurisdiction of a code, or None."""
    row = connection.execute(_ALL, {"code": code}).one_or_none()
    return None if row is None else _jurisdiction(row)


def jurisdiction_code(connection: Connection, jurisdiction_id: int) -> str:
    """Return the code of a jurisdiction that is known to exist."""
    code: str = connection.execute(_CODE, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    return code


def _jurisdiction(row: Row[Any]) -> Jurisdiction:
    return Jurisdiction(
        row.id, row.code, row.name, row.name_en, row.metric_srid, row.time_zone, row.snap_tolerance_m, row.accuracy_m,
        Bbox(row.west, row.south, row.east, row.north), row.households_min, row.households_max, row.grid_code_pattern,
        row.reroute,
    )  # fmt: skip
