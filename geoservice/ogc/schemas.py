"""JSON schemas of collections: what filters may ask about (Part 3), and what features hold (Part 5)."""

from __future__ import annotations

from typing import Any

from geoservice.ogc.links import Language
from geoservice.services.layers.items import Collection
from layers.conditions import PLACE
from layers.layer import Column, ColumnType, GeometryType

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[ColumnType, dict[str, str]] = {
    "text": {"type": "string"}, "integer": {"type": "integer"}, "number": {"type": "number"},
    "boolean": {"type": "boolean"}, "instant": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
}  # fmt: skip
_PLACES: dict[GeometryType, str] = {
    "Point": "geometry-point", "Polygon": "geometry-polygon", "MultiPolygon": "geometry-multipolygon",
    "MultiLineString": "geometry-multilinestring", "Geometry": "geometry-any",
}  # fmt: skip


def queryables(collection: Collection, id_: str, language: Language) -> dict[str, Any]:
    """Return the properties that a filter may ask about."""
    properties = {one.name: _property(one, language) for one in collection.layer.columns}
    properties[PLACE] = _place(collection)
    return _schema(collection, id_, language) | {"properties": properties, "additionalProperties": False}


def schema(collection: Collection, id_: str, language: Language) -> dict[str, Any]:
    """Return the properties that features hold; those that nobody writes are read-only."""
    layer = collection.layer
    written = {one.name for one in layer.written} if collection.is_editable else set()
    properties: dict[str, Any] = {"geometry": _place(collection) | {"x-ogc-role": "primary-geometry"}}
    for one in layer.columns:
        told = _property(one, language)
        if one.name == layer.key:
            told |= {"x-ogc-role": "id"}
        if one.name == layer.newest_by:
            told |= {"x-ogc-role": "primary-instant"}
        properties[one.name] = told if one.name in written else told | {"readOnly": True}
    return _schema(collection, id_, language) | {"properties": properties}


def feature_schema() -> dict[str, Any]:
    """Return the schema of any feature, for documents that may not look elsewhere."""
    return {
        "type": "object", "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]}, "id": {"type": "string"},
            "geometry": {"type": "object", "nullable": True}, "properties": {"type": "object", "nullable": True},
        },
    }  # fmt: skip


def parameter_schema(column: Column) -> dict[str, Any]:
    """Return the schema of a query's parameter that asks about a property."""
    return dict(_TYPES[column.type])


def _schema(collection: Collection, id_: str, language: Language) -> dict[str, Any]:
    return {"$schema": DRAFT, "$id": id_, "type": "object", "title": collection.layer.title.text(language)}


def _property(column: Column, language: Language) -> dict[str, Any]:
    told: dict[str, Any] = {"title": column.title.text(language), **_TYPES[column.type]}
    if column.unit is not None:
        told["x-ogc-unit"] = column.unit
    if column.codes:
        told["enum"] = list(column.codes)
        told["description"] = ", ".join(f"{code}: {title.text(language)}" for code, title in column.codes.items())
    return told


def _place(collection: Collection) -> dict[str, Any]:
    return {"format": _PLACES[collection.layer.geometry]}
