"""Changes of layers: /v1/changes. Who changed what, when, by which door; and undoing."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.readable import require_readable
from geoservice.services.layers.features import FeatureService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, QueryInteger, RowNumber, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.changes.model import Change, TouchedFeature, What

TAG = Tag(name="changes", description="What was changed in layers, and undoing it")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class ChangePath(StrictModel):
    """Which change."""

    change: RowNumber


class ChangesQuery(StrictModel):
    """Which changes."""

    jurisdiction: Code
    layer: Code | None = None
    before: RowNumber | None = Field(None, description="Those before this one; next gives it")
    limit: Annotated[QueryInteger, Field(ge=1, le=1000)] = 100


class TouchedFeaturesQuery(StrictModel):
    """Which features that a change touched."""

    jurisdiction: Code
    layer: Code = Field(description="One of those that the change counts")
    what: What | None = Field(None, description="added, changed or removed alone")
    offset: Annotated[QueryInteger, Field(ge=0, le=2**31)] = Field(0, description="Those after so many; next gives it")
    limit: Annotated[QueryInteger, Field(ge=1, le=1000)] = 100


class Nothing(StrictModel):
    """No fields: send {}."""


class ChangeCountOut(BaseModel):
    """What a change did to a layer in a jurisdiction."""

    layer: str
    jurisdiction: str
    added: int
    changed: int
    removed: int


class ChangeOut(BaseModel):
    """A transaction that changed layers."""

    id: int
    at: str
    actor: str
    door: str = Field(description="api, command, or sql: straight in the database")
    kind: str = Field(description="edit, import or undo")
    note: str | None = Field(description="Of an import: what was read")
    undoes: int | None = Field(description="The change that this one undid")
    undone_by: int | None = Field(description="The latest change that undid this one")
    counts: list[ChangeCountOut]


class ChangesOut(BaseModel):
    """Changes, the latest first."""

    changes: list[ChangeOut]
    next: int | None = Field(description="What to send as before; null: these are the first that were made")


class FieldChangeOut(BaseModel):
    """What a field was and became."""

    field: str = Field(description="A column of the layer; geom: its place")
    old: str | None = Field(description="As text; of a place null")
    new: str | None = Field(description="As text; of a place how far it moved, and how its area grew")


class TouchedFeatureOut(BaseModel):
    """What a change did to a feature."""

    key: str = Field(description="As the change left it")
    what: What
    fields: list[FieldChangeOut] = Field(description="Of features that were there before and after")


class TouchedFeaturesOut(BaseModel):
    """Features that a change touched: added, changed, removed, each by key."""

    change: ChangeOut
    added: int
    changed: int
    removed: int
    fields: dict[str, int] = Field(description="In how many features each field differs")
    features: list[TouchedFeatureOut]
    numberReturned: int  # noqa: N815  so OGC API Features calls it
    next: int | None = Field(description="What to send as offset; null: these are the last")


def changes_blueprint(features: FeatureService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("changes", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get("/changes", summary="Changes", responses={200: ChangesOut, **problem_responses(401, 403, 404)})
    @guard("read_changes")
    def changes(query: ChangesQuery) -> Response:
        """List changes of layers of a jurisdiction, the latest first."""
        found = features.changes(query.jurisdiction, layer_id=query.layer, before=query.before, limit=query.limit + 1)
        shown = found[: query.limit]
        more = shown[-1].id if len(found) > len(shown) else None
        return render(ChangesOut(changes=[change_out(one) for one in shown], next=more))

    @blueprint.get(
        "/changes/<change>/features",
        summary="What it changed",
        responses={200: TouchedFeaturesOut, **problem_responses(401, 403, 404)},
    )
    @guard("read_changes")
    def touched_features(path: ChangePath, query: TouchedFeaturesQuery) -> Response:
        """Tell of each feature of a layer that a change touched which fields differ, from what to what."""
        require_readable(query.layer)
        which = (query.jurisdiction, query.layer, path.change)
        counted = features.touched(*which, identity=current_identity())
        found = features.touched_features(
            *which, what=query.what, limit=query.limit + 1, offset=query.offset, identity=current_identity()
        )
        shown = found[: query.limit]
        return render(
            TouchedFeaturesOut(
                change=change_out(features.change(path.change)), **vars(counted),
                features=[_touched_feature(one) for one in shown], numberReturned=len(shown),
                next=query.offset + len(shown) if len(found) > len(shown) else None,
            )
        )  # fmt: skip

    @blueprint.post(
        "/changes/<change>/undo",
        summary="Undo",
        responses={200: ChangeOut, **problem_responses(401, 403, 404, 409, 413, 415)},
    )
    @guard("undo_changes")
    def undo(path: ChangePath, body: Nothing) -> Response:
        """Undo a change as a whole; refused while others have changed since what it touched."""
        return render(change_out(features.undo(path.change, actor=current_identity().actor, door="api")))

    return blueprint


def _touched_feature(touched: TouchedFeature) -> TouchedFeatureOut:
    fields = [FieldChangeOut(**one._asdict()) for one in touched.change.fields]
    return TouchedFeatureOut(key=touched.change.key, what=touched.what, fields=fields)


def change_out(change: Change) -> ChangeOut:
    """Return a change as it is told."""
    return ChangeOut(
        id=change.id, at=change.at.isoformat(), actor=change.actor, door=change.door, kind=change.kind,
        note=change.note, undoes=change.undoes, undone_by=change.undone_by,
        counts=[ChangeCountOut(**one._asdict()) for one in change.counts],
    )  # fmt: skip
