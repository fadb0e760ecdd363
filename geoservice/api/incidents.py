"""Incidents: /v1/incidents. Reports come in here; what became of them is told here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from geoservice.api.answers import CandidateOut, Method
from geoservice.domain.lifecycle.offers import asks_for_side
from geoservice.services.incidents import IncidentPage, IncidentService, NewReport
from geoservice.web.guard import acting_in_body, current_identity, guard
from geoservice.web.parsing import (
    AccuracyM,
    Code,
    Crs,
    Id,
    Instant,
    InvalidCursor,
    InvalidInput,
    QueryFlag,
    QueryInteger,
    ReportKey,
    StrictModel,
    Text,
    decode_cursor,
    encode_cursor,
    fit,
    place_of,
)
from geoservice.web.preconditions import etag_of_incident
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.incidents.model import Incident, IncidentEvent, Search

TAG = Tag(name="incidents", description="Reported matters, from report to rating")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]

Source = Literal["resident", "patrol", "camera", "hotline", "system"]
Status = Literal["reported", "dispatched", "accepted", "resolved", "closed", "returned", "duplicate", "cancelled"]


def _listed(words: tuple[str, ...]) -> AfterValidator:
    """Return what leaves a list with commas as it is, and raises ValueError for another word than these."""

    def known(value: str) -> str:
        if not set(value.split(",")) <= set(words):
            raise ValueError(f"write one of {str(words)[1:-1]}; several with commas")
        return value

    return AfterValidator(known)


_CODES = TypeAdapter(list[Code])
#: As many as an address has room for.
_LIST_LENGTH = 1000


def _codes(value: str) -> str:
    """Return codes with commas as they are; raise ValueError where one can be none."""
    try:
        _CODES.validate_python(value.split(","), strict=True)
    except ValidationError:
        raise ValueError("write a code of 1 to 64 characters; several with commas") from None
    return value


Codes = Annotated[str, Field(max_length=_LIST_LENGTH), AfterValidator(_codes)]


#: As many as somebody types into a box.
SearchedWords = Annotated[str, Field(max_length=100), AfterValidator(fit)]


class ReportBody(StrictModel):
    """A report. Nothing about persons: no names, numbers or pictures."""

    service_code: Code
    lon: float | None = Field(None, description="Longitude in degrees, WGS 84")
    lat: float | None = Field(None, description="Latitude in degrees, WGS 84")
    x: float | None = Field(None, description="Easting or longitude in `crs`")
    y: float | None = Field(None, description="Northing or latitude in `crs`")
    crs: Crs | None = None
    source: Source = "system"
    description: Text = ""
    accuracy_m: AccuracyM | None = None
    building_code: Code | None = Field(None, description="The report is about this building; its grid then owns it")
    reported_at: Instant | None = Field(None, description="When it was reported elsewhere; now when absent")
    jurisdiction: Code | None = Field(None, description="Needed only where several may be meant")


class ReportHeader(BaseModel):
    """How a report is known when it is sent again."""

    idempotency_key: ReportKey | None = Field(None, alias="Idempotency-Key")


class IncidentPath(StrictModel):
    """Which incident."""

    id: Id


class IncidentsQuery(StrictModel):
    """Which incidents, in which order."""

    jurisdiction: Code | None = None
    grid: Codes | None = Field(None, description="Only those of this grid; several with commas")
    service: Codes | None = Field(None, description="Only those of this service, by its code; several with commas")
    officer: Codes | None = Field(None, description="Only those that this member of staff has; several with commas")
    own: QueryFlag | None = Field(
        None,
        description="true: only what the grids have that the holder of the key serves today, and what has his name",
    )
    status: Annotated[str, _listed(get_args(Status))] | None = Field(
        None, description=f"One of {', '.join(get_args(Status))}; several with commas"
    )
    source: Annotated[str, _listed(get_args(Source))] | None = Field(
        None, description=f"One of {', '.join(get_args(Source))}; several with commas"
    )
    overdue: QueryFlag | None = Field(None, description="Only those found late, or only the others")
    near_border: QueryFlag | None = Field(None, description="Only those near a border of grids, or only the others")
    words: SearchedWords | None = Field(
        None, description="Only those in whose report each of these words stands, or whose number begins with it"
    )
    since: Instant | None = Field(None, description="Only those reported from then on")
    until: Instant | None = Field(None, description="Only those reported before then")
    closed_since: Instant | None = Field(None, description="Only those that were closed from then on, and are")
    closed_until: Instant | None = Field(None, description="Only those that were closed before then, and are")
    sort: Literal["new", "due"] = Field(
        "new",
        description="new: the newest first. due: what is late, longest first, then what has a limit, by when that is,"
        " then the rest, what waits longest first; what is done with comes last",
    )
    limit: Annotated[QueryInteger, Field(ge=1, le=1000)] = 100
    after: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="`next` of the page before, in the same order"
    )


class IncidentOut(BaseModel):
    """An incident and where it went."""

    id: str
    jurisdiction: str | None
    service_code: str
    source: Source
    description: str
    position: list[float] = Field(description="[lon, lat], WGS 84")
    received: dict[str, float | str] = Field(description="As it was sent: x, y, crs")
    accuracy_m: float | None
    building_code: str | None
    status: Status
    grid_code: str | None = Field(description="null: it waits in the triage queue")
    method: Method
    edition: int | None
    distance_to_border_m: float | None
    near_border: bool
    candidates: list[CandidateOut]
    officer_code: str | None
    reported_at: datetime
    recorded_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    rating: int | None
    version: int
    status_since: datetime
    waiting_since: datetime | None = Field(description="Since when a question to the reporter is open")
    set_out_at: datetime | None = Field(description="Since when the officer who accepted it is on the way")
    duplicate_of: str | None
    original_status: Status | None = Field(description="Of a duplicate: how far the incident has come that it ends at")
    step_reason: str | None = Field(description="The words that came with the last step")
    assignment_reason: str | None = Field(
        description="While it is in hand: the words with which it was last dispatched, given to somebody else or to"
        " another grid, or reopened"
    )
    expected_at: datetime | None = Field(description="By when it should be resolved, in working time; null: no limit")
    overdue_at: datetime | None = Field(description="When it was found late")
    attributes: dict[str, Any] = Field(description="Answers to what the service asks for, by their codes")
    words_gone_at: datetime | None = Field(description="When all that was written of it was erased; null: it was not")


class ReportedOut(IncidentOut):
    """An incident just reported."""

    token: str = Field(description="For the reporter: follow and rate the report with it; given out this once")
    asks_for_side: bool = Field(description="Near a border: ask the reporter, once, which of `candidates` it was")
    alike: int = Field(
        description="Others in hand that may be about the same matter: same service, near in place and time; 20 are"
        " counted at most"
    )


class IncidentsOut(BaseModel):
    """A page of incidents."""

    incidents: list[IncidentOut]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end")
    total: int | None = Field(description="How many there are in all; told with the first page")
    total_is_exact: bool = Field(
        description="false: there are more; 5,000 are counted, 50,000 where only open ones are asked for"
    )


class EventOut(BaseModel):
    """One line of a history."""

    at: datetime
    actor: str
    rule: str
    from_status: str | None
    to_status: str
    from_grid_code: str | None
    to_grid_code: str | None
    method: str | None
    edition: int | None
    reason: str | None
    officer_code: str | None
    version: int | None = Field(description="Of the incident from this line on; null where nothing of it changed")


class HistoryOut(BaseModel):
    """What happened to an incident, first things first."""

    events: list[EventOut]


def incidents_blueprint(incidents: IncidentService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("incidents", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.post(
        "/incidents", summary="Report", responses={201: ReportedOut, **problem_responses(401, 403, 404, 413, 415)}
    )
    @guard("report_incident")
    def report(header: ReportHeader, body: ReportBody) -> Response:
        """Store a report, routed to the grid that owns its place and to the officer on duty.

        Nobody knows whether it arrived? Send it again with the same `Idempotency-Key`: for 7 days it is stored once.
        """
        identity = acting_in_body(body.jurisdiction)
        incident, token = incidents.report(_new_report(body), identity=identity, key=header.idempotency_key)
        told = ReportedOut(
            **incident_out(incident).model_dump(),
            token=token,
            asks_for_side=asks_for_side(incident),
            alike=incidents.count_alike(incident.id),
        )
        return render(told, status=201, headers={"Location": f"/v1/incidents/{incident.id}"})

    @blueprint.get("/incidents", summary="Incidents", responses={200: IncidentsOut, **problem_responses(401, 403, 404)})
    @guard("read_incidents")
    def page(query: IncidentsQuery) -> Response:
        """List incidents: the newest first, or the most urgent."""
        found = _page(incidents, query)
        told = IncidentsOut(
            incidents=[incident_out(one) for one in found.incidents], next=next_of(found, query), total=found.total,
            total_is_exact=found.total_is_exact,
        )  # fmt: skip
        return render(told)

    @blueprint.get(
        "/incidents/<id>", summary="One incident", responses={200: IncidentOut, **problem_responses(401, 403, 404)}
    )
    @guard("read_incidents")
    def one(path: IncidentPath) -> Response:
        """Return an incident."""
        return incident_answer(incidents.incident(path.id))

    @blueprint.get(
        "/incidents/<id>/history",
        summary="Its history",
        responses={200: HistoryOut, **problem_responses(401, 403, 404)},
    )
    @guard("read_incidents")
    def history(path: IncidentPath) -> Response:
        """Return what happened to an incident, first things first."""
        return render(HistoryOut(events=[_event_out(event) for event in incidents.history(path.id)]))

    return blueprint


def search_of(query: IncidentsQuery) -> Search:
    """Return which incidents a query means, but for the jurisdiction and whose they are; raise InvalidCursor."""
    return Search(
        grid_codes=_several(query.grid), officer_codes=_several(query.officer), service_codes=_several(query.service),
        statuses=_several(query.status), sources=_several(query.source), overdue=query.overdue,
        near_border=query.near_border, words=tuple((query.words or "").split()), reported=(query.since, query.until),
        closed=(query.closed_since, query.closed_until),
        after=None if query.after is None else _place_in(query.after, query.sort),
    )  # fmt: skip


def next_of(page: IncidentPage, query: IncidentsQuery) -> str | None:
    """Return the cursor to what follows a page; None where it ends the list."""
    if len(page.incidents) < query.limit:
        return None
    last = page.incidents[-1]
    return encode_cursor(last.urgency if query.sort == "due" else last.reported_at, last.id)


def _several(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value.split(","))


def _place_in(cursor: str, sort: str) -> tuple[datetime | float, UUID]:
    place = decode_cursor(cursor)
    if isinstance(place[0], float) != (sort == "due"):
        raise InvalidCursor  # it was given out with the other order
    return place


def _page(incidents: IncidentService, query: IncidentsQuery) -> IncidentPage:
    search = search_of(query)
    own_of = current_identity() if query.own else None
    if own_of is not None and own_of.staff is None:
        raise InvalidInput([{"pointer": "own", "code": "nobody", "detail": "this key names no member of staff"}])
    return incidents.page(
        search, jurisdiction_code=query.jurisdiction, limit=query.limit, order=query.sort, own_of=own_of
    )


def _new_report(body: ReportBody) -> NewReport:
    try:
        place = place_of(body.lon, body.lat, body.x, body.y, body.crs)
    except ValueError as exc:
        raise InvalidInput([{"pointer": "#/lon", "code": "missing", "detail": str(exc)}]) from exc
    return NewReport(
        body.service_code,
        place,
        body.source,
        body.description,
        body.accuracy_m,
        body.building_code,
        body.reported_at,
        body.jurisdiction,
    )


def incident_answer(incident: Incident) -> Response:
    """Return the answer that is an incident, with the tag of its version."""
    return render(incident_out(incident), headers=etag_of_incident(incident.version))


def incident_out(incident: Incident) -> IncidentOut:
    """Return an incident as the interface tells it."""
    same: dict[str, Any] = {
        name: getattr(incident, name)
        for name in IncidentOut.model_fields
        if name not in ("id", "jurisdiction", "position", "received", "edition", "candidates", "duplicate_of")
    }
    return IncidentOut(
        id=str(incident.id),
        jurisdiction=incident.jurisdiction_code,
        position=[incident.position.lon, incident.position.lat],
        received={"x": incident.received_x, "y": incident.received_y, "crs": incident.declared_crs},
        edition=incident.edition_id,
        candidates=[CandidateOut.model_validate(candidate) for candidate in incident.candidates],
        duplicate_of=None if incident.duplicate_of is None else str(incident.duplicate_of),
        **same,
    )


def _event_out(event: IncidentEvent) -> EventOut:
    return EventOut(
        at=event.at, actor=event.actor, rule=event.rule, from_status=event.from_status, to_status=event.to_status,
        from_grid_code=event.from_grid_code, to_grid_code=event.to_grid_code, method=event.method,
        edition=event.edition_id, reason=event.reason, officer_code=event.officer_code,
        version=event.version,
    )  # fmt: skip
