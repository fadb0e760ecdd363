"""Alerts of cameras become reports; and what is near an incident: cameras that see its place, and reports alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoservice.auth.model import Identity
from geoservice.domain.alerts import Alert, service_for
from geoservice.errors import AlertNotTaken, CameraUnknown, IncidentUnknown
from geoservice.services import lookups
from geoservice.services.incidents import IncidentService, NewReport
from layers.cameras.model import CoveringCamera
from layers.cameras.queries import find_view
from layers.crs import declared_position
from layers.db.session import Database
from layers.incidents.model import Alike, Incident
from layers.incidents.queries import alike, find_incident, services
from layers.summaries.camera_views import cameras_covering


@dataclass(frozen=True)
class Nearby:
    """What is near an incident."""

    cameras: tuple[CoveringCamera, ...]
    #: Perhaps about the same matter; whoever has it in hand may merge them.
    alike: tuple[Alike, ...]


class AlertService:
    """Takes the alerts of cameras."""

    def __init__(self, database: Database, incidents: IncidentService) -> None:
        self._database = database
        self._incidents = incidents

    def raise_alert(
        self,
        camera: str,
        alert: Alert,
        *,
        identity: Identity,
        jurisdiction_code: str | None = None,
        service_code: str | None = None,
        seen_at: datetime | None = None,
        key: str | None = None,
    ) -> Incident:
        """Store an alert as a report of what its camera sees, routed like every other; return the incident.

        Its place is the middle of the view, its accuracy half of how far the camera sees.

        Raises
        ------
        JurisdictionNotStated, JurisdictionUnknown, CameraUnknown, AlertNotTaken, ServiceUnknown, ReportKeyUsed
        """
        with self._database.transaction() as connection:
            jurisdiction = lookups.stated_or_only_jurisdiction(connection, jurisdiction_code)
            view = find_view(connection, jurisdiction_id=jurisdiction.id, code=camera)
            if view is None:
                raise CameraUnknown(camera=camera, jurisdiction=jurisdiction.code)
            offered = services(connection, jurisdiction_id=jurisdiction.id)
        service = service_code or service_for(alert, ((one.code, one.keywords) for one in offered if not one.retired))
        if service is None:
            raise AlertNotTaken(alert=alert.value, jurisdiction=jurisdiction.code)
        report = NewReport(
            service, declared_position(view.middle.lon, view.middle.lat), "camera", accuracy_m=view.accuracy_m,
            reported_at=seen_at, jurisdiction_code=jurisdiction.code,
            known={"camera": view.code, "alert": alert.value},
        )  # fmt: skip
        incident, _ = self._incidents.report(report, identity=identity, key=key)
        return incident

    def nearby(self, incident_id: UUID) -> Nearby:
        """Return what is near an incident; raise IncidentUnknown."""
        with self._database.transaction() as connection:
            if find_incident(connection, incident_id) is None:
                raise IncidentUnknown(incident=str(incident_id))
            return Nearby(cameras_covering(connection, incident_id), alike(connection, incident_id))
