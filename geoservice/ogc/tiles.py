"""The routes of OGC API Tiles: the tiles of /tiles without a version in the address, with what is told of them."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from geoservice.errors import LayerUnknown, TileUnknown
from geoservice.ogc import tile_sets
from geoservice.ogc.answers import answer
from geoservice.ogc.links import language
from geoservice.ogc.parameters import TILE_FORMS, require_known
from geoservice.ogc.tile_sets import QUAD
from geoservice.ogc.wording import word
from geoservice.services.layers.items import Collection, ItemService
from geoservice.services.tiles.service import TileService, TileSet, tiled
from geoservice.web.guard import current_identity, guard
from geoservice.web.tile_answers import answer_with, has_tag, may_read, tags_of, unchanged_headers
from layers.catalogue import catalogue
from tilegen.matrix import Tile, is_tile, limits_of
from tilegen.tilejson import lowest_zoom

_NUMBER = re.compile("0|[1-9][0-9]{0,9}", re.ASCII)


def add_tiles(blueprint: Blueprint, items: ItemService, tiles: TileService) -> None:
    """Add the routes."""
    _about_matrices(blueprint, items)
    _about_tilesets(blueprint, items, tiles)
    _tiles(blueprint, items, tiles)


def _about_matrices(blueprint: Blueprint, items: ItemService) -> None:
    @blueprint.get("/<jurisdiction>/tileMatrixSets")
    @guard("view_map")
    def tile_matrix_sets(jurisdiction: str) -> Response:
        require_known()
        told = tile_sets.tile_matrix_sets(items.jurisdiction(jurisdiction).code)
        return answer(told, title=word("tile_matrix_sets", language()))

    @blueprint.get(f"/<jurisdiction>/tileMatrixSets/{QUAD}")
    @guard("view_map")
    def tile_matrix_set(jurisdiction: str) -> Response:
        require_known()
        items.jurisdiction(jurisdiction)
        return answer(tile_sets.quad_json(), title=QUAD)


def _about_tilesets(blueprint: Blueprint, items: ItemService, tiles: TileService) -> None:
    def found(jurisdiction: str, collection: str) -> tuple[Collection, TileSet]:
        _require_tiled(collection)
        described = items.collection(jurisdiction, collection, identity=current_identity(), with_extent=True)
        return described, tiles.tile_set(jurisdiction, collection)

    @blueprint.get("/<jurisdiction>/collections/<collection>/tiles")
    @guard("view_map")
    def list_tilesets(jurisdiction: str, collection: str) -> Response:
        require_known()
        described, tile_set = found(jurisdiction, collection)
        title = f"{described.layer.title.text(language())}: {word('tilesets', language())}"
        return answer(tile_sets.tilesets(described, tile_set), title=title)

    @blueprint.get(f"/<jurisdiction>/collections/<collection>/tiles/{QUAD}")
    @guard("view_map")
    def tileset(jurisdiction: str, collection: str) -> Response:
        require_known()
        described, tile_set = found(jurisdiction, collection)
        title = f"{described.layer.title.text(language())}: {word('tileset', language())}"
        return answer(tile_sets.tileset(described, tile_set), title=title)


def _tiles(blueprint: Blueprint, items: ItemService, tiles: TileService) -> None:
    @blueprint.get(f"/<jurisdiction>/collections/<collection>/tiles/{QUAD}/<matrix>/<row>/<column>")
    @guard("view_map")
    def tile(jurisdiction: str, collection: str, matrix: str, row: str, column: str) -> Response:
        require_known(forms=TILE_FORMS)
        _require_tiled(collection)
        asked = _tile(collection, matrix, row, column)
        tile_set = tiles.tile_set(jurisdiction, collection)
        if not limits_of(tile_set.bbox, asked.z).hold(asked):  # else what lies beyond the outline need not be known
            described = items.collection(jurisdiction, collection, identity=current_identity(), with_extent=True)
            if not limits_of(tile_sets.ground_of(described, tile_set), asked.z).hold(asked):
                raise TileUnknown(tile=f"{matrix}/{row}/{column}")
        return _tile_response(tiles, jurisdiction, tile_set, asked)


def _tile_response(tiles: TileService, jurisdiction: str, tile_set: TileSet, tile: Tile) -> Response:
    gzip_read = request.accept_encodings["gzip"] > 0
    held = request.headers.get("If-None-Match", "")

    def tag_of(version: int) -> str:
        return tags_of(version)[0 if gzip_read else 1]

    now = tiles.current_tile(jurisdiction, tile_set, tile, has=lambda version: has_tag(held, tag_of(version)))
    tag = tag_of(now.version)
    if now.found is None or (now.found.lasting and has_tag(held, tag)):
        told = [pair for pair in unchanged_headers(tag, shared=False) if pair[0] != "Cache-Control"]
        return Response(status=304, headers=[*told, ("Cache-Control", "private, no-cache")])
    full = answer_with(now.found, tile_set.layer.id, now.version, tile, shared=False).asked_again()
    headers, body = full.in_encoding(gzip_read=gzip_read)
    return Response(body, full.status, headers)


def _require_tiled(collection: str) -> None:
    """Raise LayerUnknown where a collection has no tiles, or who asks may not read them: both are alike."""
    identity = current_identity()
    if not may_read(identity, collection) or catalogue()[collection].tiling is None:
        shown = [one.id for one in catalogue().values() if one.tiling is not None and may_read(identity, one.id)]
        raise LayerUnknown(layer=collection, layers=", ".join(shown))


def _tile(collection: str, matrix: str, row: str, column: str) -> Tile:
    """Return the tile of an address; raise TileUnknown: there is none, or it is spelt otherwise."""
    parts = (matrix, column, row)
    if all(_NUMBER.fullmatch(part) for part in parts):
        found = Tile(*map(int, parts))
        if is_tile(*found) and found.z >= lowest_zoom(tiled(collection)[1]):
            return found
    raise TileUnknown(tile=f"{matrix}/{row}/{column}"[:80])
