"""Which grid owns a place: /v1/owner and /v1/owner/batch."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from flask_openapi3.models import Schema
from pydantic import BaseModel, ConfigDict, Field

from geoservice.api.answers import Method, OwnerOut, age_header, owner_out
from geoservice.api.batch.answering import FORMS, MAX_ROWS_PUBLIC, answer_stream, limited
from geoservice.api.batch.rows import columns_of, told
from geoservice.services.ownership import OwnershipService
from geoservice.web.guard import current_identity, guard
from geoservice.web.json import dumps
from geoservice.web.parsing import (
    AccuracyM,
    Code,
    Crs,
    DegreesCrs,
    Instant,
    InvalidInput,
    QueryNumber,
    StrictModel,
    place_of,
)
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render_bytes
from geoservice.web.streaming import streams
from geoservice.web.validation import validated, with_query

#: How the forms other than JSON are documented: in and out.
OTHER_FORMS = {name: {"schema": {"type": "string", "format": "binary"}} for name in FORMS}
TAG = Tag(name="ownership", description="Which grid owns a place")


class OwnerQuery(StrictModel):
    """A place, an instant, an accuracy."""

    lon: QueryNumber | None = Field(None, description="Longitude in degrees, WGS 84")
    lat: QueryNumber | None = Field(None, description="Latitude in degrees, WGS 84")
    x: QueryNumber | None = Field(None, description="Easting or longitude in `crs`")
    y: QueryNumber | None = Field(None, description="Northing or latitude in `crs`")
    crs: Crs | None = None
    at: Instant | None = Field(None, description="Ask the edition valid then; now when absent")
    known_at: Instant | None = Field(None, description="As it was known then, before later corrections")
    accuracy_m: Annotated[QueryNumber, Field(ge=0, le=1000)] | None = Field(
        None, description="The sender's error in metres; the jurisdiction's default when absent"
    )
    jurisdiction: Code | None = Field(None, description="Ask this jurisdiction only")


class BatchBody(StrictModel):
    """Many places, answered in order."""

    positions: list[object] = Field(
        description="[lon, lat] pairs, WGS 84 unless `crs` says otherwise",
        json_schema_extra={
            "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            "maxItems": MAX_ROWS_PUBLIC,
        },
    )
    at: Instant | None = None
    accuracy_m: AccuracyM | None = None
    jurisdiction: Code | None = None
    crs: DegreesCrs | None = None


class BatchQuery(StrictModel):
    """What is asked, where the body is nothing but positions."""

    at: Instant | None = Field(None, description="Ask the edition valid then; now when absent")
    accuracy_m: Annotated[QueryNumber, Field(ge=0, le=1000)] | None = Field(
        None, description="The senders' error in metres; the jurisdiction's default when absent"
    )
    jurisdiction: Code | None = Field(None, description="Ask this jurisdiction only")
    crs: DegreesCrs | None = None


class BatchResult(BaseModel):
    """The answer for one place, or what is wrong with it."""

    grid_code: str | None
    method: Method | None
    near_border: bool | None
    edition: int | None
    unowned_reason: str | None = Field(description="Why nobody owns it, where the edition leaves the place to nobody")
    problem: str | None = Field(None, description="Why this row has no answer; absent from good rows")


class BatchOut(BaseModel):
    """Answers in the order of the positions."""

    model_config = ConfigDict(openapi_extra={"content": OTHER_FORMS})  # type: ignore[typeddict-unknown-key]

    results: list[BatchResult]
    as_of: datetime = Field(description="When the database last confirmed this; old only while it does not answer")


def ownership_blueprint(ownership: OwnershipService) -> APIBlueprint:
    """Return the look-up routes."""
    blueprint = APIBlueprint("ownership", __name__, url_prefix="/v1", abp_tags=[TAG])
    blueprint.components_schemas["BatchBody"] = Schema(**BatchBody.model_json_schema())

    @blueprint.get("/owner", summary="The owner of a place", responses={200: OwnerOut, **problem_responses(404)})
    @guard("look_up_owner")
    @with_query(OwnerQuery)
    def owner(query: OwnerQuery) -> Response:
        """Say which one grid owns a place, how that was found, and who serves there."""
        try:
            place = place_of(query.lon, query.lat, query.x, query.y, query.crs)
        except ValueError as exc:
            raise InvalidInput([{"pointer": "lon, lat", "code": "missing", "detail": str(exc)}]) from exc
        answer = ownership.owner_of(
            place, at=query.at, accuracy_m=query.accuracy_m, jurisdiction_code=query.jurisdiction,
            known_at=query.known_at,
        )  # fmt: skip
        return render_bytes(dumps(owner_out(answer)), headers=dict([age_header(answer.age_s)]))

    @blueprint.post(
        "/owner/batch",
        summary="The owners of many places",
        responses={200: BatchOut, **problem_responses(404, 408, 413, 415)},
        openapi_extensions={"requestBody": {"required": True, "content": _bodies()}},
    )
    @guard("look_up_owner")
    @streams(*FORMS)
    def owner_batch(query: BatchQuery) -> Response:
        """Answer many places in their order; a row that is no position says so in its place.

        10,000 places for anybody; 1,000,000 with a key, as CSV, NDJSON or an Arrow IPC stream. Forms other than JSON
        come back in their own form, and take `at`, `accuracy_m`, `jurisdiction` and `crs` from the address. Each row
        gets grid_code, method, near_border, edition, unowned_reason (why nobody owns ground that is left to nobody) and
        problem.

        CSV is read as `geoservice assign` reads a file: UTF-8, columns separated by commas, semicolons or tabs and
        called lon and lat, 经度 and 纬度 or the like; decimal commas where commas do not separate. Fields missing at
        the end of a row are empty, a surplus one is an error. Rows come back byte for byte, a byte order mark, a `sep=`
        line and empty lines left out; lines end in newlines.

        Rows of NDJSON and GeoJSON come back as JSON says them: whole numbers of more than 64 bits as the nearest
        double, fields with the names of an answer with the answer, a `problem` of an older answer not at all. A line of
        NDJSON has at most 65,536 bytes; one that is no JSON says so in its place. Send files with `--data-binary` of
        curl.
        """
        if request.mimetype in FORMS:
            lookup = ownership.bulk_lookup(
                at=query.at, accuracy_m=query.accuracy_m, jurisdiction_code=query.jurisdiction
            )
            return answer_stream(request.mimetype, lookup, current_identity(), query.crs)
        return _answer_json(ownership, query, validated(BatchBody, request.get_json()))

    return blueprint


def _bodies() -> dict[str, Any]:
    """Return how the bodies of a batch are documented."""
    return {"application/json": {"schema": {"$ref": "#/components/schemas/BatchBody"}}} | OTHER_FORMS


def _answer_json(ownership: OwnershipService, query: BatchQuery, body: BatchBody) -> Response:
    accuracy_m = query.accuracy_m if body.accuracy_m is None else body.accuracy_m
    lookup = ownership.bulk_lookup(
        at=body.at or query.at, accuracy_m=accuracy_m, jurisdiction_code=body.jurisdiction or query.jurisdiction
    )
    positions = columns_of([row if isinstance(row, list) else None for row in body.positions])
    results = told(positions, limited(lookup, MAX_ROWS_PUBLIC, body.crs or query.crs)).each()
    return render_bytes(dumps({"results": results, "as_of": lookup.as_of}), headers=dict([age_header(lookup.age_s)]))
