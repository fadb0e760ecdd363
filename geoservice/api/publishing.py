"""From a draft to an edition in force: validate, preview, publish, compare; under /v1/editions/{id}."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.editions import EditionOut, EditionPath, FindingsOut, edition_out, findings_json
from geoservice.domain.editing.diff import Difference
from geoservice.domain.editing.outlining import outline_change
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.geojson import collection, difference_features, move_features
from geoservice.services.impact import Impact, flows
from geoservice.services.importing import Reassigned
from geoservice.web.guard import current_identity, guard
from geoservice.web.json import dumps
from geoservice.web.parsing import Code, Id, Instant, Name, RowNumber, StrictModel
from geoservice.web.preconditions import etag, stated_revision
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render, render_bytes
from layers.catalogue import owned
from layers.grids.model import EditionOutline
from layers.summaries.previews import UNDECIDED, Workload

TAG = Tag(name="publishing", description="What a draft would change, and putting it in force")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
#: What may move: features, by the tables of their layers, and open incidents about which a person is asked.
KINDS = (*(layer.table for layer in owned()), UNDECIDED)
#: What null says of a count.
FEW = "null: not told to those who may not see single households"
REFUSALS = problem_responses(401, 403, 404, 409, 412, 413, 415, 428)


class Nothing(StrictModel):
    """No fields: send {}."""


class PreviewBody(StrictModel):
    """From when the draft would hold."""

    valid_from: Instant | None = Field(None, description="Now when absent")


class PublishBody(StrictModel):
    """What was seen, and from when it holds."""

    preview: Id = Field(description="`id` of the preview: exactly what it showed is moved, or nothing")
    valid_from: Instant | None = Field(
        None, description="Now when absent. Earlier: it corrects what was believed; later: it waits for its day"
    )


class AskBody(StrictModel):
    """That a draft is to be put in force."""

    note: Name | None = Field(None, description="Why it is drawn; kept with the edition")


class ReassignedBody(StrictModel):
    """Codes that name another place from the draft on."""

    codes: list[Code] = Field(min_length=1, max_length=10_000)
    reason: Name = Field(description="Why; it is kept with the edition and told by every later look")


class ReassignedOut(BaseModel):
    """A code that would name another place."""

    code: str
    reason: str
    accepted_by: str


class PreviewDecisionOut(BaseModel):
    """A gap or an overlap that somebody gave away."""

    kind: Literal["gap", "overlap"]
    to: str
    area_m2: float
    reason: str
    decided_by: str


class OutlineChangeOut(BaseModel):
    """What falls in and out by another outline than the one before."""

    gained_m2: float
    lost_m2: float
    reason: str | None = Field(description="null: nobody confirmed it yet")
    confirmed_by: str | None


class FlowOut(BaseModel):
    """How much of one kind goes from one grid to another."""

    from_grid: str | None
    to_grid: str | None
    kind: str = Field(description="Of what", json_schema_extra={"enum": [*KINDS]})
    count: int = Field(
        description="Of households, but to whoever may see single ones, by neighbourhoods: each goes with its"
        " largest building"
    )
    residents: int = Field(description="Of households")
    floating: int | None = Field(description=f"{FEW}, and of drafts in any case")


class LoadOut(BaseModel):
    """What a grid has to look after."""

    households: int | None = Field(description=FEW)
    residents: int | None = Field(description=FEW)
    floating: int | None = Field(description=FEW)
    in_hand: int = Field(description="Open incidents")


class GridLoadOut(BaseModel):
    """A grid's load before and after."""

    code: str
    before: LoadOut
    after: LoadOut


class LeavingOut(BaseModel):
    """Who serves a grid that would be no more; a call sign, never a name."""

    grid_code: str
    code: str
    call_sign: str
    role: str


