"""Writes to table jurisdiction."""

from __future__ import annotations

from shapely import MultiPolygon
from sqlalchemy import Connection, text

from layers.db.bulk import ewkb

_INSERT = text("""
    INSERT INTO geoservice.jurisdiction (code, name, name_en, outline, metric_srid, time_zone)
    VALUES (:code, :name, :name_en, CAST(:outline AS geometry), :metric_srid, :time_zone)
""")


def insert_jurisdiction(
    connection: Connection,
    *,
    code: str,
    name: str,
    name_en: str | None,
    outline: MultiPolygon,
    metric_srid: int,
    time_zone: str,
) -> None:
    """Insert a jurisdiction; raise RefusedByDatabase with a sentence when a guard of the table says no.

    Parameters
    ----------
    outline
        EPSG:4326.
    metric_srid
        EPSG code of a projected CRS.
    time_zone
        IANA name.
    """
    connection.execute(
        _INSERT,
        {"code": code, "name": name, "name_en": name_en, "outline": ewkb(outline), "metric_srid": metric_srid,
         "time_zone": time_zone},
    )  # fmt: skip
