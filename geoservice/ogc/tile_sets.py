"""What is told of a collection's vector tiles: OGC API Tiles 20-057, Tile Matrix Set and Tile Set Metadata 17-083r4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from geoservice.ogc.documents import credit
from geoservice.ogc.links import JSON, OGC_REL, Link, address, language, link, own_links
from geoservice.ogc.wording import word
from geoservice.services.layers.items import Collection
from geoservice.services.tiles.service import TileSet
from geoservice.web.rendering import service_root
from geoservice.web.tile_answers import MEDIA_TYPE
from layers.crs import Bbox
from layers.layer import Tiling
from layers.published_crs import CRS84
from tilegen.matrix import DEEPEST_ZOOM, Limits, limits_of, tile_matrix_set
from tilegen.tilejson import lowest_zoom, tilejson

QUAD = "WebMercatorQuad"
SCHEME_REL, DATA_REL = (f"{OGC_REL}/{name}" for name in ("tiling-scheme", "geodata"))
#: What properties of features in tiles are, by how TileJSON calls it.
_TYPES = {"Number": "number", "Boolean": "boolean", "String": "string"}


def tile_matrix_sets(jurisdiction: str) -> dict[str, Any]:
    """Return the list of tile matrix sets, which is one."""
    quad = tile_matrix_set()
    one = link("self", JSON, str(quad.title), jurisdiction, "tileMatrixSets", QUAD)
    listed = {"id": QUAD, "title": quad.title, "uri": str(quad.uri), "crs": _crs(), "links": [one]}
    return {"links": own_links(JSON), "tileMatrixSets": [listed]}


def quad_json() -> bytes:
    """Return the tile matrix set as those write it who keep it."""
    return tile_matrix_set().model_dump_json(by_alias=True, exclude_none=True).encode()


def tilesets(collection: Collection, tile_set: TileSet) -> dict[str, Any]:
    """Return the list of a collection's tile sets, which is one."""
    return {"links": own_links(JSON), "tilesets": [tileset(collection, tile_set, listed=True)]}


def tileset(collection: Collection, tile_set: TileSet, *, listed: bool = False) -> dict[str, Any]:
    """Return what the tile set of a collection says of itself.

    Parameters
    ----------
    listed
        As a line of the list, which has an address of its own.
    """
    layer, ground = collection.layer, ground_of(collection, tile_set)
    where = (collection.jurisdiction.code, "collections", collection.id, "tiles", QUAD)
    itself = [link("self", JSON, word("tileset", language()), *where)] if listed else own_links(JSON)
    told = tilejson(layer, tile_set.tiling, ground, "")
    return {
        "title": layer.title.text(language()), "description": layer.description.text(language()),
        "dataType": "vector", "crs": _crs(), **credit(collection.jurisdiction),
        # The second is of a draft of the standard; the test suite of OGC goes on asking for it.
        "tileMatrixSetURI": str(tile_matrix_set().uri), "tileMatrixSetId": QUAD,
        "tileMatrixSetLimits": [_limits(one) for one in limits(tile_set.tiling, ground)],
        "links": [*itself, *_links(collection)],
        "layers": [_layer(one) for one in told["vector_layers"]],
        "boundingBox": {"lowerLeft": ground[:2], "upperRight": ground[2:], "crs": CRS84},
        "centerPoint": {"coordinates": told["center"][:2], "crs": CRS84, "tileMatrix": str(told["center"][2])},
    }  # fmt: skip


def limits(tiling: Tiling, ground: Bbox) -> Iterator[Limits]:
    """Yield which tiles there are of a layer whose features are on some ground, zoom by zoom."""
    return (limits_of(ground, zoom) for zoom in range(lowest_zoom(tiling), DEEPEST_ZOOM + 1))


def ground_of(collection: Collection, tile_set: TileSet) -> Bbox:
    """Return a box around the outline and all features of a collection whose extent is known."""
    outline, extent = tile_set.bbox, collection.extent
    told = None if extent is None else extent.bbox
    if told is None:
        return outline
    return Bbox(*map(min, told[:2], outline[:2]), *map(max, told[2:], outline[2:]))


def tilejson_address(collection: Collection) -> str:
    """Return the address of a collection's TileJSON, which names the tiles of its newest version."""
    return f"{service_root()}tiles/{collection.jurisdiction.code}/{collection.id}.json"


def _links(collection: Collection) -> list[Link]:
    code, said = collection.jurisdiction.code, language()
    tiles = address(code, "collections", collection.id, "tiles", QUAD).partition("?")[0]
    template = f"{tiles}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return [
        {"href": template, "rel": "item", "type": MEDIA_TYPE, "title": word("tile", said), "templated": True},
        {"href": tilejson_address(collection), "rel": "describedby", "type": JSON, "title": "TileJSON"},
        link(SCHEME_REL, JSON, QUAD, code, "tileMatrixSets", QUAD),
        link(DATA_REL, JSON, collection.layer.title.text(said), code, "collections", collection.id),
    ]


def _limits(one: Limits) -> dict[str, Any]:
    return {
        "tileMatrix": str(one.z), "minTileRow": one.first_row, "maxTileRow": one.last_row,
        "minTileCol": one.first_column, "maxTileCol": one.last_column,
    }  # fmt: skip


def _layer(one: dict[str, Any]) -> dict[str, Any]:
    properties = {name: {"type": _TYPES[type_]} for name, type_ in one["fields"].items()}
    return {
        "id": one["id"], "title": one["description"], "dataType": "vector",
        "minTileMatrix": str(one["minzoom"]), "maxTileMatrix": str(one["maxzoom"]),
        "propertiesSchema": {"type": "object", "properties": properties},
    }  # fmt: skip


def _crs() -> str:
    return "http://www.opengis.net/def/crs/EPSG/0/3857"
