"""Following: /v1/report, the one report whose token is shown. What its reporter sees and may do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.answers import CandidateOut
from geoservice.api.handling import ActionOut, actions_out
from geoservice.domain.lifecycle.offers import asks_for_side
from geoservice.services.handling import HandlingService, Offer, Wish
from geoservice.web.guard import guard
from geoservice.web.parsing import Code, StrictModel, Words
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="following", description="One's own report, by the token that was given out for it")

Token = Annotated[str, Field(min_length=1, max_length=100, description="As it was given out: rpt_…")]


class TokenHeader(BaseModel):
    """Which report."""

    token: Token = Field(alias="Report-Token")


class ReporterActionPath(StrictModel):
    """What is to be done."""

    action: Code


class ReporterWishBody(StrictModel):
    """What comes along."""

    reason: Words | None = Field(None, description="Words for the staff. Nothing about persons")
    grid: Code | None = Field(None, description="choose-side: one of `sides`")
    rating: Annotated[int, Field(ge=1, le=5)] | None = None


class ReportOut(BaseModel):
    """A report as its reporter sees it: no officer is named."""

    id: str
    service_code: str
    description: str
    position: list[float] = Field(description="[lon, lat], WGS 84")
    status: str
    status_since: datetime
    reported_at: datetime
    expected_at: datetime | None
    rating: int | None
    question: str | None = Field(description="Asked by the staff; answer it with the action `answer`")
    sides: list[CandidateOut] = Field(description="Near a border: which of these grids was it? `choose-side`")
    duplicate_of: str | None
    actions: list[ActionOut]


def following_blueprint(handling: HandlingService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("following", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get("/report", summary="One's own report", responses={200: ReportOut, **problem_responses(404)})
    @guard("follow_report")
    def follow(header: TokenHeader) -> Response:
        """Return the report that the token stands for."""
        return _told(handling.offer_to_reporter(header.token))

    @blueprint.post(
        "/report/actions/<action>",
        summary="Rate, answer, reopen, cancel, choose a side",
        responses={200: ReportOut, **problem_responses(404, 409, 413, 415)},
    )
    @guard("follow_report")
    def act(path: ReporterActionPath, header: TokenHeader, body: ReporterWishBody) -> Response:
        """Take a step with one's own report."""
        handling.act_as_reporter(header.token, path.action, Wish(body.reason, grid=body.grid, rating=body.rating))
        return _told(handling.offer_to_reporter(header.token))

    return blueprint


def _told(offer: Offer) -> Response:
    incident = offer.incident
    sides = incident.candidates if asks_for_side(incident) else ()
    told = ReportOut(
        id=str(incident.id), service_code=incident.service_code, description=incident.description,
        position=[incident.position.lon, incident.position.lat], status=incident.status,
        status_since=incident.status_since, reported_at=incident.reported_at,
        expected_at=incident.expected_at, rating=incident.rating,
        question=incident.step_reason if incident.waiting_since else None,
        sides=[CandidateOut.model_validate(side) for side in sides],
        duplicate_of=None if incident.duplicate_of is None else str(incident.duplicate_of),
        actions=actions_out(offer.steps),
    )  # fmt: skip
    return render(told, headers={"Cache-Control": "no-store"})
