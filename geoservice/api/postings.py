"""Postings: /v1/postings. Who serves which grid."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.handling import HandlingService
from geoservice.services.staff.members import StaffService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Day, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.staff.model import NumberedPosting, PostingSpan

TAG = Tag(name="postings", description="Who serves which grid, by day")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
REFUSALS = problem_responses(401, 403, 404, 413, 415)


class PostingsQuery(StrictModel):
    """Whose, and on which day."""

    jurisdiction: Code
    day: Day | None = Field(None, description="Today in the jurisdiction when absent")


class PostingQuery(StrictModel):
    """Whose."""

    jurisdiction: Code


class PostingPath(StrictModel):
    """Which posting."""

    id: Annotated[int, Field(ge=1, le=10**18)]


class PostingBody(StrictModel):
    """Who is to serve which grid, from a day to the first day after it."""

    officer_code: Code
    grid_code: Code
    role: Literal["grid_officer", "deputy", "police_officer"]
    valid_from: Day
    valid_to: Day | None = Field(None, description="The first day on which it is over; null: until further notice")


class PostingEndBody(StrictModel):
    """Until when."""

    valid_to: Day | None = Field(description="The first day on which it is over; null: until further notice")


class NumberedPostingOut(BaseModel):
    """Who serves which grid, from a day to the first day after it."""

    id: int
    officer_code: str
    grid_code: str
    role: str = Field(description="grid_officer, deputy or police_officer")
    valid_from: date
    valid_to: date | None = Field(description="null: until further notice")


class PostingsOut(BaseModel):
    """Who serves which grid on a day, by grid."""

    postings: list[NumberedPostingOut]


class PostingOut(BaseModel):
    """A grid that is served, and as what."""

    grid_code: str
    role: str = Field(description="grid_officer, deputy or police_officer")


class DutyOut(BaseModel):
    """Whom the key names, and which grids he serves today."""

    jurisdiction: str | None = Field(description="null: the key names nobody")
    officer_code: str | None
    postings: list[PostingOut]


def postings_blueprint(handling: HandlingService, staff: StaffService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("postings", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get("/postings/own", summary="One's own, today", responses={200: DutyOut, **problem_responses(401, 403)})
    @guard("read_incidents")
    def own() -> Response:
        """Tell whom the key names, and which grids he serves today."""
        duty = handling.duty(current_identity())
        postings = [PostingOut(grid_code=one.grid_code, role=one.officer.role) for one in duty.postings]
        return render(DutyOut(jurisdiction=duty.jurisdiction_code, officer_code=duty.staff_code, postings=postings))

    @blueprint.get("/postings", summary="Of a day", responses={200: PostingsOut, **problem_responses(401, 403, 404)})
    @guard("read_staff")
    def of_day(query: PostingsQuery) -> Response:
        """List who serves which grid on a day, the grid officer first."""
        found = staff.postings(query.jurisdiction, day=query.day)
        return render(PostingsOut(postings=[_posting_out(one) for one in found]))

    _add_edits(blueprint, staff)
    return blueprint


def _add_edits(blueprint: APIBlueprint, staff: StaffService) -> None:
    """Add what changes postings."""

    @blueprint.post("/postings", summary="Post", responses={201: NumberedPostingOut, **REFUSALS})
    @guard("manage_staff")
    def post(query: PostingQuery, body: PostingBody) -> Response:
        """Post a member of staff to a grid. A grid has one grid officer on each day."""
        told = PostingSpan(body.officer_code, body.grid_code, body.role, body.valid_from, body.valid_to)
        made = staff.post(query.jurisdiction, told, actor=current_identity().actor)
        return render(_posting_out(made), status=201)

    @blueprint.patch("/postings/<int:id>", summary="End", responses={200: NumberedPostingOut, **REFUSALS})
    @guard("manage_staff")
    def end(path: PostingPath, query: PostingQuery, body: PostingEndBody) -> Response:
        """Have a posting be over from a day on, or go on until further notice."""
        ended = staff.end(query.jurisdiction, path.id, body.valid_to, actor=current_identity().actor)
        return render(_posting_out(ended))

    @blueprint.delete(
        "/postings/<int:id>", summary="Take back",
        responses={200: NumberedPostingOut, **problem_responses(401, 403, 404, 409)},
    )  # fmt: skip
    @guard("manage_staff")
    def withdraw(path: PostingPath, query: PostingQuery) -> Response:
        """Take back a posting that has not begun. One that has is ended instead (409 `posting-begun`)."""
        return render(_posting_out(staff.withdraw(query.jurisdiction, path.id, actor=current_identity().actor)))


def _posting_out(one: NumberedPosting) -> NumberedPostingOut:
    posting = one.posting
    return NumberedPostingOut(
        id=one.id, officer_code=posting.staff_code, grid_code=posting.grid_code, role=posting.role,
        valid_from=posting.valid_from, valid_to=posting.valid_to,
    )  # fmt: skip
