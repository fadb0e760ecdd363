"""Alerts of cameras: /v1/alerts; and what is near an incident: /v1/incidents/{id}/nearby."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.incidents import IncidentOut, IncidentPath, ReportHeader, incident_out
from geoservice.domain.alerts import Alert
from geoservice.services.alerts import AlertService
from geoservice.web.guard import acting_in_body, guard
from geoservice.web.parsing import Code, Instant, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="alerts", description="What cameras raise: things and conditions, never persons")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class AlertBody(StrictModel):
    """An alert. No picture, no plate, no face comes with it: there is no field for one."""

    camera: Code
    kind: Annotated[Alert, Field(strict=False)]  # a strict model takes no text for an enumeration
    service_code: Code | None = Field(None, description="Who is to take it; found by the kind when absent")
    seen_at: Instant | None = Field(None, description="When it was seen; now when absent")
    jurisdiction: Code | None = Field(None, description="Needed only where there are several")


class CoveringCameraOut(BaseModel):
    """A camera that sees the incident's place."""

    code: str
    kind: str
    status: str
    distance_m: float


class AlikeOut(BaseModel):
    """An incident that may be about the same matter: same service, at most 30 m and 24 hours away, in hand."""

    id: str
    status: str
    grid_code: str | None
    reported_at: datetime
    distance_m: float


class NearbyOut(BaseModel):
    """What is near an incident."""

    cameras: list[CoveringCameraOut] = Field(description="The nearest first")
    alike: list[AlikeOut] = Field(description="The nearest first, 20 at most; merge with the action `merge`")


def alerts_blueprint(alerts: AlertService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("alerts", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.post(
        "/alerts", summary="Raise an alert", responses={201: IncidentOut, **problem_responses(401, 403, 404, 413, 415)}
    )
    @guard("report_incident")
    def raise_alert(header: ReportHeader, body: AlertBody) -> Response:
        """Report what a camera sees; it is located in the middle of its view and routed like every report."""
        incident = alerts.raise_alert(
            body.camera, body.kind, identity=acting_in_body(body.jurisdiction), jurisdiction_code=body.jurisdiction,
            service_code=body.service_code, seen_at=body.seen_at, key=header.idempotency_key,
        )  # fmt: skip
        return render(incident_out(incident), status=201, headers={"Location": f"/v1/incidents/{incident.id}"})

    @blueprint.get(
        "/incidents/<id>/nearby", summary="What is near", responses={200: NearbyOut, **problem_responses(401, 403, 404)}
    )
    @guard("read_incidents")
    def nearby(path: IncidentPath) -> Response:
        """Return the cameras that see an incident's place, and incidents that may be about the same matter."""
        found = alerts.nearby(path.id)
        alike = [AlikeOut(id=str(one.id), status=one.status, grid_code=one.grid_code, reported_at=one.reported_at,
                          distance_m=one.distance_m) for one in found.alike]  # fmt: skip
        cameras = [CoveringCameraOut.model_validate(one, from_attributes=True) for one in found.cameras]
        return render(NearbyOut(cameras=cameras, alike=alike))

    return blueprint
