"""TileJSON 3.0.0 (github.com/mapbox/tilejson-spec): what a client must know of a tile set, from the catalogue."""

from __future__ import annotations

from html import escape
from typing import Any

from layers.crs import Bbox
from layers.layer import Layer, Tiling
from tilegen.matrix import DEEPEST_ZOOM

#: Types of columns as TileJSON has them in its examples.
_TYPES = {"integer": "Number", "number": "Number", "boolean": "Boolean"}


def lowest_zoom(tiling: Tiling) -> int:
    """Return the first zoom at which a layer has tiles."""
    return 0 if tiling.cells is not None else tiling.min_zoom


def tilejson(
    layer: Layer, tiling: Tiling, bbox: Bbox, address: str, attribution: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """Return the document of a layer's tile set.

    Parameters
    ----------
    bbox
        Of the jurisdiction, degrees, EPSG:4326.
    address
        Of a tile, with {z}, {x} and {y}.
    attribution
        Whom maps of it name, plain text; maps take it for HTML (TileJSON 3.0.0, 3.3), so that is what becomes of it.
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
        **({} if attribution is None else {"attribution": escape(attribution)}),
    }


def _vector_layers(layer: Layer, tiling: Tiling) -> list[dict[str, Any]]:
    single = _vector_layer(layer.id, layer.title.en, tiling.min_zoom, DEEPEST_ZOOM, fields(layer))
    if layer.bitemporal:
        names = f"{layer.title.en}: where their names stand"
        return [single, _vector_layer("grid_labels", names, tiling.min_zoom, DEEPEST_ZOOM, fields(layer))]
    if tiling.cells is None:
        return [single]
    counted = f"{layer.title.en}, counted by cells"
    return [single, _vector_layer(layer.cells_id, counted, 0, tiling.min_zoom - 1, counts(layer, tiling))]


def _vector_layer(name: str, description: str, minzoom: int, maxzoom: int, told: dict[str, str]) -> dict[str, Any]:
    return {"id": name, "description": description, "minzoom": minzoom, "maxzoom": maxzoom, "fields": told}


def fields(layer: Layer) -> dict[str, str]:
    """Return what tiles tell of a feature of a layer, by name."""
    return {name: _TYPES.get(layer.column(name).type, "String") for name in layer.tile_columns}


def counts(layer: Layer, tiling: Tiling) -> dict[str, str]:
    """Return what tiles tell of a cell, by name: all its features, and those of each value they are counted by."""
    columns = [layer.column(name) for name in tiling.counted]
    told = [column.name for column in columns if column.type == "boolean"]
    told += [f"{column.name}:{value}" for column in columns for value in column.codes]
    return {"features": "Number"} | dict.fromkeys(told, "Number")
