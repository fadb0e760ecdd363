"""Postings: /v1/postings. Who serves which grid."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.handling import HandlingService
from geoservice.web.guard import current_identity, guard
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="postings", description="Who serves which grid, by day")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class PostingOut(BaseModel):
    """A grid that is served, and as what."""

    grid_code: str
    role: str = Field(description="grid_officer, deputy or police_officer")


class DutyOut(BaseModel):
    """Whom the key names, and which grids he serves today."""

    jurisdiction: str | None = Field(description="null: the key names nobody")
    officer_code: str | None
    postings: list[PostingOut]


def postings_blueprint(handling: HandlingService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("postings", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get("/postings/own", summary="One's own, today", responses={200: DutyOut, **problem_responses(401, 403)})
    @guard("read_incidents")
    def own() -> Response:
        """Tell whom the key names, and which grids he serves today."""
        duty = handling.duty(current_identity())
        postings = [PostingOut(grid_code=one.grid_code, role=one.officer.role) for one in duty.postings]
        return render(DutyOut(jurisdiction=duty.jurisdiction_code, officer_code=duty.staff_code, postings=postings))

    return blueprint
