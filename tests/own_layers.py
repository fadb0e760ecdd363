"""Own layers straight in SQL: one of each geometry, with a column of each type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

GEOMETRIES = ("Point", "MultiLineString", "MultiPolygon", "Geometry")
_TITLE = {"zh": "层", "en": "Layer"}
COLUMNS = [
    {"name": f"a_{type_}", "type": type_, "title": _TITLE, "unit": None, "codes": []}
    for type_ in ("text", "integer", "number", "boolean", "instant")
] + [{"name": "kind", "type": "text", "title": _TITLE, "unit": None, "codes": [{"code": "坏 '\"{},\\", **_TITLE}]}]


def description(geometry: str = "Point", columns: Sequence[Any] = ()) -> dict[str, Any]:
    """Return what is kept of a layer."""
    return {"title": _TITLE, "description": _TITLE, "geometry": geometry, "columns": list(columns)}


def create_layer(connection: Connection[Any], name: object, described: object) -> None:
    """Make a layer as the service does."""
    connection.execute(
        "SELECT geoservice.create_layer(%s, %s::jsonb, '{code}', 14, 17, '{}')", [name, json.dumps(described)]
    )


def one_of_each(connection: Connection[Any]) -> None:
    """Make a layer of each geometry, called by it."""
    for geometry in GEOMETRIES:
        create_layer(connection, geometry.lower(), description(geometry, COLUMNS))
