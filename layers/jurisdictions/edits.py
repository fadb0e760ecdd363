"""Writes to table jurisdiction."""

from __future__ import annotations

from dataclasses import asdict

from shapely import MultiPolygon
from sqlalchemy import Connection, text

from layers.antimeridian import cut
from layers.db.bulk import ewkb
from layers.jurisdictions.model import Reroute, Retention, Visitors

_INSERT = text("""
    INSERT INTO geoservice.jurisdiction (code, name, name_en, outline, ballpark, metric_srid, time_zone)
    VALUES (:code, :name, :name_en, CAST(:outline AS geometry), :ballpark, :metric_srid, :time_zone)
""")
_SET_UP = text("""
    UPDATE geoservice.jurisdiction AS j
       SET households_min = :households_min, households_max = :households_max, grid_code_pattern = :grid_code_pattern,
           reroute = :reroute, snap_tolerance_m = :snap_tolerance_m, accuracy_m = :accuracy_m
     WHERE j.id = :jurisdiction_id
""")
_SET_NAMES = text("""
    UPDATE geoservice.jurisdiction AS j SET name = :name, name_en = :name_en WHERE j.id = :jurisdiction_id
""")
_SET_ATTRIBUTION = text("""
    UPDATE geoservice.jurisdiction AS j SET attribution = :attribution WHERE j.id = :jurisdiction_id
""")
_SET_VISITORS = text("UPDATE geoservice.jurisdiction AS j SET visitors = :visitors WHERE j.id = :jurisdiction_id")
_SET_FOUR_EYES = text("UPDATE geoservice.jurisdiction AS j SET four_eyes = :four_eyes WHERE j.id = :jurisdiction_id")
_SET_RETENTION = text("""
    UPDATE geoservice.jurisdiction AS j
       SET words_days = :words, deliveries_days = :deliveries, report_keys_days = :report_keys,
           sessions_days = :sessions
     WHERE j.id = :jurisdiction_id
""")
_SET_TIME_ZONE = text("UPDATE geoservice.jurisdiction AS j SET time_zone = :time_zone WHERE j.id = :jurisdiction_id")


def insert_jurisdiction(
    connection: Connection,
    *,
    code: str,
    name: str,
    name_en: str | None,
    outline: MultiPolygon,
    ballpark: str | None,
    metric_srid: int,
    time_zone: str,
) -> None:
    """Insert a jurisdiction; raise RefusedByDatabase with a sentence when a guard of the table says no.

    Parameters
    ----------
    outline
        EPSG:4326.
    ballpark
        What is not sure of its datum, a sentence; None: nothing.
    metric_srid
        EPSG code of a projected CRS.
    time_zone
        IANA name.
    """
    connection.execute(
        _INSERT,
        {"code": code, "name": name, "name_en": name_en, "outline": ewkb(cut(outline)), "ballpark": ballpark,
         "metric_srid": metric_srid, "time_zone": time_zone},
    )  # fmt: skip


def set_up(
    connection: Connection,
    jurisdiction_id: int,
    *,
    households_min: int,
    households_max: int,
    grid_code_pattern: str | None,
    reroute: Reroute,
    snap_tolerance_m: float,
    accuracy_m: float,
) -> None:
    """Say what a jurisdiction wants; raise RefusedByDatabase with a sentence when that can not be.

    Parameters
    ----------
    households_min, households_max
        Of a grid; the gate remarks on grids with fewer or more.
    grid_code_pattern
        A regular expression of PostgreSQL for the whole of a code; None: any code will do.
    reroute
        What becomes of open incidents whose place gets another grid.
    snap_tolerance_m
        How far outside all grids a place may lie and still be the nearest one's, 0 to 1000 metres; features and open
        incidents get the grids that follow.
    accuracy_m
        Of senders who state none, 0 to 1000 metres.
    """
    connection.execute(
        _SET_UP,
        {"jurisdiction_id": jurisdiction_id, "households_min": households_min, "households_max": households_max,
         "grid_code_pattern": grid_code_pattern, "reroute": reroute, "snap_tolerance_m": snap_tolerance_m,
         "accuracy_m": accuracy_m},
    )  # fmt: skip


def set_names(connection: Connection, jurisdiction_id: int, *, name: str, name_en: str | None) -> None:
    """Call a jurisdiction otherwise; raise RefusedByDatabase for what can not be shown as a name."""
    connection.execute(_SET_NAMES, {"jurisdiction_id": jurisdiction_id, "name": name, "name_en": name_en})


def set_time_zone(connection: Connection, jurisdiction_id: int, time_zone: str) -> None:
    """Reckon a jurisdiction's days and working hours by another zone; raise RefusedByDatabase when it is unknown."""
    connection.execute(_SET_TIME_ZONE, {"jurisdiction_id": jurisdiction_id, "time_zone": time_zone})


def set_visitors(connection: Connection, jurisdiction_id: int, visitors: Visitors) -> None:
    """Say what a jurisdiction shows to whoever shows no key."""
    connection.execute(_SET_VISITORS, {"jurisdiction_id": jurisdiction_id, "visitors": visitors})


def set_four_eyes(connection: Connection, jurisdiction_id: int, *, four_eyes: bool) -> None:
    """Say whether who drew a draft of a jurisdiction can neither publish it nor confirm its outline."""
    connection.execute(_SET_FOUR_EYES, {"jurisdiction_id": jurisdiction_id, "four_eyes": four_eyes})


def set_attribution(connection: Connection, jurisdiction_id: int, attribution: str | None) -> None:
    """Say whom everything that shows a jurisdiction's data names; raise RefusedByDatabase for more than a line."""
    connection.execute(_SET_ATTRIBUTION, {"jurisdiction_id": jurisdiction_id, "attribution": attribution})


def set_retention(connection: Connection, jurisdiction_id: int, retention: Retention) -> None:
    """Say for how many days what people wrote is kept; raise RefusedByDatabase for what is out of bounds."""
    connection.execute(_SET_RETENTION, {"jurisdiction_id": jurisdiction_id} | asdict(retention))
