"""Visits: /v1/visits. What grid officers did, and where, by code."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.visits import VisitService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Instant, InvalidInput, QueryInteger, RowNumber, StrictModel, place_of
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.visits.model import Kind, NewVisit, Outcome, Visit
from layers.visits.queries import VisitSearch

TAG = Tag(name="visits", description="What grid officers did, and where: codes, no words, nobody's name")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class VisitQuery(StrictModel):
    """Whose."""

    jurisdiction: Code


class VisitsQuery(StrictModel):
    """Which visits, the one noted last first."""

    jurisdiction: Code
    grid: Code | None = None
    since: Instant | None = None
    until: Instant | None = Field(None, description="Itself no longer in the period")
    before: RowNumber | None = Field(None, description="`next` of the page before")
    limit: Annotated[QueryInteger, Field(ge=1, le=1000)] = 100


class VisitBody(StrictModel):
    """A visit, at a building or at a point."""

    kind: Kind = Field(description="Which of the six kinds of work of a grid officer")
    outcome: Outcome
    at: Instant = Field(description="Kept to the minute")
    building: Code | None = None
    lon: float | None = Field(None, description="Longitude in degrees, WGS 84")
    lat: float | None = Field(None, description="Latitude in degrees, WGS 84")
    officer_code: Code | None = Field(None, description="Whose it was, where the key names nobody")


class VisitOut(BaseModel):
    """A visit."""

    id: int
    kind: Kind
    outcome: Outcome
    at: datetime = Field(description="To the minute")
    building: str | None
    lon: float | None
    lat: float | None
    grid_code: str = Field(description="That owned the place at that minute")
    officer_code: str


class VisitsOut(BaseModel):
    """A page of visits."""

    visits: list[VisitOut]
    next: int | None = Field(description="Give it as `before` for the next page; null at the end")


def visits_blueprint(visits: VisitService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("visits", __name__, url_prefix="/v1/visits", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.post("", summary="Note", responses={201: VisitOut, **problem_responses(401, 403, 404, 413, 415)})
    @guard("record_visits")
    def record(query: VisitQuery, body: VisitBody) -> Response:
        """Note a visit; an officer in the grids that he was posted to on that day."""
        stored = visits.record(
            query.jurisdiction, _visit(body), staff_code=body.officer_code, identity=current_identity()
        )
        return render(_visit_out(stored), status=201)

    @blueprint.get("", summary="Many", responses={200: VisitsOut, **problem_responses(401, 403, 404)})
    @guard("read_visits")
    def page(query: VisitsQuery) -> Response:
        """List visits, the one noted last first; to an officer those of his grids."""
        search = VisitSearch(
            grids=None if query.grid is None else (query.grid,), since=query.since, until=query.until,
            before=query.before,
        )  # fmt: skip
        found = visits.visits(query.jurisdiction, search, limit=query.limit + 1, identity=current_identity())
        shown = found[: query.limit]
        told = [_visit_out(one) for one in shown]
        return render(VisitsOut(visits=told, next=shown[-1].id if len(found) > len(shown) else None))

    return blueprint


def _visit(body: VisitBody) -> NewVisit:
    position = None
    if body.building is None or body.lon is not None or body.lat is not None:
        try:
            position = place_of(body.lon, body.lat, None, None, None).position
        except ValueError as exc:
            detail = "name a building, or give lon and lat"
            raise InvalidInput([{"pointer": "#/building", "code": "missing", "detail": detail}]) from exc
        if body.building is not None:
            detail = "name a building, or give lon and lat, not both"
            raise InvalidInput([{"pointer": "#/building", "code": "both", "detail": detail}])
    return NewVisit(body.kind, body.outcome, body.at, body.building, position)


def _visit_out(one: Visit) -> VisitOut:
    lon, lat = one.position or (None, None)
    return VisitOut(
        id=one.id, kind=one.kind, outcome=one.outcome, at=one.at, building=one.building_code, lon=lon, lat=lat,
        grid_code=one.grid_code, officer_code=one.staff_code,
    )  # fmt: skip
