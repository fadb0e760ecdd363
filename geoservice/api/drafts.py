"""Drafts and the verbs on them: POST under /v1/editions/{id}. Every edit states the draft's ETag in If-Match."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
import shapely
from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from shapely import LineString, MultiPolygon

from geoservice.api.editions import EditionOut, EditionPath, GridFeature, edition_out, grid_feature
from geoservice.services.drafting.model import Edited
from geoservice.services.drafting.service import DraftService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, InvalidInput, Name, StrictModel
from geoservice.web.preconditions import etag, stated_revision
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render, render_bytes
from geoservice.web.shapes import find_shape
from layers.crs import Position, is_on_earth
from layers.errors import InvalidGeometry
from layers.geometry import as_multipolygon
from layers.grids.drafts import Step
from layers.grids.model import GridShape

TAG = Tag(name="drafts", description="Editing boundaries: drafts, and verbs that keep a partition a partition")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
REFUSALS = problem_responses(401, 403, 404, 409, 412, 413, 415, 428)

Coordinate = Annotated[list[float], Field(min_length=2, max_length=2, description="[lon, lat], WGS 84")]
#: A line of a drawing hand; the largest stored shape has as many vertices.
Line = Annotated[list[Coordinate], Field(min_length=2, max_length=100_000, description="[[lon, lat], ...], WGS 84")]
Sides = dict[Code, Literal["ours", "theirs"]]


class Nothing(StrictModel):
    """No fields: send {}."""


class SplitBody(StrictModel):
    """A grid to be cut in two."""

    code: Code
    line: Line
    codes: Annotated[list[Code], Field(min_length=2, max_length=2)] | None = Field(
        None, description="Of the larger and the smaller part; by default the larger keeps the code"
    )
    names: Annotated[list[Name], Field(min_length=2, max_length=2)] | None = None


class MergeBody(StrictModel):
    """Grids to become one."""

    codes: Annotated[list[Code], Field(min_length=2, max_length=1000)]
    into: Code
    name: Name | None = None


class MoveVertexBody(StrictModel):
    """A vertex of a border to be moved, or a place of a border to be bent."""

    at: Coordinate
    to: Coordinate
    tolerance_m: Annotated[float, Field(gt=0, le=100)] = 1.0


class RemoveVertexBody(StrictModel):
    """A vertex of a border to be taken away."""

    at: Coordinate
    tolerance_m: Annotated[float, Field(gt=0, le=100)] = 1.0


class RedrawBody(StrictModel):
    """A new common border of two neighbours."""

    codes: Annotated[list[Code], Field(min_length=2, max_length=2)]
    line: Line


class RecodeBody(StrictModel):
    """A grid to get another code."""

    code: Code
    new_code: Code
    name: Name | None = None


class GridBody(StrictModel):
    """A grid as it is to be."""

    name: Name
    name_en: Name | None = None
    parent_code: Code | None = None
    geometry: dict[str, Any] = Field(description="GeoJSON Polygon or MultiPolygon, WGS 84")


class MergeDraftBody(StrictModel):
    """Another draft of the same base."""

    other: Annotated[int, Field(ge=1)]
    settle: Sides = Field(default={}, description="By grid code, whose version counts: ours is this draft")


class RebaseBody(StrictModel):
    """How conflicts with what was published are settled."""

    settle: Sides = Field(default={}, description="By grid code, whose version counts: ours is this draft")


class DraftGridPath(EditionPath):
    """Which grid of which edition."""

    code: Code


class EditedOut(BaseModel):
    """What an edit did; ETag is the draft's now."""

    edition: int
    revision: int
    removed: list[str]
    changed: list[GridFeature] = Field(description="New and changed grids as they are now, at full precision")


class StepOut(BaseModel):
    """What one person or program did to a draft in one go."""

    number: int
    verb: str = Field(description="edit: straight in the database")
    state: Literal["done", "undone", "dropped", "closed", "turning"]
    actor: str
    at: datetime
    grid_codes: list[str]


