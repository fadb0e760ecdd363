"""Gaps and overlaps given away by name, and ground that belongs to nobody: POST under /v1/editions/{id}."""

from __future__ import annotations

from typing import Any, Self

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import Field, model_validator

from geoservice.api.drafts import REFUSALS, SECURITY, TAG, Coordinate, EditedOut, edited_response, position_of
from geoservice.api.editions import EditionPath
from geoservice.services.drafting.deciding import DecidingService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Name, StrictModel
from geoservice.web.preconditions import stated_revision


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

    return blueprint


def _precondition(edition_id: int) -> dict[str, Any]:
    return {"revision": stated_revision(edition_id), "actor": current_identity().actor}
