"""Which grid owns a place: /v1/owner and /v1/owner/batch."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.ownership import OwnerAnswer, OwnershipService
from geoservice.web.guard import guard
from geoservice.web.parsing import AccuracyM, Code, Crs, Instant, InvalidInput, QueryNumber, StrictModel, place_of
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.crs import Position, is_on_earth
from layers.grids.ownership import Ownership

TAG = Tag(name="ownership", description="Which grid owns a place")
#: Positions in one request; 10,000 are answered in well under the statement time limit.
MAX_BATCH = 10_000

Method = Literal["covers", "nearest", "building", "manual", "none"]


class OwnerQuery(StrictModel):
    """A place, an instant, an accuracy."""

    lon: QueryNumber | None = Field(None, description="Longitude in degrees, WGS 84")
    lat: QueryNumber | None = Field(None, description="Latitude in degrees, WGS 84")
    x: QueryNumber | None = Field(None, description="Easting or longitude in `crs`")
    y: QueryNumber | None = Field(None, description="Northing or latitude in `crs`")
    crs: Crs | None = None
    at: Instant | None = Field(None, description="Ask the edition valid then; now when absent")
    accuracy_m: Annotated[QueryNumber, Field(ge=0, le=1000)] | None = Field(
        None, description="The sender's error in metres; the jurisdiction's default when absent"
    )
    jurisdiction: Code | None = Field(None, description="Ask this jurisdiction only")


class GridName(BaseModel):
    """A grid by code and name."""

    code: str
    name: str


class CandidateOut(BaseModel):
    """A grid near enough to be meant."""

    grid_code: str
    distance_m: float


class OfficerOut(BaseModel):
    """Who serves the grid on that day; a call sign, never a name."""

    code: str
    call_sign: str
    role: str


class OwnerOut(BaseModel):
    """Which grid owns the place, and how that was found."""

    grid: GridName | None
    method: Method
    edition: int | None
    distance_to_border_m: float | None = Field(description="To the nearest border; null when none lies within reach")
    near_border: bool = Field(description="The border is nearer than the accuracy: see the candidates")
    candidates: list[CandidateOut]
    officers: list[OfficerOut]
    position: list[float] = Field(description="[lon, lat] as looked up, WGS 84")


class BatchBody(StrictModel):
    """Many places, answered in order."""

    positions: list[object] = Field(
        max_length=MAX_BATCH,
        description="[lon, lat] pairs, WGS 84",
        json_schema_extra={
            "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        },
    )
    at: Instant | None = None
    accuracy_m: AccuracyM | None = None
    jurisdiction: Code | None = None


class BatchResult(BaseModel):
    """The answer for one place, or what is wrong with it."""

    grid_code: str | None
    method: Method | None
    near_border: bool | None
    problem: str | None = Field(None, description="Why this row has no answer; absent from good rows")


class BatchOut(BaseModel):
    """Answers in the order of the positions."""

    results: list[BatchResult]


def ownership_blueprint(ownership: OwnershipService) -> APIBlueprint:
    """Return the look-up routes."""
    blueprint = APIBlueprint("ownership", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get("/owner", summary="The owner of a place", responses={200: OwnerOut, **problem_responses(404)})
    @guard("look_up_owner")
    def owner(query: OwnerQuery) -> Response:
        """Say which one grid owns a place, how that was found, and who serves there."""
        try:
            place = place_of(query.lon, query.lat, query.x, query.y, query.crs)
        except ValueError as exc:
            raise InvalidInput([{"pointer": "lon, lat", "code": "missing", "detail": str(exc)}]) from exc
        answer = ownership.owner_of(
            place, at=query.at, accuracy_m=query.accuracy_m, jurisdiction_code=query.jurisdiction
        )
        return render(_owner_out(answer))

    @blueprint.post(
        "/owner/batch",
        summary="The owners of many places",
        responses={200: BatchOut, **problem_responses(404, 413, 415)},
    )
    @guard("look_up_owner")
    def owner_batch(body: BatchBody) -> Response:
        """Answer up to 10,000 places in their order; a row that is no position says so in its place."""
        rows = [_position(row) for row in body.positions]
        answers = iter(
            ownership.owners_of(
                [row for row in rows if row is not None], at=body.at, accuracy_m=body.accuracy_m,
                jurisdiction_code=body.jurisdiction,
            )
        )  # fmt: skip
        return render(BatchOut(results=[_BAD_ROW if row is None else _result(next(answers)) for row in rows]))

    return blueprint


_BAD_ROW = BatchResult(
    grid_code=None, method=None, near_border=None, problem="Give [lon, lat]: -180 to 180, -90 to 90, in this order."
)


def _position(row: object) -> Position | None:
    match row:
        case [int() | float() as lon, int() | float() as lat] if not isinstance(lon, bool) and not isinstance(
            lat, bool
        ):
            return Position(float(lon), float(lat)) if is_on_earth(lon, lat) else None
    return None


def _result(ownership: Ownership) -> BatchResult:
    return BatchResult.model_construct(
        grid_code=ownership.grid_code, method=ownership.method, near_border=ownership.near_border, problem=None
    )


def _owner_out(answer: OwnerAnswer) -> OwnerOut:
    found = answer.ownership
    return OwnerOut(
        grid=None if found.grid_code is None else GridName(code=found.grid_code, name=found.grid_name or ""),
        method=found.method,  # type: ignore[arg-type]
        edition=found.edition_id,
        distance_to_border_m=None if found.distance_to_border_m is None else round(found.distance_to_border_m, 3),
        near_border=found.near_border,
        candidates=[CandidateOut(grid_code=c.grid_code, distance_m=c.distance_m) for c in found.candidates],
        officers=[OfficerOut(code=o.code, call_sign=o.call_sign, role=o.role) for o in answer.officers],
        position=[round(answer.place.position.lon, 7), round(answer.place.position.lat, 7)],
    )