class PreviewOut(BaseModel):
    """What publishing the draft would move, as it was when asked."""

    id: str = Field(description="Give it when publishing")
    edition: int
    revision: int
    at: datetime
    flows: list[FlowOut]
    grids: list[GridLoadOut]
    officers_leaving: list[LeavingOut] = Field(description="Who serves a grid that would be no more")
    reroute: Literal["move", "keep", "ask"] = Field(
        description="What becomes of open incidents whose place gets another grid; asked about, they are undecided"
    )
    codes_reassigned: list[ReassignedOut] = Field(description="Codes that would name another place, as was accepted")
    outline: OutlineChangeOut | None = Field(description="null: it is the one before")
    decisions: list[PreviewDecisionOut] = Field(
        description="Gaps and overlaps that were given away, here or where it came of"
    )
    drawn_by: list[str] = Field(description="Who had a hand in the draft, as histories name them")
    four_eyes: bool = Field(description="Whether somebody else than those has to publish it")
    grids_unstaffed: list[str] = Field(description="New grids that nobody is posted to as officer or deputy")
    moves: dict[str, Any] = Field(
        description="GeoJSON: features and open incidents that change grid, with from and to; none of households"
    )


class PublishedOut(BaseModel):
    """The edition in force, and how much moved."""

    edition: EditionOut
    moved_features: int


class DiffQuery(StrictModel):
    """What to compare with."""

    to: RowNumber = Field(description="The later edition or draft")


class RedrawnOut(BaseModel):
    """A grid whose ground is not the same."""

    code: str
    gained_m2: float
    lost_m2: float


class RecodedOut(BaseModel):
    """A grid of the same ground under another code."""

    old: str
    new: str


class DiffOut(BaseModel):
    """What is different in the later edition."""

    added: list[str]
    retired: list[str]
    redrawn: list[RedrawnOut]
    recoded: list[RecodedOut]
    renamed: list[str]
    disowned: list[str] = Field(description="Ground that belongs to nobody there")
    owned: list[str] = Field(description="Ground that belonged to nobody and is a grid there")
    features: dict[str, Any] = Field(description="GeoJSON: ground gained and lost, borders gone and new")


