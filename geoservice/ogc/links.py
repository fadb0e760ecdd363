"""Links of answers: absolute, as clients want them, and in the language that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import request

from geoservice.ogc.wording import Language, word
from geoservice.web.rendering import service_root

JSON = "application/json"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
MAPBOX_STYLE = "application/vnd.mapbox.style+json"
QML = "application/vnd.qgis.qml"
OGC_REL = "http://www.opengis.net/def/rel/ogc/1.0"
QUERYABLES_REL, SCHEMA_REL, STYLES_REL, TILESETS_REL, SCHEMES_REL = (
    f"{OGC_REL}/{name}" for name in ("queryables", "schema", "styles", "tilesets-vector", "tiling-schemes")
)

Link = dict[str, Any]


def language() -> Language:
    """Return the language asked for; Chinese unless `?lang=en`."""
    return "en" if request.args.get("lang") == "en" else "zh"


def address(*parts: str, query: Mapping[str, str] | None = None) -> str:
    """Return an address below /ogc; in the language that was asked for."""
    path = "/".join(quote(part, safe="") for part in ("ogc", *parts))
    return service_root() + path + _query(dict(query or {}))


def link(rel: str, type_: str, title: str, *parts: str, query: Mapping[str, str] | None = None) -> Link:
    """Return a link to an address below /ogc."""
    return {"href": address(*parts, query=query), "rel": rel, "type": type_, "title": title}


def own_links(type_: str) -> list[Link]:
    """Return the links of an answer to itself and to its page."""
    asked = {name: value for name, value in request.args.items() if name not in ("f", "lang")}
    path = service_root().rstrip("/") + quote(request.path)
    return [
        {"href": path + _query(asked), "rel": "self", "type": type_, "title": word("self", language())},
        {
            "href": path + _query(asked | {"f": "html"}),
            "rel": "alternate",
            "type": HTML,
            "title": word("page", language()),
        },
    ]


def _query(query: dict[str, str]) -> str:
    if language() == "en":
        query["lang"] = "en"
    return f"?{urlencode(query)}" if query else ""
