"""What editions partition, under /v1/editions/{id}; the outline of a day, /v1/jurisdictions/{code}/outline."""

from __future__ import annotations

from typing import Any, Literal

import orjson
import shapely
from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.drafts import area_of
from geoservice.api.editions import EditionPath
from geoservice.api.jurisdictions import JurisdictionPath
from geoservice.reading.file_errors import OutlineNotValid
from geoservice.services.drafting.outlines import OutlineService, OutlineView
from geoservice.services.viewing import ViewingService
from geoservice.web.guard import current_identity, guard
from geoservice.web.json import dumps
from geoservice.web.parsing import Instant, InvalidInput, Name, StrictModel
from geoservice.web.preconditions import etag, stated_revision
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render_bytes
from layers.antimeridian import cut

TAG = Tag(name="outlines", description="The ground that the grids of an edition partition")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
REFUSALS = problem_responses(401, 403, 404, 409, 412, 413, 415, 428)


class OutlineBody(StrictModel):
    """Another outline."""

    geometry: dict[str, Any] = Field(description="GeoJSON Polygon or MultiPolygon, WGS 84")
    reason: Name | None = Field(None, description="Why; without it somebody must confirm it before it is published")


class ConfirmBody(StrictModel):
    """Why the outline is another one than before."""

    reason: Name = Field(description="It is kept with the edition and told by every later look")


class AtQuery(StrictModel):
    """Of which instant."""

    at: Instant | None = Field(None, description="Now when absent")


class OutlineProperties(BaseModel):
    """What an outline changes."""

    edition: int
    as_before: bool = Field(description="It is that of the edition it was drawn from, to the vertex")
    gained_m2: float = Field(description="Ground that falls in")
    lost_m2: float = Field(description="Ground that falls out")
    reason: str | None = Field(description="Why it is another one; null: it is not, or nobody confirmed it")
    confirmed_by: str | None


class OutlineFeature(BaseModel):
    """An outline as GeoJSON, at full precision."""

    type: Literal["Feature"]
    geometry: dict[str, Any]
    properties: OutlineProperties


class JurisdictionOutlineProperties(BaseModel):
    """Whose outline it is."""

    jurisdiction: str


class JurisdictionOutlineFeature(BaseModel):
    """The outline of a jurisdiction as GeoJSON, at full precision."""

    type: Literal["Feature"]
    geometry: dict[str, Any]
    properties: JurisdictionOutlineProperties


def outlines_blueprint(outlines: OutlineService, viewing: ViewingService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("outlines", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get(
        "/editions/<id>/outline", summary="Its outline", responses={200: OutlineFeature, **problem_responses(404)}
    )
    @guard("read_grids")
    def one(path: EditionPath) -> Response:
        """Return what the grids of an edition partition, and how it differs from the outline before."""
        return _feature(outlines.look(path.id))

    @blueprint.put(
        "/editions/<id>/outline", summary="Give a draft an outline", security=SECURITY,
        responses={200: OutlineFeature, **REFUSALS},
    )  # fmt: skip
    @guard("edit_boundaries")
    def put(path: EditionPath, body: OutlineBody) -> Response:
        """Give a draft another outline, as one step; gaps and spills along it are for the gate to find."""
        outline = area_of(body.geometry)
        try:
            view = outlines.put(path.id, outline, reason=body.reason, revision=stated_revision(path.id), actor=_actor())
        except OutlineNotValid as exc:
            raise InvalidInput([{"pointer": "#/geometry", "code": "geometry", "detail": str(exc)}]) from exc
        return _feature(view)

    @blueprint.post(
        "/editions/<id>/confirm-outline", summary="Confirm its outline", security=SECURITY,
        responses={200: OutlineFeature, **REFUSALS},
    )  # fmt: skip
    @guard("publish_boundaries")
    def confirm(path: EditionPath, body: ConfirmBody) -> Response:
        """Say why a draft has another outline than the one before; 409 when it has not."""
        return _feature(outlines.confirm(path.id, body.reason, revision=stated_revision(path.id), actor=_actor()))

    @blueprint.get(
        "/jurisdictions/<jurisdiction>/outline", summary="Outline of a jurisdiction",
        responses={200: JurisdictionOutlineFeature, **problem_responses(404)},
    )  # fmt: skip
    @guard("read_grids")
    def of_jurisdiction(path: JurisdictionPath, query: AtQuery) -> Response:
        """Return the outline of a jurisdiction at an instant."""
        geometry = shapely.to_geojson(viewing.outline(path.jurisdiction, at=query.at))
        feature = {
            "type": "Feature", "geometry": orjson.loads(geometry), "properties": {"jurisdiction": path.jurisdiction},
        }  # fmt: skip
        return render_bytes(dumps(feature))

    return blueprint


def outline_properties(view: OutlineView) -> dict[str, Any]:
    """Return what an outline changes, as it is told."""
    return {
        "edition": view.edition.id, "as_before": view.outline.is_as_before,
        "gained_m2": round(view.change.gained_m2, 3), "lost_m2": round(view.change.lost_m2, 3),
        "reason": view.outline.reason, "confirmed_by": view.outline.confirmed_by,
    }  # fmt: skip


def _feature(view: OutlineView) -> Response:
    geometry = orjson.loads(shapely.to_geojson(cut(view.outline.outline)))
    feature = {"type": "Feature", "geometry": geometry, "properties": outline_properties(view)}
    return render_bytes(dumps(feature), headers=etag(view.edition))


def _actor() -> str:
    return current_identity().actor
