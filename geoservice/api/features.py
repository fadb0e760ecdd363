"""Features of layers: /v1/layers/{layer}/features. Read as of an instant, written one by one, with their history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.changes import ChangeOut, change_out
from geoservice.api.layers import LayerPath
from geoservice.api.readable import require_readable
from geoservice.services.layers.features import FeatureEdit, FeatureService
from geoservice.services.layers.staging import written_layer
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Instant, QueryInteger, StrictModel
from geoservice.web.preconditions import etag_of_feature, stated_changes
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render, render_bytes
from geoservice.web.shapes import shape_of
from layers.changes.model import Version

TAG = Tag(name="features", description="Features of layers: as they are and were, written one by one")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
REFUSALS = problem_responses(401, 403, 404, 412, 413, 415)


class FeaturePath(LayerPath):
    """Which feature of which layer."""

    key: Code


class JurisdictionQuery(StrictModel):
    """Whose."""

    jurisdiction: Code


class FeaturesQuery(JurisdictionQuery):
    """Which features."""

    at: Instant | None = Field(None, description="As they were then; now by default")
    after: Code | None = Field(None, description="Those whose key comes after this one; next gives it")
    limit: Annotated[QueryInteger, Field(ge=1, le=10_000)] = 1000


class FeatureQuery(JurisdictionQuery):
    """As of when."""

    at: Instant | None = Field(None, description="As it was then; now by default")


class FeatureBody(StrictModel):
    """How a feature is to be; properties that are left out stay as they are."""

    properties: dict[str, Any] = Field(default={}, description="By column, as /v1/layers/{layer} describes them")
    geometry: dict[str, Any] | None = Field(
        None, description="GeoJSON, WGS 84. Left out: as it is, or where its building is"
    )
    building: Code | None = Field(None, description="The building that it stands in, in place of a geometry")


class FeatureOut(BaseModel):
    """A feature of a layer, GeoJSON; ETag is its state."""

    type: str = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any] = Field(description="By column; grid_code is the grid that owned it at that instant")


class FeaturesOut(BaseModel):
    """Features of a layer by key, GeoJSON."""

    type: str = "FeatureCollection"
    features: list[FeatureOut]
    numberReturned: int  # noqa: N815  so OGC API Features calls it
    next: str | None = Field(description="What to send as after; null: these are the last")


class EditOut(BaseModel):
    """What became of it."""

    change: ChangeOut | None = Field(description="null: it was so already")


class VersionOut(BaseModel):
    """What a feature was from an instant until another."""

    since: str
    until: str | None = Field(description="null: it still is")
    made_by: ChangeOut | None = Field(description="null: it is older than its history")
    ended_by: ChangeOut | None
    geometry: dict[str, Any]
    properties: dict[str, Any]


class HistoryOut(BaseModel):
    """What a feature has been, the latest first."""

    versions: list[VersionOut]


def features_blueprint(features: FeatureService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("features", __name__, url_prefix="/v1/layers", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get("/<layer>/features", summary="Many", responses={200: FeaturesOut, **REFUSALS})
    @guard("view_map")
    def many(path: LayerPath, query: FeaturesQuery) -> Response:
        """List features by key, as they were at an instant; of single households an officer sees those of his grids."""
        require_readable(path.layer)
        found = features.features(
            query.jurisdiction, path.layer, at=query.at, after=query.after, limit=query.limit + 1,
            identity=current_identity(),
        )  # fmt: skip
        shown = found[: query.limit]
        after = shown[-1]["code"] if len(found) > len(shown) else None
        told = [_feature(one) for one in shown]
        return render(FeaturesOut(features=told, numberReturned=len(told), next=after))

    @blueprint.get("/<layer>/features/<key:key>", summary="One", responses={200: FeatureOut, **REFUSALS})
    @guard("view_map")
    def one(path: FeaturePath, query: FeatureQuery) -> Response:
        """Return a feature as it was at an instant."""
        require_readable(path.layer)
        found = features.feature(query.jurisdiction, path.layer, path.key, at=query.at, identity=current_identity())
        return render_bytes(orjson.dumps(_feature(found).model_dump()), headers=etag_of_feature(found["change_id"]))

    @blueprint.get("/<layer>/features/<key:key>/history", summary="History", responses={200: HistoryOut, **REFUSALS})
    @guard("read_changes")
    def history(path: FeaturePath, query: JurisdictionQuery) -> Response:
        """Tell what a feature has been, the latest first: who made it so, when, by which door."""
        require_readable(path.layer)
        found = features.history(query.jurisdiction, path.layer, path.key, identity=current_identity())
        return render(HistoryOut(versions=[_version(one) for one in found]))

    @blueprint.put("/<layer>/features/<key:key>", summary="Write", responses={200: EditOut, **REFUSALS})
    @guard("edit_features")
    def put(path: FeaturePath, query: JurisdictionQuery, body: FeatureBody) -> Response:
        """Write a feature, new or changed. An officer writes what stands in his grids. If-Match is honoured."""
        if written_layer(path.layer).personal:
            require_readable(path.layer)  # what is written is compared with what is there
        place = None if body.geometry is None else shape_of(body.geometry)
        edit = FeatureEdit(body.properties, place, body.building, stated_changes())
        written = features.put(query.jurisdiction, path.layer, path.key, edit, identity=current_identity(), door="api")
        told = EditOut(change=None if written.change is None else change_out(written.change))
        return render(told, headers=etag_of_feature(written.state))

    @blueprint.delete("/<layer>/features/<key:key>", summary="Remove", responses={200: EditOut, **REFUSALS})
    @guard("edit_features")
    def remove(path: FeaturePath, query: JurisdictionQuery) -> Response:
        """Remove a feature; its history stays. If-Match is honoured."""
        if written_layer(path.layer).personal:
            require_readable(path.layer)
        change = features.remove(
            query.jurisdiction, path.layer, path.key, seen=stated_changes(), identity=current_identity(), door="api"
        )
        return render(EditOut(change=change_out(change)))

    return blueprint


def _feature(found: Mapping[str, Any]) -> FeatureOut:
    told = {name: value for name, value in found.items() if name not in ("geometry", "change_id")}
    return FeatureOut(id=found["code"], geometry=orjson.loads(found["geometry"]), properties=told)


def _version(version: Version) -> VersionOut:
    return VersionOut(
        since=version.since.isoformat(), until=None if version.until is None else version.until.isoformat(),
        made_by=None if version.made_by is None else change_out(version.made_by),
        ended_by=None if version.ended_by is None else change_out(version.ended_by),
        geometry=orjson.loads(version.geometry), properties=dict(version.values),
    )  # fmt: skip
