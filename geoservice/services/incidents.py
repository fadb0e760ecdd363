"""Incidents: take a report, tell what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.tokens import new_token, token_sha256
from geoservice.domain.privacy import holds_personal_number
from geoservice.services import known
from geoservice.services.errors import (
    IncidentUnknown,
    JurisdictionNotStated,
    PersonalNumberRefused,
    ServiceUnknown,
)
from layers.crs import DeclaredPosition
from layers.db.session import Database
from layers.incidents.edits import insert_report
from layers.incidents.model import Incident, IncidentEvent, Report, Routing, Service
from layers.incidents.queries import find_incident, history, incidents, routings, service_exists, services
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import find_jurisdiction_code_at, jurisdictions


@dataclass(frozen=True)
class NewReport:
    """A report as a caller hands it in."""

    service_code: str
    place: DeclaredPosition
    source: str
    description: str = ""
    accuracy_m: float | None = None
    building_code: str | None = None
    reported_at: datetime | None = None
    jurisdiction_code: str | None = None


class IncidentService:
    """Takes reports and tells what became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(self, report: NewReport, *, identity: Identity) -> tuple[Incident, str]:
        """Store a report, routed and dispatched in the same transaction; return the incident and its reporter's token.

        Raises
        ------
        JurisdictionNotStated, JurisdictionUnknown, ServiceUnknown, PersonalNumberRefused
        layers.errors.RefusedByDatabase
            The building is unknown, or an invariant does not hold.
        """
        if holds_personal_number(report.description):
            raise PersonalNumberRefused
        token = new_token()
        with self._database.transaction(actor=identity.actor) as connection:
            jurisdiction = self._jurisdiction_of(connection, report)
            if not service_exists(connection, jurisdiction_id=jurisdiction.id, code=report.service_code):
                raise ServiceUnknown(service=report.service_code, jurisdiction=jurisdiction.code)
            incident_id = insert_report(
                connection,
                Report(
                    jurisdiction.id, report.service_code, report.place, report.source, report.description,
                    report.accuracy_m, report.building_code, report.reported_at, token_sha256(token),
                ),
            )  # fmt: skip
            return _found(find_incident(connection, incident_id), incident_id), token

    def _jurisdiction_of(self, connection: Connection, report: NewReport) -> Jurisdiction:
        """Return the stated jurisdiction, else the one at the place, else the only one there is."""
        code = report.jurisdiction_code or find_jurisdiction_code_at(connection, report.place.position)
        if code is None:
            every = jurisdictions(connection)
            if len(every) != 1:
                raise JurisdictionNotStated
            return every[0]
        return known.known_jurisdiction(connection, code)

    def incident(self, incident_id: UUID) -> Incident:
        """Return an incident; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            return _found(find_incident(connection, incident_id), incident_id)

    def history(self, incident_id: UUID) -> tuple[IncidentEvent, ...]:
        """Return what happened to an incident, first things first; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            _found(find_incident(connection, incident_id), incident_id)
            return history(connection, incident_id)

    def routings(self, incident_id: UUID) -> tuple[Routing, ...]:
        """Return every time an incident was routed, asked again as it was known then; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            _found(find_incident(connection, incident_id), incident_id)
            return routings(connection, incident_id)

    def incidents(
        self,
        *,
        jurisdiction_code: str | None = None,
        grid_code: str | None = None,
        status: str | None = None,
        overdue: bool | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 100,
    ) -> tuple[Incident, ...]:
        """Return incidents, newest first; `before` is the (reported_at, id) of the last one seen."""
        with self._database.transaction() as connection:
            return incidents(
                connection, jurisdiction_id=known.jurisdiction_id(connection, jurisdiction_code), grid_code=grid_code,
                status=status, overdue=overdue, before=before, limit=limit,
            )  # fmt: skip

    def services(self, jurisdiction_code: str) -> tuple[Service, ...]:
        """Return what can be reported in a jurisdiction; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            jurisdiction = known.known_jurisdiction(connection, jurisdiction_code)
            return services(connection, jurisdiction_id=jurisdiction.id)


def _found(incident: Incident | None, incident_id: UUID) -> Incident:
    if incident is None:
        raise IncidentUnknown(incident=str(incident_id))
    return incident
