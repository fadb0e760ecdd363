"""Proposals for a draft, looked at and taken over: POST /v1/editions/{id}/propose and take-proposal."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import orjson
import shapely
from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, model_validator

from geoservice.api.drafts import REFUSALS, SECURITY, TAG, EditedOut, edited_response
from geoservice.api.editions import EditionPath, GridFeature, grid_feature
from geoservice.api.impact import ImpactOut, impact_out
from geoservice.domain.proposing.reckoning import Wish
from geoservice.services.drafting.proposals import ProposalService, Proposed
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, StrictModel
from geoservice.web.preconditions import etag, stated_revision
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render_bytes
from layers.antimeridian import cut

#: A border between so many households tells of none of them.
FEWEST = 100
Households = Annotated[int, Field(ge=FEWEST, le=100_000)]


class ProposeBody(StrictModel):
    """What is to be proposed; equal wishes of equal data give an equal proposal."""

    grid: Code | None = Field(None, description="One that has grown too large, to be split; null: all are cut anew")
    minimum: Households | None = Field(None, description="Of a grid; null: what its jurisdiction wants, as the next")
    maximum: Households | None = None
    grids: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="How many, or parts of the one; null: as many as bring each to the middle"
    )
    by: Literal["households", "buildings"] = Field("households", description="What grids are to have alike")
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(0, description="Another number, another proposal")

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("the most is below the fewest")
        if self.grid is not None and self.grids == 1:
            raise ValueError("a grid is split into two or more")
        return self

    def wish(self) -> Wish:
        """Return it for the service."""
        return Wish(self.grid, self.minimum, self.maximum, self.grids, self.seed, self.by)


class TakeProposalBody(ProposeBody):
    """A proposal that was looked at: the same fields, and its name."""

    proposal: Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="As it was told")]
    codes: Annotated[list[Code], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Of the grids that are to be as it has them; null: all"
    )


class ProposalOut(BaseModel):
    """A proposal beside a draft, which is as it was."""

    proposal: str = Field(description="Its name, with which it is taken over")
    removed: list[str] = Field(description="Grids that would be no more")
    changed: list[GridFeature] = Field(description="New and changed grids as they would be")
    otherwise: list[str] = Field(
        description="Grids that would have other ground, or be no more; others only get vertices of neighbours"
    )
    borders: dict[str, Any] = Field(description="Those that would be new: a GeoJSON MultiLineString, WGS 84")
    impact: ImpactOut = Field(description="What would become of every grid")


def proposals_blueprint(proposals: ProposalService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("proposals", __name__, url_prefix="/v1/editions", abp_tags=[TAG], abp_security=SECURITY)
    _add_propose(blueprint, proposals)
    _add_take(blueprint, proposals)
    return blueprint


def _add_propose(blueprint: APIBlueprint, proposals: ProposalService) -> None:
    @blueprint.post(
        "/<id>/propose",
        summary="Propose grids",
        responses={200: ProposalOut, **problem_responses(403, 404, 409, 412, 413, 415)},
    )
    @guard("edit_boundaries")
    def propose(path: EditionPath, body: ProposeBody) -> Response:
        """Cut a draft anew, or one grid of it, by households and streets, and say what would become of every grid.

        The draft stays as it is. What takes longer than 20 s is for `geoservice edition propose`.
        """
        found = proposals.propose(path.id, body.wish(), actor=current_identity().actor)
        return render_bytes(orjson.dumps(_proposal_out(found)), headers=etag(found.impact.edition))


def _add_take(blueprint: APIBlueprint, proposals: ProposalService) -> None:
    @blueprint.post("/<id>/take-proposal", summary="Take a proposal over", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def take(path: EditionPath, body: TakeProposalBody) -> Response:
        """Make all or some grids as they were proposed, as one step, where that leaves a partition.

        409 `proposal-outdated`: by now it would be another one.
        """
        edited = proposals.take(
            path.id, body.wish(), name=body.proposal, codes=body.codes, revision=stated_revision(path.id),
            actor=current_identity().actor,
        )  # fmt: skip
        return edited_response(edited)


def _proposal_out(found: Proposed) -> dict[str, Any]:
    return {
        "proposal": found.reckoned.name, "removed": list(found.reckoned.change.removed),
        "changed": [grid_feature(grid) for grid in found.reckoned.change.put],
        "otherwise": list(found.reckoned.otherwise),
        "borders": orjson.loads(shapely.to_geojson(cut(found.reckoned.borders))),
        "impact": impact_out(found.impact).model_dump(mode="json"),
    }  # fmt: skip
