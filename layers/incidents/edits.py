"""Writes of table incident. Where it goes is the database's answer."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from layers.incidents.model import Report

_INSERT = text("""
    INSERT INTO geoservice.incident
        (jurisdiction_id, service_code, geom, received_x, received_y, declared_crs, source, description, accuracy_m,
         building_code, reported_at)
    VALUES (:jurisdiction_id, :service_code, st_setsrid(st_makepoint(:lon, :lat), 4326), :x, :y, :crs, :source,
            :description, :accuracy_m, :building_code, coalesce(:reported_at, now()))
    RETURNING id
""")


def insert_report(connection: Connection, report: Report) -> UUID:
    """Store a report; the database routes it in the same statement. Returns the incident's id."""
    place = report.place
    asked = {
        "jurisdiction_id": report.jurisdiction_id, "service_code": report.service_code, "lon": place.position.lon,
        "lat": place.position.lat, "x": place.x, "y": place.y, "crs": place.crs, "source": report.source,
        "description": report.description, "accuracy_m": report.accuracy_m, "building_code": report.building_code,
        "reported_at": report.reported_at,
    }  # fmt: skip
    incident_id: UUID = connection.execute(_INSERT, asked).scalar_one()
    return incident_id
