"""The interface's own description: OpenAPI 3.0, every collection under its own path, nothing to fetch elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from geoservice.ogc.documents import STYLE, style_forms
from geoservice.ogc.links import GEOJSON, HTML, JSON, MAPBOX_STYLE, OPENAPI, QML, SCHEMA, address
from geoservice.ogc.parameters import EVERYWHERE, FORMS, LIMIT, OF_ITEM, OF_ITEMS, TILE_FORMS, filtered_by_name
from geoservice.ogc.schemas import feature_schema, parameter_schema
from geoservice.ogc.tile_sets import QUAD
from geoservice.services.layers.items import Collection
from geoservice.web.problems import PROBLEM_JSON
from geoservice.web.tile_answers import MEDIA_TYPE
from layers.jurisdictions.model import Jurisdiction
from layers.published_crs import CRS84

MERGE_PATCH = "application/merge-patch+json"
_JSON_OBJECT = {"type": "object"}


def document(
    jurisdiction: Jurisdiction, collections: Iterable[Collection], *, most: int, editor: bool
) -> dict[str, Any]:
    """Return the description of a jurisdiction's interface.

    Parameters
    ----------
    most
        Features of a page.
    editor
        Whether whoever asks may write.
    """
    return {
        "openapi": "3.0.3",
        "info": {
            "title": f"geoservice: {jurisdiction.name}", "version": "1",
            "description": "OGC API Features, parts 1 to 5, and Tiles, part 1, of the layers of a jurisdiction.",
        },
        "servers": [{"url": address(jurisdiction.code).partition("?")[0]}],
        "paths": dict(_paths(list(collections), editor=editor)),
        "components": {"parameters": _parameters(most), "responses": _responses(), "schemas": _schemas(),
                       "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }  # fmt: skip


def _paths(collections: list[Collection], *, editor: bool) -> Iterator[tuple[str, Any]]:
    yield "/", {"get": _reading("landing", "Landing page", JSON)}
    yield "/api", {"get": _reading("api", "This document", OPENAPI)}
    yield "/conformance", {"get": _reading("conformance", "Standards that are kept", JSON)}
    yield "/tileMatrixSets", {"get": _reading("getTileMatrixSetsList", "Tile matrix sets", JSON)}
    yield f"/tileMatrixSets/{QUAD}", {"get": _reading("getTileMatrixSet", QUAD, JSON)}
    yield "/collections", {"get": _reading("collections", "All collections", JSON)}
    for one in collections:
        path, name = f"/collections/{one.id}", one.id.replace("-", "_").replace(".", "_")
        yield path, {"get": _reading(f"describe_{name}", one.layer.title.en, JSON)}
        for what in ("queryables", "schema"):
            yield f"{path}/{what}", {"get": _reading(f"{what}_{name}", f"{one.layer.title.en}: {what}", SCHEMA)}
        yield f"{path}/items", _items(one, name, editor=editor)
        yield f"{path}/items/{{featureId}}", _item(one, name, editor=editor)
        if one.layer.tiling is not None:
            yield from _tiles(one, name)
        if one.layer.styles:
            yield f"{path}/styles", {"get": _reading(f"styles_{name}", f"{one.layer.title.en}: how it looks", JSON)}
            yield f"{path}/styles/{STYLE}", {"get": _style(one, name)}


def _tiles(one: Collection, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the paths of a collection's tiles, their operations called as the standard has it (20-057, table 8)."""
    path, title = f"/collections/{one.id}/tiles", f"{one.layer.title.en}: tiles"
    yield path, {"get": _reading(f"{name}.collection.vector.getTileSetsList", title, JSON)}
    yield f"{path}/{QUAD}", {"get": _reading(f"{name}.collection.vector.getTileSet", f"{title} of {QUAD}", JSON)}
    binary = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
    get = {
        "operationId": f"{name}.collection.vector.getTile", "summary": f"A tile: {one.layer.title.en}",
        "parameters": [_form(*TILE_FORMS), {"$ref": "#/components/parameters/lang"}],
        "responses": {"200": {"description": "A Mapbox vector tile", "content": binary},
                      "204": {"description": "Nothing is there"}, "304": {"description": "Who asks has it"},
                      **_refused("400", "404")},
    }  # fmt: skip
    names = ("tileMatrix", "tileRow", "tileCol")
    yield f"{path}/{QUAD}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", {
        "parameters": [{"$ref": f"#/components/parameters/{each}"} for each in names], "get": get
    }  # fmt: skip


