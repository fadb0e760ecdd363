"""TileJSON 3.0.0 (github.com/mapbox/tilejson-spec): what a client must know of a tile set, from the catalogue."""

from __future__ import annotations

from typing import Any

from layers.crs import Bbox
from layers.layer import Layer, Tiling
from tilegen.matrix import DEEPEST_ZOOM

#: Types of columns as TileJSON has them in its examples.
_TYPES = {"integer": "Number", "number": "Number", "boolean": "Boolean"}


def lowest_zoom(tiling: Tiling) -> int:
    """Return the first zoom at which a layer has tiles."""
    return 0 if tiling.cells is not None else tiling.min_zoom


def tilejson(layer: Layer, tiling: Tiling, bbox: Bbox, address: str) -> dict[str, Any]:
    """Return the document of a layer's tile set.

    Parameters
    ----------
    bbox
        Of the jurisdiction, degrees, EPSG:4326.
    address
        Of a tile, with {z}, {x} and {y}.
    """
    lowest = lowest_zoom(tiling)
    return {
        "tilejson": "3.0.0",
        "name": layer.title.en,
        "description": layer.description.en,
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": lowest,
        "maxzoom": DEEPEST_ZOOM,
        "bounds": list(bbox),
        "center": [(bbox.west + bbox.east) / 2, (bbox.south + bbox.north) / 2, max(lowest, DEEPEST_ZOOM - 2)],
        "vector_layers": _vector_layers(layer, tiling),
    }


def _vector_layers(layer: Layer, tiling: Tiling) -> list[dict[str, Any]]:
    described = {
        "id": layer.id,
        "description": layer.title.en,
        "minzoom": lowest_zoom(tiling),
        "maxzoom": DEEPEST_ZOOM,
        "fields": fields(layer, tiling),
    }
    if not layer.bitemporal:
        return [described]
    return [described, described | {"id": "grid_labels", "description": f"{layer.title.en}: where their names stand"}]


def fields(layer: Layer, tiling: Tiling) -> dict[str, str]:
    """Return what tiles of a layer tell, by name: its columns, and what cells count them by."""
    told = {name: _TYPES.get(layer.column(name).type, "String") for name in layer.tile_columns}
    if tiling.cells is None:
        return told
    counted = [name for name in tiling.counted if layer.column(name).type == "boolean"]
    values = [value for name in tiling.counted for value in layer.column(name).codes]
    return {"features": "Number"} | dict.fromkeys([*values, *counted], "Number") | told