def publishing_blueprint(editions: EditionService, drafts: DraftService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("publishing", __name__, url_prefix="/v1/editions", abp_tags=[TAG])

    @blueprint.post(
        "/<id>/validate", summary="Validate a draft", security=SECURITY, responses={200: FindingsOut, **REFUSALS}
    )
    @guard("publish_boundaries")
    def validate(path: EditionPath, body: Nothing) -> Response:
        """Look at a draft as it stands now; return the findings as GeoJSON, errors first."""
        return render_bytes(findings_json(editions.validate(path.id, actor=current_identity().actor)))

    @blueprint.post(
        "/<id>/reassign-codes", summary="Accept codes of other places", security=SECURITY,
        responses={200: FindingsOut, **REFUSALS},
    )  # fmt: skip
    @guard("edit_boundaries")
    def reassign_codes(path: EditionPath, body: ReassignedBody) -> Response:
        """Accept that codes name another place from a draft on, and validate it; return the findings as GeoJSON."""
        reassigned = Reassigned(tuple(body.codes), body.reason)
        return render_bytes(findings_json(editions.reassign(path.id, reassigned, actor=current_identity().actor)))

    @blueprint.post(
        "/<id>/preview", summary="Preview a draft", security=SECURITY, responses={200: PreviewOut, **REFUSALS}
    )
    @guard("read_drafts")
    def preview(path: EditionPath, body: PreviewBody) -> Response:
        """Rehearse the publication: what would have another grid, and each grid's load before and after."""
        impact = editions.preview(path.id, valid_from=body.valid_from, actor=current_identity().actor)
        return render_bytes(dumps(_preview_out(impact)))

    @blueprint.post(
        "/<id>/ask", summary="Ask for publishing", security=SECURITY, responses={200: EditionOut, **REFUSALS}
    )
    @guard("edit_boundaries")
    def ask(path: EditionPath, body: AskBody) -> Response:
        """Ask for a draft, as it stands, to be put in force, and say why it is drawn; an edit takes that back."""
        asked = editions.ask(path.id, note=body.note, revision=stated_revision(path.id), actor=current_identity().actor)
        return render(edition_out(asked), headers=etag(asked))

    @blueprint.post(
        "/<id>/publish", summary="Publish a draft", security=SECURITY, responses={200: PublishedOut, **REFUSALS}
    )
    @guard("publish_boundaries")
    def publish(path: EditionPath, body: PublishBody) -> Response:
        """Put a draft in force, moving exactly what its preview showed; 409 tells what is different by now."""
        result = editions.publish(
            path.id, valid_from=body.valid_from, revision=stated_revision(path.id), preview_id=body.preview,
            actor=current_identity().actor,
        )  # fmt: skip
        return render(PublishedOut(edition=edition_out(result.edition), moved_features=result.moved_features))

    @blueprint.get("/<id>/diff", summary="Compare editions", responses={200: DiffOut, **problem_responses(404)})
    @guard("read_grids")
    def diff(path: EditionPath, query: DiffQuery) -> Response:
        """Return what is different in another edition or draft of the same jurisdiction."""
        return render_bytes(dumps(_diff_out(drafts.compare(path.id, query.to))))

    return blueprint


def _preview_out(impact: Impact) -> dict[str, Any]:
    preview = impact.preview
    return {
        "id": str(preview.id), "edition": preview.edition_id, "revision": preview.revision, "at": preview.at,
        "flows": [FlowOut(**vars(flow)).model_dump() for flow in flows(preview.moves)],
        "grids": [
            {"code": before.code, "before": load_of(before).model_dump(), "after": load_of(after).model_dump()}
            for before, after in zip(impact.before, impact.after, strict=True)
        ],
        "officers_leaving": [
            LeavingOut(grid_code=one.grid_code, **vars(one.officer)).model_dump() for one in impact.leaving
        ],
        "codes_reassigned": [one._asdict() for one in impact.reassigned],
        "outline": _outline_out(impact.outline),
        "decisions": [
            PreviewDecisionOut(
                kind=one.kind, to=one.to, area_m2=one.area_m2, reason=one.reason, decided_by=one.actor
            ).model_dump()
            for one in impact.decisions
        ],
        "drawn_by": list(impact.drawn_by), "four_eyes": impact.four_eyes,
        "grids_unstaffed": list(impact.unstaffed),
        "reroute": impact.reroute,
        "moves": collection(move_features(impact)),
    }  # fmt: skip


def _outline_out(outline: EditionOutline | None) -> dict[str, Any] | None:
    if outline is None or outline.is_as_before:
        return None
    change = outline_change(outline.before, outline.outline)
    return {
        "gained_m2": round(change.gained_m2, 3), "lost_m2": round(change.lost_m2, 3), "reason": outline.reason,
        "confirmed_by": outline.confirmed_by,
    }  # fmt: skip


def load_of(load: Workload) -> LoadOut:
    """Return what a grid has to look after as it is told."""
    return LoadOut(households=load.households, residents=load.residents, floating=load.floating, in_hand=load.in_hand)


def _diff_out(found: Difference) -> dict[str, Any]:
    return {
        "added": list(found.added), "retired": list(found.retired), "renamed": list(found.renamed),
        "disowned": list(found.disowned), "owned": list(found.owned),
        "redrawn": [
            {"code": one.code, "gained_m2": round(one.gained_m2, 3), "lost_m2": round(one.lost_m2, 3)}
            for one in found.redrawn
        ],
        "recoded": _recoded(found.recoded),
        "features": collection(difference_features(found)),
    }  # fmt: skip


def _recoded(pairs: Sequence[Any]) -> list[dict[str, str]]:
    return [{"old": pair.old, "new": pair.new} for pair in pairs]
