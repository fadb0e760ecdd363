"""What a draft would change for every grid, step by step: GET /v1/editions/{id}/impact."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from geoservice.api.editions import EditionPath
from geoservice.api.publishing import SECURITY, TAG, FlowOut, LoadOut, load_of
from geoservice.services.editions import EditionService
from geoservice.services.impact import EditionImpact, GridImpact, flows
from geoservice.web.guard import current_identity, guard
from geoservice.web.preconditions import etag
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render


class GridOfficerOut(BaseModel):
    """Who serves a grid today; a call sign, never a name."""

    code: str
    call_sign: str
    role: str


class GridImpactOut(BaseModel):
    """What becomes of a grid."""

    code: str
    name: str
    name_en: str | None
    before: LoadOut | None = Field(description="null: there is no such grid in force")
    after: LoadOut | None = Field(description="null: there would be no such grid")
    balance: Literal["few", "within", "many"] | None = Field(
        description="Whether it would have as many households as are wanted; null: not told, or it would be no more"
    )
    officers: list[GridOfficerOut] = Field(description="Of today, the grid officer first")


class BlockerOut(BaseModel):
    """Why a draft can not be published as it stands."""

    code: Literal["not-validated", "errors-found", "published-since"]
    advice: str = Field(description="What to do, by its name")


class ImpactOut(BaseModel):
    """What a draft would change, as it is at a revision."""

    edition: int
    revision: int
    households_min: int = Field(description="What its jurisdiction wants of a grid; so with the next")
    households_max: int
    grids: list[GridImpactOut] = Field(description="Those of the draft, and those that would be no more, by code")
    flows: list[FlowOut]
    blockers: list[BlockerOut]
    drawn_by: list[str] = Field(description="Who had a hand in the draft, as histories name them")
    is_exact: bool = Field(
        description="Whether households are counted one by one, for whoever may see single ones; else by"
        " neighbourhoods, each of which goes with its largest building: off by a few beside a new border"
    )
    four_eyes: bool = Field(description="Whether somebody else than those has to publish it")
    is_own: bool = Field(description="Whether that keeps whoever asks from publishing it")


def impact_blueprint(editions: EditionService) -> APIBlueprint:
    """Return the route."""
    blueprint = APIBlueprint("impact", __name__, url_prefix="/v1/editions", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get(
        "/<id>/impact", summary="What a draft changes",
        responses={200: ImpactOut, **problem_responses(401, 403, 404, 409)},
    )  # fmt: skip
    @guard("read_drafts")
    def impact(path: EditionPath) -> Response:
        """Rehearse the publication as a preview does, for every grid, and keep nothing: asked for after each step."""
        found = editions.impact(path.id, actor=current_identity().actor)
        return render(impact_out(found), headers=etag(found.edition))

    return blueprint


def impact_out(found: EditionImpact) -> ImpactOut:
    """Return what a draft would change."""
    return ImpactOut(
        edition=found.edition.id, revision=found.edition.revision, households_min=found.households_min,
        households_max=found.households_max, grids=[_grid(one) for one in found.grids],
        flows=[FlowOut(**vars(flow)) for flow in flows(found.moves)],
        blockers=[BlockerOut(code=one.code, advice=one.advice) for one in found.blockers],
        drawn_by=list(found.drawn_by), four_eyes=found.four_eyes, is_exact=found.is_exact,
        is_own=found.is_own,
    )  # fmt: skip


def _grid(one: GridImpact) -> GridImpactOut:
    return GridImpactOut(
        code=one.code, name=one.name, name_en=one.name_en,
        before=None if one.before is None else load_of(one.before),
        after=None if one.after is None else load_of(one.after),
        balance=one.balance, officers=[GridOfficerOut(**vars(officer)) for officer in one.officers],
    )  # fmt: skip
