"""A resident's report: /v1/report. It is handed in without a key; its token then shows it to its reporter alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, BaseModel, Field

from geoservice.api.answers import CandidateOut
from geoservice.api.handling import ActionOut, actions_out
from geoservice.api.incidents import ReportHeader
from geoservice.auth.model import PUBLIC
from geoservice.domain.lifecycle.offers import asks_for_side
from geoservice.errors import PublicReportsOff
from geoservice.services.handling import ActionDetails, HandlingService, Offer
from geoservice.services.incidents import IncidentService, NewReport
from geoservice.web.guard import guard
from geoservice.web.parsing import AccuracyM, Code, DegreesCrs, StrictModel, Text, Words, fit
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.crs import declared_position
from layers.incidents.model import Incident

TAG = Tag(name="following", description="A resident's own report, by the token that is given out for it")

Answer = Annotated[str, Field(max_length=1000), AfterValidator(fit)]
Choices = Annotated[list[Answer], Field(max_length=50)]
Token = Annotated[str, Field(min_length=1, max_length=100, description="As it was given out: rpt_…")]


class TokenHeader(BaseModel):
    """Which report."""

    token: Token = Field(alias="Report-Token")


class ResidentReportBody(StrictModel):
    """A resident's report. Nothing about persons: no names, numbers or pictures."""

    service_code: Code
    lon: float = Field(description="Longitude in degrees")
    lat: float = Field(description="Latitude in degrees")
    crs: DegreesCrs | None = None
    accuracy_m: AccuracyM | None = None
    description: Text = ""
    jurisdiction: Code | None = Field(None, description="Needed only where several may be meant")
    building_code: Code | None = Field(None, description="The report is about this building; its grid then owns it")
    attributes: Annotated[dict[Code, Answer | Choices], Field(max_length=50)] | None = Field(
        None, description="Answers to what the service asks for, by code; left out: nobody was asked"
    )


class ReporterActionPath(StrictModel):
    """What is to be done."""

    action: Code


class ReporterActionBody(StrictModel):
    """What comes along."""

    reason: Words | None = Field(None, description="Words for the staff. Nothing about persons")
    grid: Code | None = Field(None, description="choose-side: one of `sides`")
    rating: Annotated[int, Field(ge=1, le=5)] | None = None


class SaidOut(BaseModel):
    """What staff, or the reporter, said when they did something with the report."""

    at: datetime
    rule: str = Field(
        description="What was done: resolved, returned, verified, cancelled, merged, reopened, asked, answered, rated"
    )
    words: str
    by_reporter: bool = Field(description="true: the reporter's own words")


class OriginalOut(BaseModel):
    """The incident that a duplicate ends at."""

    id: str
    status: str
    status_since: datetime
    expected_at: datetime | None


class ReportOut(BaseModel):
    """A report as its reporter sees it: no officer is named."""

    id: str
    jurisdiction: str | None
    service_code: str
    description: str
    position: list[float] = Field(description="[lon, lat], WGS 84")
    status: str
    status_since: datetime
    reported_at: datetime
    expected_at: datetime | None
    rating: int | None
    set_out_at: datetime | None = Field(description="Since when somebody is on the way")
    question: str | None = Field(description="Asked by the staff; answer it with the action `answer`")
    sides: list[CandidateOut] = Field(description="Near a border: which of these grids was it? `choose-side`")
    duplicate_of: str | None
    original: OriginalOut | None = Field(
        description="Of a duplicate: what becomes of the matter; `rate` it when that is done"
    )
    said: list[SaidOut] = Field(description="What staff and the reporter said of it, first things first")
    words_gone_at: datetime | None = Field(description="When all that was written of it was erased; null: it was not")
    actions: list[ActionOut]


class ResidentReportedOut(ReportOut):
    """A resident's report, just handed in."""

    token: str = Field(description="Follow and rate the report with it; given out this once")
    asks_for_side: bool = Field(description="Near a border: ask the reporter, once, which of `sides` it was")
    alike: int = Field(
        description="Others in hand that may be about the same matter: same service, near in place and time; 20 are"
        " counted at most"
    )


