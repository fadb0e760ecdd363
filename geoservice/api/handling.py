"""Handling: /v1/incidents/{id}/actions and /why. What staff do with an incident, and how it was routed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.answers import CandidateOut
from geoservice.api.incidents import IncidentOut, IncidentPath, incident_answer
from geoservice.domain.lifecycle.table import Step
from geoservice.services.handling import ActionDetails, HandlingService
from geoservice.services.incidents import IncidentService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Crs, Id, InvalidInput, ReportKey, StrictModel, Words, place_of
from geoservice.web.preconditions import stated_versions
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.incidents.model import Routing

TAG = Tag(name="handling", description="Steps with incidents, from dispatch to closing")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class ActionPath(StrictModel):
    """Which incident, and what is to be done."""

    id: Id
    action: Code


class ActionBody(StrictModel):
    """What comes along; which fields an action needs and takes is told with the actions."""

    reason: Words | None = Field(None, description="Words for the history. Nothing about persons")
    officer: Code | None = Field(None, description="Code of a member of staff")
    grid: Code | None = Field(None, description="Code of a grid")
    lon: float | None = Field(None, description="Longitude in degrees, WGS 84")
    lat: float | None = Field(None, description="Latitude in degrees, WGS 84")
    x: float | None = Field(None, description="Easting or longitude in `crs`")
    y: float | None = Field(None, description="Northing or latitude in `crs`")
    crs: Crs | None = None
    duplicate_of: Id | None = Field(None, description="The incident that stays")


class ActionHeader(BaseModel):
    """In which state it was seen, and how the step is known when it is sent again."""

    if_match: Annotated[str, Field(max_length=1000)] | None = Field(
        None, alias="If-Match", description="ETag of the incident as it was seen; without it, whatever it is like now"
    )
    idempotency_key: ReportKey | None = Field(None, alias="Idempotency-Key")


class ActionOut(BaseModel):
    """Something that may be done now."""

    action: str
    rule: str = Field(description="What the history will say")
    needs: list[str]
    takes: list[str]
    stage: Annotated[int, Field(ge=1, le=7, description="Of the seven steps of city management")]


class ActionsOut(BaseModel):
    """What whoever asks may do with an incident now."""

    status: str
    version: int
    actions: list[ActionOut]


class RuleOut(BaseModel):
    """What the rule of ownership says when it is asked again, as the grids were known then."""

    grid_code: str | None
    method: str
    edition: int | None
    distance_to_border_m: float | None
    near_border: bool


class RoutingOut(BaseModel):
    """One decision where an incident goes."""

    at: datetime
    rule: str = Field(description="What led to it: reported, moved, overruled, side chosen, moved by edition")
    actor: str
    received: dict[str, float | str] = Field(description="As it was sent: x, y, crs")
    position: list[float] = Field(description="As it is stored: [lon, lat], WGS 84")
    accuracy_m: float | None
    building_code: str | None
    routed_at: datetime = Field(description="The instant whose edition counted")
    edition: int | None
    method: str
    grid_code: str | None
    distance_to_border_m: float | None
    near_border: bool
    candidates: list[CandidateOut]
    officer_code: str | None
    reason: str | None
    again: RuleOut
    agrees: bool = Field(description="Whether what is stored is what the rule says")


class WhyOut(BaseModel):
    """How an incident came to be where it is, first things first."""

    decisions: list[RoutingOut]


def handling_blueprint(handling: HandlingService, incidents: IncidentService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("handling", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get(
        "/incidents/<id>/actions",
        summary="What may be done",
        responses={200: ActionsOut, **problem_responses(401, 403, 404)},
    )
    @guard("read_incidents")
    def actions(path: IncidentPath) -> Response:
        """List the actions that are open to whoever asks."""
        offer = handling.offer(path.id, current_identity())
        now = offer.incident
        return render(ActionsOut(status=now.status, version=now.version, actions=actions_out(offer.steps)))

    @blueprint.post(
        "/incidents/<id>/actions/<action>",
        summary="Do it",
        responses={200: IncidentOut, **problem_responses(401, 403, 404, 409, 412, 413, 415)},
    )
    @guard("handle_incident")
    def act(path: ActionPath, header: ActionHeader, body: ActionBody) -> Response:
        """Take one of the steps that are told as open.

        With `If-Match` it is taken only while the incident is as it was seen; else 412, with what changed since. Nobody
        knows whether it arrived? Send it again with the same `Idempotency-Key`: for 7 days it is done once.
        """
        done = handling.act(
            path.id, path.action, _details(body), identity=current_identity(), seen=stated_versions(),
            key=header.idempotency_key,
        )  # fmt: skip
        return incident_answer(done)

    @blueprint.get(
        "/incidents/<id>/why", summary="Why it is there", responses={200: WhyOut, **problem_responses(401, 403, 404)}
    )
    @guard("read_incidents")
    def why(path: IncidentPath) -> Response:
        """Tell each decision where the incident goes, and what the rule says when it is asked again."""
        return render(WhyOut(decisions=[_routing_out(one) for one in incidents.routings(path.id)]))

    return blueprint


def actions_out(steps: tuple[Step, ...]) -> list[ActionOut]:
    """Return steps as the interface tells them."""
    return [
        ActionOut(
            action=step.action, rule=step.rule, needs=sorted(step.needs), takes=sorted(step.takes), stage=step.stage
        )
        for step in steps
    ]


def _details(body: ActionBody) -> ActionDetails:
    place = None
    if (body.lon, body.lat, body.x, body.y, body.crs) != (None,) * 5:
        try:
            place = place_of(body.lon, body.lat, body.x, body.y, body.crs)
        except ValueError as exc:
            raise InvalidInput([{"pointer": "#/lon", "code": "missing", "detail": str(exc)}]) from exc
    return ActionDetails(body.reason, body.officer, body.grid, place, None, body.duplicate_of)


def _routing_out(one: Routing) -> RoutingOut:
    return RoutingOut(
        at=one.at, rule=one.rule, actor=one.actor,
        received={"x": one.received_x, "y": one.received_y, "crs": one.declared_crs},
        position=[one.position.lon, one.position.lat], accuracy_m=one.accuracy_m, building_code=one.building_code,
        routed_at=one.routed_at, edition=one.edition_id, method=one.method, grid_code=one.grid_code,
        distance_to_border_m=one.distance_to_border_m, near_border=one.near_border,
        candidates=[CandidateOut.model_validate(candidate) for candidate in one.candidates],
        officer_code=one.officer_code, reason=one.reason,
        again=RuleOut(
            grid_code=one.again_grid_code, method=one.again_method, edition=one.again_edition_id,
            distance_to_border_m=one.again_distance_to_border_m, near_border=one.again_near_border,
        ),
        agrees=one.agrees,
    )  # fmt: skip
