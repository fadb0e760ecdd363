"""The grids in force: /v1/grids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.answers import OfficerOut
from geoservice.api.feature_models import feature_model
from geoservice.services.grids import GridDetail, GridService
from geoservice.web.guard import guard
from geoservice.web.parsing import Code, Instant, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.grids.layer import GRIDS
from layers.grids.territory import Kin

TAG = Tag(name="grids", description="The cells of a jurisdiction's partition")


class GridPath(StrictModel):
    """Which grid."""

    code: Code


class GridQuery(StrictModel):
    """Of which jurisdiction, and when."""

    jurisdiction: Code
    at: Instant | None = Field(None, description="In force then; now when absent")
    known_at: Instant | None = Field(None, description="As it was known then, before later corrections")


class NeighboursQuery(StrictModel):
    """Of which jurisdiction, and when."""

    jurisdiction: Code
    at: Instant | None = Field(None, description="In force then; now when absent")


class HistoryQuery(StrictModel):
    """Of which jurisdiction."""

    jurisdiction: Code


class FeatureBase(BaseModel):
    """What every feature has beside its columns."""

    bbox: list[float] = Field(description="West, south, east, north, WGS 84")


#: A grid with the period in which it is or was in force, by the columns of its layer.
GridOut = feature_model("GridOut", GRIDS, base=FeatureBase)


class GridsOut(BaseModel):
    """Grids by code, or periods by time."""

    grids: list[GridOut]  # type: ignore[valid-type]


class LineageOut(BaseModel):
    """One grid that came from another."""

    edition: int
    valid_from: datetime
    predecessor: str
    successor: str
    kind: Kin


class GridHistoryOut(GridsOut):
    """Every period of a code, and what it came from and what came from it."""

    lineage: list[LineageOut]


class GridDetailOut(GridOut):  # type: ignore[misc, valid-type]
    """A grid with its shape and who serves it."""

    geometry: dict[str, Any] = Field(description="GeoJSON MultiPolygon, WGS 84")
    officers: list[OfficerOut]


class NeighbourOut(BaseModel):
    """A touching grid."""

    code: str
    shared_border_m: float = Field(description="0 when they meet in a corner only")


class NeighboursOut(BaseModel):
    """The grids that touch a grid."""

    neighbours: list[NeighbourOut]


def grids_blueprint(grids: GridService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("grids", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get("/grids", summary="The grids in force", responses={200: GridsOut, **problem_responses(404)})
    @guard("read_grids")
    def in_force(query: GridQuery) -> Response:
        """List the grids of a jurisdiction that are in force at an instant."""
        found = grids.grids(query.jurisdiction, at=query.at, known_at=query.known_at)
        return render(GridsOut(grids=[GridOut(**one) for one in found]))

    @blueprint.get("/grids/<code>", summary="One grid", responses={200: GridDetailOut, **problem_responses(404)})
    @guard("read_grids")
    def one(path: GridPath, query: GridQuery) -> Response:
        """Return a grid in force with its shape and officers."""
        return render(_detail_out(grids.grid(query.jurisdiction, path.code, at=query.at, known_at=query.known_at)))

    @blueprint.get(
        "/grids/<code>/history", summary="All its periods", responses={200: GridHistoryOut, **problem_responses(404)}
    )
    @guard("read_grids")
    def history(path: GridPath, query: HistoryQuery) -> Response:
        """List every period in which a code was in force, the oldest first."""
        found = grids.history(query.jurisdiction, path.code)
        kin = [
            LineageOut(edition=one.edition_id, valid_from=one.valid_from, predecessor=one.predecessor_code,
                   successor=one.successor_code, kind=one.kind)
            for one in found.lineage
        ]  # fmt: skip
        return render(GridHistoryOut(grids=[GridOut(**period) for period in found.periods], lineage=kin))

    @blueprint.get(
        "/grids/<code>/neighbours", summary="Touching grids", responses={200: NeighboursOut, **problem_responses(404)}
    )
    @guard("read_grids")
    def neighbours(path: GridPath, query: NeighboursQuery) -> Response:
        """List the grids that touch a grid, with the length of border they share."""
        found = grids.neighbours(query.jurisdiction, path.code, at=query.at)
        return render(
            NeighboursOut(neighbours=[NeighbourOut(code=code, shared_border_m=round(m, 2)) for code, m in found])
        )

    return blueprint


def _detail_out(detail: GridDetail) -> GridDetailOut:
    return GridDetailOut(
        **detail.grid,
        geometry=orjson.loads(detail.geometry),
        officers=[OfficerOut(code=o.code, call_sign=o.call_sign, role=o.role) for o in detail.officers],
    )
