"""What layers there are: /v1/layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.auth.permissions import Permission, permitted
from geoservice.errors import LayerUnknown
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.catalogue import catalogue
from layers.layer import Assignment, Column, Layer
from layers.title import Title

TAG = Tag(name="layers", description="Kinds of features, described for machines")


class LayerPath(StrictModel):
    """Which layer."""

    layer: Code


class TitleOut(BaseModel):
    """A text in the languages of the service."""

    zh: str
    en: str
    bo: str | None = Field(description="null: not known")


class ColumnOut(BaseModel):
    """A property of a layer's features."""

    name: str
    type: str
    title: TitleOut
    unit: str | None
    nullable: bool
    codes: dict[str, TitleOut] = Field(description="The values that it may have; empty where they are not codes")


class LayerOut(BaseModel):
    """A kind of feature."""

    id: str
    title: TitleOut
    description: TitleOut
    geometry: str = Field(description="As PostGIS names it; Geometry is lines and areas in one layer. WGS 84")
    key: str = Field(description="The column that names a feature within its jurisdiction")
    columns: list[ColumnOut]
    assignment: str | None = Field(
        description=f"By which rule a grid owns its features: {', '.join(get_args(Assignment))}; null: none does"
    )
    aggregated: bool = Field(description="Counts of people at a place; single rows are for whoever keeps them")


class LayersOut(BaseModel):
    """The layers that whoever asks may read."""

    layers: list[LayerOut]


def layers_blueprint() -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("layers", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get("/layers", summary="All layers", responses={200: LayersOut, **problem_responses()})
    @guard("view_map")
    def all_layers() -> Response:
        """List the layers that whoever asks may read, by id."""
        return render(LayersOut(layers=[_layer_out(layer) for layer in _readable().values()]))

    @blueprint.get("/layers/<layer>", summary="One layer", responses={200: LayerOut, **problem_responses(404)})
    @guard("view_map")
    def one(path: LayerPath) -> Response:
        """Describe a layer."""
        found = _readable().get(path.layer)
        if found is None:
            raise LayerUnknown(layer=path.layer)
        return render(_layer_out(found))

    return blueprint


def _readable() -> Mapping[str, Layer]:
    identity = current_identity()
    return {id_: layer for id_, layer in catalogue().items() if permitted(identity, Permission(layer.read))}


def _layer_out(layer: Layer) -> LayerOut:
    return LayerOut(
        id=layer.id, title=_title_out(layer.title), description=_title_out(layer.description),
        geometry=layer.geometry, key=layer.key, columns=[_column_out(column) for column in layer.columns],
        assignment=layer.assignment, aggregated=layer.personal,
    )  # fmt: skip


def _column_out(column: Column) -> ColumnOut:
    return ColumnOut(
        name=column.name, type=column.type, title=_title_out(column.title), unit=column.unit,
        nullable=column.nullable, codes={value: _title_out(title) for value, title in column.codes.items()},
    )  # fmt: skip


def _title_out(title: Title) -> TitleOut:
    return TitleOut(**title._asdict())