class StepsOut(BaseModel):
    """The steps of a draft, the first one first."""

    steps: list[StepOut]


def drafts_blueprint(drafts: DraftService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("drafts", __name__, url_prefix="/v1/editions", abp_tags=[TAG], abp_security=SECURITY)
    _add_wholes(blueprint, drafts)
    _add_verbs(blueprint, drafts)
    _add_border_verbs(blueprint, drafts)
    _add_grids(blueprint, drafts)
    _add_steps(blueprint, drafts)
    return blueprint


def _add_wholes(blueprint: APIBlueprint, drafts: DraftService) -> None:
    @blueprint.post("/<id>/withdraw", summary="Put a draft away", responses={200: EditionOut, **REFUSALS})
    @guard("publish_boundaries")
    def withdraw(path: EditionPath, body: Nothing) -> Response:
        """Put a draft away for good."""
        return render(edition_out(drafts.withdraw(path.id, revision=stated_revision(path.id), actor=_actor())))

    @blueprint.post("/<id>/merge-draft", summary="Take another draft in", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def merge_draft(path: EditionPath, body: MergeDraftBody) -> Response:
        """Take over what another draft of the same base changed; 409 lists what both changed."""
        return edited_response(drafts.merge_draft(path.id, body.other, settle=body.settle, **_precondition(path.id)))

    @blueprint.post("/<id>/rebase", summary="Draw a draft anew", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def rebase(path: EditionPath, body: RebaseBody) -> Response:
        """Keep what the draft changed, on top of the edition published last; 409 lists what both changed."""
        return edited_response(drafts.rebase(path.id, settle=body.settle, **_precondition(path.id)))


def _add_verbs(blueprint: APIBlueprint, drafts: DraftService) -> None:
    @blueprint.post("/<id>/split", summary="Split a grid", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def split(path: EditionPath, body: SplitBody) -> Response:
        """Cut a grid in two along a line that runs from border to border."""
        return edited_response(
            drafts.split(
                path.id, body.code, _line(body.line), codes=_pair(body.codes), names=_pair(body.names),
                **_precondition(path.id),
            )
        )  # fmt: skip

    @blueprint.post("/<id>/merge", summary="Merge grids", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def merge(path: EditionPath, body: MergeBody) -> Response:
        """Make one grid of several that hang together."""
        return edited_response(drafts.merge(path.id, body.codes, body.into, name=body.name, **_precondition(path.id)))

    @blueprint.post("/<id>/recode", summary="Recode a grid", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def recode(path: EditionPath, body: RecodeBody) -> Response:
        """Give a grid another code."""
        return edited_response(
            drafts.recode(path.id, body.code, body.new_code, name=body.name, **_precondition(path.id))
        )


def _add_border_verbs(blueprint: APIBlueprint, drafts: DraftService) -> None:
    @blueprint.post("/<id>/move-vertex", summary="Move a vertex", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def move_vertex(path: EditionPath, body: MoveVertexBody) -> Response:
        """Move a vertex of a border in every grid that has it; bend the border where it has none."""
        at, to = position_of("#/at", body.at), position_of("#/to", body.to)
        return edited_response(
            drafts.move_vertex(path.id, at, to, tolerance_m=body.tolerance_m, **_precondition(path.id))
        )

    @blueprint.post("/<id>/remove-vertex", summary="Take a vertex away", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def remove_vertex(path: EditionPath, body: RemoveVertexBody) -> Response:
        """Take a vertex of a border away in every grid that has it; its neighbours are joined by a straight edge."""
        at = position_of("#/at", body.at)
        return edited_response(
            drafts.remove_vertex(path.id, at, tolerance_m=body.tolerance_m, **_precondition(path.id))
        )

    @blueprint.post("/<id>/redraw-border", summary="Redraw a border", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def redraw(path: EditionPath, body: RedrawBody) -> Response:
        """Make a line the common border of two neighbours, or of a stretch of it; both follow."""
        return edited_response(
            drafts.redraw_border(path.id, (body.codes[0], body.codes[1]), _line(body.line), **_precondition(path.id))
        )


def _add_grids(blueprint: APIBlueprint, drafts: DraftService) -> None:
    @blueprint.put("/<id>/grids/<code>", summary="Put a grid", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def put(path: DraftGridPath, body: GridBody) -> Response:
        """Add a grid, or put it in the place of the one of its code; gaps and overlaps are for the gate to find."""
        grid = GridShape(path.code, body.name, body.name_en, body.parent_code, area_of(body.geometry))
        return edited_response(drafts.put(path.id, grid, **_precondition(path.id)))

    @blueprint.delete("/<id>/grids/<code>", summary="Retire a grid", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def retire(path: DraftGridPath) -> Response:
        """Take a grid away; the gate names the gap that it leaves."""
        return edited_response(drafts.retire(path.id, path.code, **_precondition(path.id)))


def _add_steps(blueprint: APIBlueprint, drafts: DraftService) -> None:
    @blueprint.get("/<id>/steps", summary="Its steps", responses={200: StepsOut, **problem_responses(401, 403, 404)})
    @guard("read_drafts")
    def steps(path: EditionPath) -> Response:
        """List what was done to a draft, by whatever door, the first step first."""
        return render(StepsOut(steps=[_step_out(step) for step in drafts.steps(path.id)]))

    @blueprint.post("/<id>/undo", summary="Undo", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def undo(path: EditionPath, body: Nothing) -> Response:
        """Take the last step back, whoever did it by whatever door."""
        return edited_response(drafts.undo(path.id, **_precondition(path.id)))

    @blueprint.post("/<id>/redo", summary="Redo", responses={200: EditedOut, **REFUSALS})
    @guard("edit_boundaries")
    def redo(path: EditionPath, body: Nothing) -> Response:
        """Do the step again that was taken back last."""
        return edited_response(drafts.redo(path.id, **_precondition(path.id)))


def _actor() -> str:
    return current_identity().actor


def _precondition(edition_id: int) -> dict[str, Any]:
    return {"revision": stated_revision(edition_id), "actor": _actor()}


def _pair(values: list[str] | None) -> tuple[str, str] | None:
    return None if values is None else (values[0], values[1])


def position_of(pointer: str, coordinate: list[float]) -> Position:
    """Return the position that a body names; raise InvalidInput for one that is not on the earth."""
    if not is_on_earth(*coordinate):
        raise InvalidInput([{"pointer": pointer, "code": "out_of_range", "detail": "write longitude, then latitude"}])
    return Position(*coordinate)


def _line(coordinates: list[list[float]]) -> LineString:
    for number, coordinate in enumerate(coordinates):
        position_of(f"#/line/{number}", coordinate)
    return LineString(coordinates)


def area_of(geometry: Mapping[str, Any]) -> MultiPolygon:
    """Return the area that a body draws, EPSG:4326; raise InvalidInput."""
    geom = find_shape(geometry)
    if geom is None or geom.geom_type not in ("Polygon", "MultiPolygon"):
        detail = "write a GeoJSON Polygon or MultiPolygon with closed rings"
        raise InvalidInput([{"pointer": "#/geometry", "code": "geometry", "detail": detail}])
    try:
        return as_multipolygon(shapely.force_2d(geom))
    except InvalidGeometry as exc:
        raise InvalidInput([{"pointer": "#/geometry", "code": "geometry", "detail": str(exc)}]) from exc


def edited_response(edited: Edited) -> Response:
    """Return what an edit did, with the draft's new ETag."""
    body = {
        "edition": edited.edition.id, "revision": edited.edition.revision, "removed": list(edited.removed),
        "changed": [grid_feature(grid) for grid in edited.put],
    }  # fmt: skip
    return render_bytes(orjson.dumps(body), headers=etag(edited.edition))


def _step_out(step: Step) -> StepOut:
    return StepOut(
        number=step.number, verb=step.verb, state=step.state, actor=step.actor, at=step.at, grid_codes=list(step.codes)
    )
