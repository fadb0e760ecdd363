"""Reads of table jurisdiction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import Connection, Row, text

from layers.crs import Bbox
from layers.jurisdictions.model import Jurisdiction, Retention, Visitors

_ALL = text("""
    SELECT j.id, j.code, j.name, j.name_en, j.metric_srid, j.time_zone, j.snap_tolerance_m, j.accuracy_m,
           j.households_min, j.households_max, j.grid_code_pattern, j.reroute, j.ballpark, j.attribution, j.visitors,
           j.four_eyes,
           j.words_days, j.deliveries_days, j.report_keys_days, j.sessions_days,
           st_xmin(now_in_force.box) AS west, st_ymin(now_in_force.box) AS south,
           st_xmax(now_in_force.box) AS east, st_ymax(now_in_force.box) AS north
      FROM geoservice.jurisdiction AS j
     CROSS JOIN LATERAL (SELECT box3d(geoservice.outline_at(j.id, now())) AS box OFFSET 0) AS now_in_force
     WHERE CAST(:code AS text) IS NULL OR j.code = :code
     ORDER BY j.code
""")
_CODE = text("SELECT j.code FROM geoservice.jurisdiction AS j WHERE j.id = :jurisdiction_id")
_SHOWN = text("SELECT j.code, j.visitors FROM geoservice.jurisdiction AS j")
_OUTLINE = text("SELECT st_asbinary(geoservice.outline_at(:jurisdiction_id, coalesce(:at, now())))")
_OUTLINES = text("SELECT j.code, st_asbinary(j.outline) AS outline FROM geoservice.jurisdiction AS j")


def outline_at(connection: Connection, jurisdiction_id: int, at: datetime | None = None) -> shapely.MultiPolygon:
    """Return the outline of a jurisdiction at an instant (now when None), EPSG:4326."""
    stored = connection.execute(_OUTLINE, {"jurisdiction_id": jurisdiction_id, "at": at}).scalar_one()
    outline: shapely.MultiPolygon = shapely.from_wkb(bytes(stored))
    return outline


def first_outlines(connection: Connection) -> dict[str, shapely.MultiPolygon]:
    """Return the outline with which every jurisdiction began, EPSG:4326, by its code; editions have their own."""
    return {row.code: shapely.from_wkb(bytes(row.outline)) for row in connection.execute(_OUTLINES)}


def jurisdictions(connection: Connection) -> tuple[Jurisdiction, ...]:
    """Return every jurisdiction, by code."""
    return tuple(_jurisdiction(row) for row in connection.execute(_ALL, {"code": None}))


def find_jurisdiction(connection: Connection, code: str) -> Jurisdiction | None:
    """Return the jurisdiction of a code, or None."""
    row = connection.execute(_ALL, {"code": code}).one_or_none()
    return None if row is None else _jurisdiction(row)


def shown_to_visitors(connection: Connection) -> dict[str, Visitors]:
    """Return what each jurisdiction shows to visitors, by code."""
    return {row.code: row.visitors for row in connection.execute(_SHOWN)}


def jurisdiction_code(connection: Connection, jurisdiction_id: int) -> str:
    """Return the code of a jurisdiction that is known to exist."""
    code: str = connection.execute(_CODE, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    return code


def _jurisdiction(row: Row[Any]) -> Jurisdiction:
    return Jurisdiction(
        row.id, row.code, row.name, row.name_en, row.metric_srid, row.time_zone, row.snap_tolerance_m, row.accuracy_m,
        Bbox(row.west, row.south, row.east, row.north), row.households_min, row.households_max, row.grid_code_pattern,
        row.reroute, row.ballpark, row.attribution, row.visitors, row.four_eyes,
        Retention(row.words_days, row.deliveries_days, row.report_keys_days, row.sessions_days),
    )  # fmt: skip
