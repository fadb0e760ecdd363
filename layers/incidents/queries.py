"""Reads of tables service, incident and incident_event."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, literal_column, select, text, tuple_

from layers.crs import Position
from layers.db.features import feature_collection
from layers.incidents.model import Incident, IncidentEvent, Routing, Service
from layers.incidents.tables import IncidentRow

_INCIDENT = select(
    *(column for column in IncidentRow.__table__.c if column.name != "geom"),
    func.st_x(IncidentRow.geom).label("lon"),
    func.st_y(IncidentRow.geom).label("lat"),
    literal_column("(SELECT j.code FROM geoservice.jurisdiction AS j WHERE j.id = incident.jurisdiction_id)").label(
        "jurisdiction_code"
    ),
)
_HISTORY = text("SELECT e.* FROM geoservice.incident_event AS e WHERE e.incident_id = :id ORDER BY e.id")
_ROUTINGS = text("""
    SELECT e.at, e.rule, e.actor, e.routed_at, st_x(e.geom) AS lon, st_y(e.geom) AS lat, e.received_x, e.received_y,
           e.declared_crs, e.accuracy_m, e.building_code, e.edition_id, e.to_grid_code AS grid_code, e.method,
           e.distance_to_border_m, e.near_border, e.candidates, e.officer_code, e.reason,
           o.grid_code AS again_grid_code, o.method AS again_method, o.edition_id AS again_edition_id,
           o.distance_to_border_m AS again_distance_to_border_m, o.near_border AS again_near_border
      FROM geoservice.incident_event AS e
      JOIN geoservice.incident AS i ON i.id = e.incident_id,
           geoservice.route_again(e, i.jurisdiction_id) AS o
     WHERE e.incident_id = :id AND e.routed_at IS NOT NULL
     ORDER BY e.id
""")
_SERVICES = text("SELECT s.* FROM geoservice.service AS s WHERE s.jurisdiction_id = :jurisdiction_id ORDER BY s.code")
_SERVICE_EXISTS = text(
    "SELECT EXISTS (SELECT FROM geoservice.service AS s WHERE s.jurisdiction_id = :jurisdiction_id AND s.code = :code)"
)
#: No text and nothing of the reporter: what a map needs and no more.
_FEATURES = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT i.id, i.service_code, s.name AS service_name, s.name_en AS service_name_en, i.status, i.grid_code,
                   i.method, i.near_border, i.source, i.reported_at, i.geom
              FROM geoservice.incident AS i
              JOIN geoservice.service AS s ON s.jurisdiction_id = i.jurisdiction_id AND s.code = i.service_code
             WHERE i.jurisdiction_id = :jurisdiction_id
             ORDER BY i.reported_at DESC, i.id LIMIT :limit) AS r
""")


def find_incident(connection: Connection, incident_id: UUID) -> Incident | None:
    """Return an incident, or None."""
    row = connection.execute(_INCIDENT.where(IncidentRow.id == incident_id)).one_or_none()
    return None if row is None else _incident(row)


def find_incident_of_reporter(connection: Connection, reporter_sha256: bytes) -> Incident | None:
    """Return the incident whose reporter holds a token, by the token's hash, or None."""
    row = connection.execute(_INCIDENT.where(IncidentRow.reporter_sha256 == reporter_sha256)).one_or_none()
    return None if row is None else _incident(row)


def incidents(
    connection: Connection,
    *,
    jurisdiction_id: int | None = None,
    grid_code: str | None = None,
    status: str | None = None,
    overdue: bool | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> tuple[Incident, ...]:
    """Return incidents, newest first, older than the pair (reported_at, id) `before` when given."""
    query = _INCIDENT.order_by(IncidentRow.reported_at.desc(), IncidentRow.id.desc()).limit(limit)
    if jurisdiction_id is not None:
        query = query.where(IncidentRow.jurisdiction_id == jurisdiction_id)
    if grid_code is not None:
        query = query.where(IncidentRow.grid_code == grid_code)
    if status is not None:
        query = query.where(IncidentRow.status == status)
    if overdue is not None:
        query = query.where(IncidentRow.overdue_at.is_not(None) if overdue else IncidentRow.overdue_at.is_(None))
    if before is not None:
        query = query.where(tuple_(IncidentRow.reported_at, IncidentRow.id) < tuple_(*before))
    return tuple(_incident(row) for row in connection.execute(query))


def history(connection: Connection, incident_id: UUID) -> tuple[IncidentEvent, ...]:
    """Return what happened to an incident, first things first."""
    return tuple(
        IncidentEvent(e.at, e.actor, e.rule, e.from_status, e.to_status, e.from_grid_code, e.to_grid_code, e.method,
                      e.edition_id, e.reason, e.officer_code)
        for e in connection.execute(_HISTORY, {"id": incident_id})
    )  # fmt: skip


def routings(connection: Connection, incident_id: UUID) -> tuple[Routing, ...]:
    """Return every time that an incident was routed, first things first, each asked again."""
    found = []
    for row in connection.execute(_ROUTINGS, {"id": incident_id}):
        fields = dict(row._mapping)
        place, near = Position(fields.pop("lon"), fields.pop("lat")), tuple(fields.pop("candidates") or ())
        found.append(Routing(position=place, candidates=near, **fields))
    return tuple(found)


def services(connection: Connection, *, jurisdiction_id: int) -> tuple[Service, ...]:
    """Return what can be reported in a jurisdiction."""
    return tuple(
        Service(s.code, s.name, s.name_en, s.description, s.category, tuple(s.keywords), s.limit_working_hours)
        for s in connection.execute(_SERVICES, {"jurisdiction_id": jurisdiction_id})
    )


def service_exists(connection: Connection, *, jurisdiction_id: int, code: str) -> bool:
    """Return whether a jurisdiction offers a service."""
    return bool(connection.execute(_SERVICE_EXISTS, {"jurisdiction_id": jurisdiction_id, "code": code}).scalar_one())


def features(connection: Connection, *, jurisdiction_id: int, limit: int = 20_000) -> bytes:
    """Return the newest incidents of a jurisdiction as GeoJSON points, without their texts."""
    return feature_collection(connection, _FEATURES, {"jurisdiction_id": jurisdiction_id, "limit": limit})


def _incident(row: Row[*tuple[Any, ...]]) -> Incident:
    fields = row._mapping
    return Incident(
        position=Position(fields["lon"], fields["lat"]),
        candidates=tuple(fields["candidates"] or ()),
        **{name: fields[name] for name in Incident.__dataclass_fields__ if name not in ("position", "candidates")},
    )
