"""Gaps and overlaps given away by name, and ground that belongs to nobody: under /v1/editions/{id}."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, model_validator

from geoservice.api.drafts import REFUSALS, SECURITY, TAG, Coordinate, EditedOut, edited_response, position_of
from geoservice.api.editions import EditionPath
from geoservice.services.drafting.deciding import DecidingService
from geoservice.services.drafting.model import KeptDecision
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Name, StrictModel
from geoservice.web.preconditions import stated_revision
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render


class DecideBody(StrictModel):
    """Who gets a gap or an overlap."""

    at: Coordinate = Field(description="In it, or within a metre of it")
    to: Code | None = Field(None, description="The grid that gets it, one that touches it")
    nobody: Code | None = Field(None, description="Instead: a code for it as ground that belongs to nobody")
    reason: Name = Field(description="Kept with the edition, told by every later look")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.to is None) == (self.nobody is None):
            raise ValueError("say who gets it: `to` or `nobody`, one of the two")
        return self


class DisownBody(StrictModel):
    """Ground to be left to nobody."""

    code: Code
    reason: Name = Field(description="Told by every later look, and by look-ups there")


class OwnBody(StrictModel):
    """Ground to become a grid again."""

    code: Code


class DecisionOut(BaseModel):
    """A gap or an overlap that somebody gave away."""

    kind: Literal["gap", "overlap"]
    to: str = Field(description="The grid, or the ground of nobody, that got it")
    area_m2: float
    at: list[float] = Field(description="In it: longitude, latitude", min_length=2, max_length=2)
    reason: str
    decided_by: str
    decided_at: datetime
    held_by: list[str] = Field(description="Who has that place by now, where it was edited since")


class DecisionsOut(BaseModel):
    """What was decided, the first decision first."""

    decisions: list[DecisionOut]


def deciding_blueprint(deciding: DecidingService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("deciding", __name__, url_prefix="/v1/editions", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.post("/<id>/decide", summary="Decide a gap or overlap", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def decide(path: EditionPath, body: DecideBody) -> Response:
        """Give a gap or an overlap to a grid, or leave it to nobody."""
        place = position_of("#/at", body.at)
        if body.to is not None:
            edited = deciding.give(path.id, place, to=body.to, reason=body.reason, **_precondition(path.id))
        else:
            code = str(body.nobody)
            edited = deciding.leave(path.id, place, code=code, reason=body.reason, **_precondition(path.id))
        return edited_response(edited)

    @blueprint.post("/<id>/disown", summary="Leave ground to nobody", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def disown(path: EditionPath, body: DisownBody) -> Response:
        """Leave the ground of a grid to nobody; look-ups there answer `none` and say why."""
        return edited_response(deciding.disown(path.id, body.code, reason=body.reason, **_precondition(path.id)))

    @blueprint.post("/<id>/own", summary="Make ground a grid again", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def own(path: EditionPath, body: OwnBody) -> Response:
        """Make a grid of ground that belonged to nobody."""
        return edited_response(deciding.own(path.id, body.code, **_precondition(path.id)))

    @blueprint.get(
        "/<id>/decisions", summary="What was decided", responses={200: DecisionsOut, **problem_responses(401, 403, 404)}
    )
    @guard("read_drafts")
    def decisions(path: EditionPath) -> Response:
        """List gaps and overlaps that were given away in an edition, or in a draft that it came of."""
        return render(DecisionsOut(decisions=[_decision_out(one) for one in deciding.decisions(path.id)]))

    return blueprint


def _decision_out(one: KeptDecision) -> DecisionOut:
    told = one.decision
    return DecisionOut(
        kind=told.kind, to=told.to, area_m2=told.area_m2, at=[told.lon, told.lat], reason=told.reason,
        decided_by=told.actor, decided_at=told.at, held_by=list(one.held_by),
    )  # fmt: skip


def _precondition(edition_id: int) -> dict[str, Any]:
    return {"revision": stated_revision(edition_id), "actor": current_identity().actor}
