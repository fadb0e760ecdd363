"""Writes of table incident. Where it goes is the database's answer."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import Connection, text

from layers.crs import DeclaredPosition
from layers.incidents.model import Report

_INSERT = text("""
    INSERT INTO geoservice.incident
        (id, jurisdiction_id, service_code, geom, received_x, received_y, declared_crs, source, description, accuracy_m,
         building_code, reported_at, reporter_sha256, attributes)
    VALUES (:id, :jurisdiction_id, :service_code, st_setsrid(st_makepoint(:lon, :lat), 4326), :x, :y, :crs, :source,
            :description, :accuracy_m, :building_code, coalesce(:reported_at, now()), :reporter_sha256,
            CAST(:attributes AS jsonb))
""")
_NOTE_KEY = text("""
    INSERT INTO geoservice.report_key (key_sha256, request_sha256, incident_id, sealed_token)
    VALUES (:key_sha256, :request_sha256, :incident_id, :sealed_token) ON CONFLICT DO NOTHING
""")
_LOCK = text("SELECT FROM geoservice.incident AS i WHERE i.id = :id FOR UPDATE")
#: What a step may write, each as SQL.
_CHANGES = {
    "status": "status = :status",
    "officer_code": "assigned_officer_code = :officer_code",
    "rating": "rating = :rating",
    "duplicate_of": "duplicate_of = :duplicate_of",
    "waiting": "waiting_since = CASE WHEN :waiting THEN now() END",
    "set_out": "set_out_at = CASE WHEN :set_out THEN now() END",
    "grid_code": "overrule_grid_code = :grid_code, overrule_reason = :reason",
    "place": (
        "geom = st_setsrid(st_makepoint(:lon, :lat), 4326), received_x = :x, received_y = :y, declared_crs = :crs,"
        " overrule_grid_code = NULL, overrule_reason = NULL"
    ),
}


def insert_report(connection: Connection, report: Report, incident_id: UUID) -> None:
    """Store a report as an incident of this id; the database routes it in the same statement."""
    asked = {
        "id": incident_id,
        "jurisdiction_id": report.jurisdiction_id, "service_code": report.service_code, "source": report.source,
        "description": report.description, "accuracy_m": report.accuracy_m, "building_code": report.building_code,
        "reported_at": report.reported_at, "reporter_sha256": report.reporter_sha256,
        "attributes": json.dumps(report.attributes, ensure_ascii=False), **_columns(report.place),
    }  # fmt: skip
    connection.execute(_INSERT, asked)


def note_report_key(
    connection: Connection, *, key_sha256: bytes, request_sha256: bytes, incident_id: UUID,
    sealed_token: bytes | None,
) -> bool:  # fmt: skip
    """Note the key that a report or step came with; False when it was noted before. Waits for one under way with it."""
    asked = {
        "key_sha256": key_sha256, "request_sha256": request_sha256, "incident_id": incident_id,
        "sealed_token": sealed_token,
    }  # fmt: skip
    return connection.execute(_NOTE_KEY, asked).rowcount == 1


def _columns(place: DeclaredPosition) -> dict[str, object]:
    return {"lon": place.position.lon, "lat": place.position.lat, "x": place.x, "y": place.y, "crs": place.crs}


def lock_incident(connection: Connection, incident_id: UUID) -> None:
    """Wait until nobody else changes an incident, and keep others from it until the transaction ends."""
    connection.execute(_LOCK, {"id": incident_id})


def take_step(
    connection: Connection,
    incident_id: UUID,
    *,
    rule: str,
    reason: str | None,
    **changes: object,
) -> None:
    """Change an incident by a rule of its lifecycle; the database looks whether it may and writes the history.

    Parameters
    ----------
    changes
        status, officer_code, rating, duplicate_of (id), waiting (bool), set_out (bool), place (DeclaredPosition), or
        grid_code, to overrule with by `reason`.

    Raises
    ------
    StepRefused, RefusedByDatabase
    """
    sets = ["step_rule = :rule", "step_reason = :reason", *(_CHANGES[name] for name in changes)]
    asked: dict[str, object] = {"id": incident_id, "rule": rule, "reason": reason, **changes}
    place = asked.pop("place", None)
    if isinstance(place, DeclaredPosition):
        asked |= _columns(place)
    connection.execute(text(f"UPDATE geoservice.incident SET {', '.join(sets)} WHERE id = :id"), asked)  # noqa: S608 - our own text


def mark_overdue(connection: Connection) -> int:
    """Find what is late and say so in its history; return how many, at most a hundred."""
    done: int = connection.execute(text("SELECT geoservice.mark_overdue()")).scalar_one()
    return done


def lapse_due(connection: Connection) -> int:
    """Close what was resolved long ago and nobody rated; return how many, at most a hundred."""
    done: int = connection.execute(text("SELECT geoservice.lapse_due()")).scalar_one()
    return done
