"""What is meant by a few words: /v1/search."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, BaseModel, Field

from geoservice.services.search import Found, SearchService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, DegreesCrs, QueryInteger, StrictModel, fit
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from geoservice.web.validation import with_query

TAG = Tag(name="search", description="What is meant by a few words")


class SearchQuery(StrictModel):
    """A few words, and where."""

    jurisdiction: Code
    q: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(fit)] = Field(
        description="A code, a name or a part of it, an address, the first digits of an incident's number, a call sign,"
        " or coordinates in degrees, longitude first"
    )
    crs: DegreesCrs | None = Field(None, description="Of coordinates; without it each that may be meant is answered")
    limit: Annotated[QueryInteger, Field(ge=1, le=20)] = Field(5, description="At most so many of each kind")


class FoundOut(BaseModel):
    """One of the things that may be meant."""

    kind: str = Field(description="A layer, as /v1/layers names it, or street, officer or position")
    id: str
    name: str
    name_en: str | None
    bbox: list[float] | None = Field(description="West, south, east, north, WGS 84; null: it is in no place today")
    grids: list[str] = Field(description="In which it is; of an officer those served today")
    address: str | None
    status: str | None = Field(description="Of an incident")
    crs: str | None = Field(description="Of a position: in which coordinates it was read")


class SearchOut(BaseModel):
    """What may be meant, by kind, what fits best first."""

    found: list[FoundOut]
    matched: dict[str, int] = Field(description="Of each kind how many there are, whether or not all are told")


def search_blueprint(searching: SearchService) -> APIBlueprint:
    """Return the route."""
    blueprint = APIBlueprint("search", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get("/search", summary="Search by words", responses={200: SearchOut, **problem_responses(401, 403, 404)})
    @guard("view_map")
    @with_query(SearchQuery)
    def search(query: SearchQuery) -> Response:
        """Find features by code, name or address, streets, incidents by number, officers by call sign, and coordinates.

        Of each layer only who may read it is told; of officers only staff. Coordinates are answered in WGS 84, read in
        each system that may be meant (`crs`), as nothing in a pair of numbers says which.
        """
        found = searching.search(
            query.jurisdiction, query.q, identity=current_identity(), crs=query.crs, limit=query.limit
        )
        return render(SearchOut(found=[_out(one) for one in found.found], matched=found.matched))

    return blueprint


def _out(one: Found) -> FoundOut:
    return FoundOut(
        kind=one.kind, id=one.id, name=one.name, name_en=one.name_en, bbox=None if one.bbox is None else list(one.bbox),
        grids=list(one.grids), address=one.address, status=one.status, crs=one.crs,
    )  # fmt: skip