def following_blueprint(handling: HandlingService, incidents: IncidentService, *, public_reports: bool) -> APIBlueprint:
    """Return the routes; without public reports there is only following."""
    blueprint = APIBlueprint("following", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.post(
        "/report",
        summary="Report without a key",
        responses={201: ResidentReportedOut, **problem_responses(403, 404, 413, 415)},
    )
    @guard("report_as_resident")
    def hand_in(header: ReportHeader, body: ResidentReportBody) -> Response:
        """Store a resident's report, routed to the grid that owns its place and to the officer on duty."""
        if not public_reports:
            raise PublicReportsOff
        report = _new_report(body)
        # Whoever shows a key here as well reports as a resident all the same.
        _, token = incidents.report(report, identity=PUBLIC, key=header.idempotency_key)
        offer = handling.offer_to_reporter(token)
        asks, alike = asks_for_side(offer.incident), incidents.count_alike(offer.incident.id)
        told = ResidentReportedOut(**_report_fields(offer), token=token, asks_for_side=asks, alike=alike)
        return render(told, status=201, headers={"Location": "/v1/report"})

    @blueprint.get("/report", summary="One's own report", responses={200: ReportOut, **problem_responses(404)})
    @guard("follow_report")
    def follow(header: TokenHeader) -> Response:
        """Return the report that the token stands for."""
        return render(report_out(handling.offer_to_reporter(header.token)))

    @blueprint.post(
        "/report/actions/<action>",
        summary="Rate, answer, reopen, cancel, choose a side",
        responses={200: ReportOut, **problem_responses(404, 409, 413, 415)},
    )
    @guard("follow_report")
    def act(path: ReporterActionPath, header: TokenHeader, body: ReporterActionBody) -> Response:
        """Take a step with one's own report."""
        handling.act_as_reporter(
            header.token, path.action, ActionDetails(body.reason, grid=body.grid, rating=body.rating)
        )
        return render(report_out(handling.offer_to_reporter(header.token)))

    return blueprint


def _new_report(body: ResidentReportBody) -> NewReport:
    return NewReport(
        body.service_code,
        declared_position(body.lon, body.lat, crs=body.crs or "wgs84"),
        "resident",
        body.description,
        body.accuracy_m,
        body.building_code,
        jurisdiction_code=body.jurisdiction,
        attributes=body.attributes,
    )


def report_out(offer: Offer) -> ReportOut:
    """Return a report as its reporter is told it."""
    return ReportOut(**_report_fields(offer))


def _report_fields(offer: Offer) -> dict[str, Any]:
    """Return the fields of a ReportOut."""
    incident = offer.incident
    sides = incident.candidates if asks_for_side(incident) else ()
    return {
        "id": str(incident.id),
        "jurisdiction": incident.jurisdiction_code,
        "service_code": incident.service_code,
        "description": incident.description,
        "position": [incident.position.lon, incident.position.lat],
        "status": incident.status,
        "status_since": incident.status_since,
        "reported_at": incident.reported_at,
        "expected_at": incident.expected_at,
        "rating": incident.rating,
        "set_out_at": incident.set_out_at,
        "question": incident.step_reason if incident.waiting_since else None,
        "sides": [CandidateOut.model_validate(side) for side in sides],
        "duplicate_of": None if incident.duplicate_of is None else str(incident.duplicate_of),
        "original": None if offer.original is None else _original_out(offer.original),
        "said": [SaidOut(at=one.at, rule=one.rule, words=one.words, by_reporter=one.by_reporter) for one in offer.said],
        "words_gone_at": incident.words_gone_at,
        "actions": actions_out(offer.steps),
    }


def _original_out(original: Incident) -> OriginalOut:
    return OriginalOut(
        id=str(original.id), status=original.status, status_since=original.status_since,
        expected_at=original.expected_at,
    )  # fmt: skip