def _style(one: Collection, name: str) -> dict[str, Any]:
    get = _reading(f"style_{name}", f"How it looks: {one.layer.title.en}", MAPBOX_STYLE)
    get["parameters"] = [_form(*style_forms(one)), {"$ref": "#/components/parameters/lang"}]
    get["responses"]["200"]["content"][QML] = {"schema": {"type": "string"}}
    return get


def _items(one: Collection, name: str, *, editor: bool) -> dict[str, Any]:
    asked, summary = (*EVERYWHERE, *OF_ITEMS), f"Features: {one.layer.title.en}"
    get = _reading(f"items_{name}", summary, GEOJSON, asked, schema="featureCollection")
    get["parameters"] += [_by_name(column.name, parameter_schema(column)) for column in filtered_by_name(one)]
    found: dict[str, Any] = {"get": get}
    if editor and one.is_editable:
        found["post"] = _writing(f"create_{name}", "Create a feature", "201", GEOJSON)
    return found


def _item(one: Collection, name: str, *, editor: bool) -> dict[str, Any]:
    parameters = [{"$ref": "#/components/parameters/featureId"}]
    summary = f"A feature: {one.layer.title.en}"
    found: dict[str, Any] = {
        "parameters": parameters,
        "get": _reading(f"feature_{name}", summary, GEOJSON, (*EVERYWHERE, *OF_ITEM), schema="feature"),
    }
    if editor and one.is_editable:
        found["put"] = _writing(f"replace_{name}", "Replace a feature", "204", GEOJSON)
        found["patch"] = _writing(f"update_{name}", "Change a feature", "204", MERGE_PATCH)
        found["delete"] = _writing(f"delete_{name}", "Remove a feature", "204", None)
    return found


def _reading(
    id_: str, summary: str, media_type: str, parameters: Iterable[str] = EVERYWHERE, *, schema: str = "object"
) -> dict[str, Any]:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}, HTML: {"schema": {"type": "string"}}}
    return {
        "operationId": id_, "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
        "responses": {"200": {"description": summary, "content": content}, **_refused("400", "404")},
    }  # fmt: skip


def _writing(id_: str, summary: str, done: str, media_type: str | None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": id_, "summary": summary, "security": [{"key": []}],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in ("If-Match", "Content-Crs")],
        "responses": {done: {"description": "Done"}, **_refused("400", "401", "403", "404", "409", "412")},
    }  # fmt: skip
    if media_type is not None:
        content = {media_type: {"schema": {"$ref": "#/components/schemas/object"}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _refused(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": "#/components/responses/problem"} for status in statuses}


def _form(*forms: str) -> dict[str, Any]:
    return _by_name("f", {"type": "string", "enum": list(forms)})


def _by_name(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "style": "form", "explode": False, "schema": schema}


def _parameters(most: int) -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    schemas: dict[str, dict[str, Any]] = {
        "f": {"type": "string", "enum": list(FORMS)},
        "lang": {"type": "string", "enum": ["zh", "en"], "default": "zh"},
        "limit": {"type": "integer", "minimum": 1, "maximum": most, "default": min(LIMIT, most)},
        "after": {"type": "string"}, "bbox": numbers, "datetime": {"type": "string"}, "filter": {"type": "string"},
        "filter-lang": {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"},
        "sortby": texts, "properties": texts,
    }  # fmt: skip
    for name in ("crs", "bbox-crs", "filter-crs"):
        schemas[name] = {"type": "string", "format": "uri", "default": CRS84}
    paths = {
        name: {"name": name, "in": "path", "required": True, "schema": {"type": type_}}
        for name, type_ in {
            "featureId": "string", "tileMatrix": "string", "tileRow": "integer", "tileCol": "integer"
        }.items()
    }  # fmt: skip
    headers = {
        name: {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
        for name in ("If-Match", "Content-Crs")
    }
    return {name: _by_name(name, schema) for name, schema in schemas.items()} | paths | headers


def _responses() -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/problem"}}}
    return {"problem": {"description": "What is wrong, and how to mend it (RFC 9457)", "content": content}}


def _schemas() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "instance")}
    features = {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": feature_schema()},
        "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
        "timeStamp": {"type": "string", "format": "date-time"}, "links": {"type": "array", "items": _JSON_OBJECT},
    }  # fmt: skip
    return {
        "object": _JSON_OBJECT, "feature": feature_schema(),
        "featureCollection": {"type": "object", "required": ["type", "features"], "properties": features},
        "problem": {"type": "object", "properties": texts | {"status": {"type": "integer"}}},
    }  # fmt: skip
