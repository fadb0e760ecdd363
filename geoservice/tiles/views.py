"""Vector tiles and the documents that name them."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.auth.model import VISITORS, Role
from geoservice.auth.permissions import Permission, roles_with
from geoservice.errors import TileUnknown
from geoservice.services.tiles.service import TileService, tiled
from geoservice.services.visiting import VisitingService
from geoservice.web.guard import current_identity, guard
from geoservice.web.json import dumps
from geoservice.web.parsing import Code, Forbidden, Instant, InvalidInput, StrictModel, Unauthorised
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render_bytes, service_root
from geoservice.web.tile_answers import MEDIA_TYPE, answer_with, has_tag, may_read, tags_of, unchanged_headers
from tilegen.matrix import Tile, is_tile
from tilegen.tilejson import tilejson

_NUMBER = re.compile("0|[1-9][0-9]{0,15}", re.ASCII)
TAG = Tag(name="tiles", description="Mapbox vector tiles of layers, WebMercatorQuad")


class TileSetPath(StrictModel):
    """Which layer of which jurisdiction."""

    jurisdiction: Code
    layer: Code


class TileAddress(TileSetPath):
    """Which tile of which version."""

    version: Code
    z: Code
    x: Code
    y: Code


class TileSetQuery(StrictModel):
    """When."""

    at: Instant | None = Field(None, description="Of grids: those in force then; now when absent")


class VectorLayerOut(BaseModel):
    """A layer of the tiles."""

    id: str
    description: str
    minzoom: int
    maxzoom: int
    fields: dict[str, str]


class TileJsonOut(BaseModel):
    """TileJSON 3.0.0."""

    tilejson: str
    name: str
    description: str
    scheme: str
    tiles: list[str] = Field(description="The address of a tile, with {z}, {x} and {y}; it names the version in force")
    minzoom: int
    maxzoom: int
    bounds: list[float]
    center: list[float]
    vector_layers: list[VectorLayerOut]
    attribution: str | None = Field(None, description="Whom maps of it name, as HTML without tags; absent: nobody")


def tiles_blueprint(tiles: TileService, visiting: VisitingService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("tiles", __name__, url_prefix="/tiles", abp_tags=[TAG])

    def shared(path: TileAddress) -> bool:
        """Return whether caches between may keep a tile: a visitor is shown it, too."""
        return may_read(VISITORS[visiting.shown().by((path.jurisdiction,))], path.layer)

    @blueprint.get(
        "/<jurisdiction>/<layer>.json", summary="A tile set, as it is now",
        responses={200: TileJsonOut, **problem_responses(404)},
    )  # fmt: skip
    @guard("view_map")
    def tile_set(path: TileSetPath, query: TileSetQuery) -> Response:
        """Describe a layer's tiles as TileJSON 3.0.0. It holds all that was committed before it was asked for."""
        _may_read(path.layer)
        if query.at is not None and not tiled(path.layer)[0].bitemporal:
            said = "leave it out: of another instant only tiles of grids are drawn"
            raise InvalidInput([{"pointer": "at", "code": "not_here", "detail": said}])
        found = tiles.tile_set(path.jurisdiction, path.layer, at=query.at)
        address = f"{service_root()}tiles/{quote(path.jurisdiction)}/{path.layer}/{found.version}/{{z}}/{{x}}/{{y}}.mvt"
        return render_bytes(dumps(tilejson(found.layer, found.tiling, found.bbox, address, found.attribution)))

    @blueprint.get(
        "/<jurisdiction>/<layer>/<version>/<z>/<x>/<y>.mvt", summary="A tile",
        responses={
            200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
            204: None, 307: None, 308: None, **problem_responses(404),
        },
    )  # fmt: skip
    @guard("view_map")
    def tile(path: TileAddress) -> Response:
        """Give a Mapbox vector tile; 204 when nothing is there.

        A tile has the version of the change that touched it last. Asked for under a later one it is found at that
        address (308), so what a client keeps stays good; asked for under an earlier one, it was touched since (307).
        """
        _may_read(path.layer)
        version, asked = _numbers(path)
        gzip_read = request.accept_encodings["gzip"] > 0
        tag = tags_of(version)[0 if gzip_read else 1]
        # Only who was given the tile under its own version knows this tag of this address.
        if is_tile(*asked) and has_tag(request.headers.get("If-None-Match", ""), tag):
            return Response(status=304, headers=unchanged_headers(tag, shared=shared(path)))
        result = tiles.tile(path.jurisdiction, path.layer, version, asked)

        answer = answer_with(result, path.layer, version, asked, shared=shared(path))
        headers, body = answer.in_encoding(gzip_read=gzip_read)
        return Response(body, answer.status, headers)

    return blueprint


def _numbers(path: TileAddress) -> tuple[int, Tile]:
    """Return version and tile; raise TileUnknown: an address has one spelling."""
    parts = (path.version, path.z, path.x, path.y)
    if any(_NUMBER.fullmatch(part) is None for part in parts):
        raise TileUnknown(tile=f"{path.z}/{path.x}/{path.y}", version=path.version)
    version, *tile = map(int, parts)
    return version, Tile(*tile)


def _may_read(layer: str) -> None:
    """Raise LayerUnknown, Forbidden."""
    described, _ = tiled(layer)
    identity = current_identity()
    if not may_read(identity, layer):
        if identity.role is Role.PUBLIC:
            raise Unauthorised
        allowed = roles_with(Permission(described.read))
        raise Forbidden(role=identity.role.value, roles=", ".join(one.value for one in allowed))
