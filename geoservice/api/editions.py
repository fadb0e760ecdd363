"""Editions and what validation found in them: /v1/editions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
import shapely
from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.auth.permissions import Permission, permitted
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.web.guard import acting_in_body, current_identity, guard
from geoservice.web.json import dumps
from geoservice.web.parsing import Code, Name, RowNumber, StrictModel
from geoservice.web.preconditions import etag
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render, render_bytes
from layers.antimeridian import cut
from layers.grids.model import Edition, Finding, GridShape

TAG = Tag(name="editions", description="Complete sets of grids, one in force at a time")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
#: Decimals of a degree in GeoJSON: 1 cm.
GEOJSON_DECIMALS = 7


class EditionsQuery(StrictModel):
    """Of which jurisdiction."""

    jurisdiction: Code


class NewDraft(StrictModel):
    """A draft to be made."""

    jurisdiction: Code
    title: Name
    from_edition: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Whose grids it begins with; those of the edition published last when absent"
    )


class EditionPath(StrictModel):
    """Which edition."""

    id: RowNumber


class EditionOut(BaseModel):
    """An edition."""

    id: int
    jurisdiction: str
    title: str
    status: Literal["draft", "published", "superseded", "withdrawn"]
    valid_from: datetime | None
    valid_to: datetime | None = Field(description="null: until further notice")
    source: str | None = Field(description="Where the boundaries came from")
    grids: int
    validated: bool = Field(description="Its grids were looked at as they stand now")
    errors: int = Field(description="Findings that keep it from being published")
    warnings: int
    recorded_at: datetime
    published_at: datetime | None
    base: int | None = Field(description="The edition it was drawn from")
    revision: int = Field(description="Of a draft: how many steps were done to it")
    note: str | None = Field(description="Why it is drawn, told to those who may read drafts; null: nothing is said")
    asked_by: str | None = Field(
        description="Of a draft: who asks for it to be put in force as it stands; null: nobody, or it was edited since"
    )


class EditionsOut(BaseModel):
    """Editions, the oldest first."""

    editions: list[EditionOut]


class FindingProperties(BaseModel):
    """One defect or remark."""

    rule: str
    severity: Literal["error", "warning"]
    grid_codes: list[str]
    message: str
    size: float | None
    unit: str | None


class FindingFeature(BaseModel):
    """A finding with its place."""

    type: Literal["Feature"]
    geometry: dict[str, Any] | None
    properties: FindingProperties


class FindingsOut(BaseModel):
    """Findings as GeoJSON, errors first."""

    type: Literal["FeatureCollection"]
    features: list[FindingFeature]


class GridFeature(BaseModel):
    """A grid as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]


class GridsGeoJson(BaseModel):
    """The grids of an edition."""

    type: Literal["FeatureCollection"]
    features: list[GridFeature]


def editions_blueprint(editions: EditionService, drafts: DraftService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("editions", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get("/editions", summary="Editions", responses={200: EditionsOut, **problem_responses(404)})
    @guard("read_grids")
    def every(query: EditionsQuery) -> Response:
        """List the editions of a jurisdiction, the oldest first."""
        return render(EditionsOut(editions=[edition_out(one) for one in editions.editions(query.jurisdiction)]))

    @blueprint.post(
        "/editions",
        summary="Make a draft",
        security=SECURITY,
        responses={201: EditionOut, **problem_responses(401, 403, 404, 413, 415)},
    )
    @guard("edit_boundaries")
    def make(body: NewDraft) -> Response:
        """Make a draft of the grids in force, or of those of an older edition: publishing it then reverts."""
        made = drafts.create(
            body.jurisdiction,
            title=body.title,
            from_edition=body.from_edition,
            actor=acting_in_body(body.jurisdiction).actor,
        )
        return render(edition_out(made), status=201, headers={"Location": f"/v1/editions/{made.id}", **etag(made)})

    @blueprint.get("/editions/<id>", summary="One edition", responses={200: EditionOut, **problem_responses(404)})
    @guard("read_grids")
    def one(path: EditionPath) -> Response:
        """Return an edition."""
        found = editions.edition(path.id)
        return render(edition_out(found), headers=etag(found))

    @blueprint.get(
        "/editions/<id>/findings", summary="Its findings", responses={200: FindingsOut, **problem_responses(404)}
    )
    @guard("read_grids")
    def findings(path: EditionPath) -> Response:
        """Return what the last validation found, as GeoJSON features with rule, severity, grids and size."""
        return render_bytes(findings_json(editions.findings(path.id)))

    @blueprint.get("/editions/<id>/grids", summary="Its grids", responses={200: GridsGeoJson, **problem_responses(404)})
    @guard("read_grids")
    def grids(path: EditionPath) -> Response:
        """Return the grids of an edition, a draft too, as GeoJSON at full precision."""
        edition, found = drafts.grids(path.id)
        collection = {"type": "FeatureCollection", "features": [grid_feature(grid) for grid in found]}
        return render_bytes(orjson.dumps(collection), headers=etag(edition))

    return blueprint


def findings_json(findings: Sequence[Finding]) -> bytes:
    """Return findings as GeoJSON, in their order."""
    return dumps({"type": "FeatureCollection", "features": [_feature(finding) for finding in findings]})


def edition_out(edition: Edition) -> EditionOut:
    """Return an edition as it is told to whoever asks."""
    may_read_drafts = permitted(current_identity(), Permission.READ_DRAFTS)
    return EditionOut(
        id=edition.id, jurisdiction=edition.jurisdiction_code, title=edition.title, status=edition.status,
        valid_from=edition.valid_from, valid_to=edition.valid_to, source=edition.source, grids=edition.grid_count,
        validated=edition.validated, errors=edition.error_count, warnings=edition.warning_count,
        recorded_at=edition.recorded_at, published_at=edition.published_at,
        base=edition.base_id, revision=edition.revision,
        note=edition.note if may_read_drafts else None, asked_by=edition.asked_by,
    )  # fmt: skip


def _feature(finding: Finding) -> dict[str, Any]:
    geometry = None
    if finding.geom is not None:
        rounded = shapely.set_precision(cut(finding.geom), 10**-GEOJSON_DECIMALS, mode="pointwise")
        geometry = orjson.loads(shapely.to_geojson(rounded))
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": FindingProperties(
            rule=finding.rule, severity=finding.severity, grid_codes=list(finding.grid_codes),
            message=finding.message, size=finding.size, unit=finding.unit,
        ).model_dump(),
    }  # fmt: skip


def grid_feature(grid: GridShape) -> dict[str, Any]:
    """Return a grid as GeoJSON, at full precision."""
    return {
        "type": "Feature",
        "id": grid.code,
        "geometry": None if grid.geom is None else orjson.loads(shapely.to_geojson(cut(grid.geom))),
        "properties": {
            "code": grid.code, "name": grid.name, "name_en": grid.name_en, "parent_code": grid.parent_code,
            "unowned_reason": grid.unowned_reason,
        },
    }  # fmt: skip
