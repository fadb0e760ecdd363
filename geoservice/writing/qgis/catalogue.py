"""The layers of the catalogue as a QGIS project shows them: read only, drawn as on the map."""

from __future__ import annotations

from collections.abc import Iterator

from geoservice.writing.qgis.layers import ProjectLayer
from layers.layer import Layer
from layers.style import Paint, Style

#: QGIS keeps lines and areas in layers of their own.
_TYPES = {"Geometry": ("LineString", "MultiPolygon")}
_NAMES = {"LineString": "lines", "MultiPolygon": "areas"}
#: Of a stroke that a paint gives in pixels; a pixel of the map page is a 96th of an inch.
_MM_PER_PIXEL = 25.4 / 96
_INK = "#606060"


def catalogue_layers(layer: Layer, style: Style, jurisdiction_id: int) -> Iterator[ProjectLayer]:
    """Yield a layer of the catalogue as layers of a project, by its look."""
    rows = f"jurisdiction_id = {jurisdiction_id}"
    if layer.bitemporal:
        rows += " AND valid @> now() AND upper_inf(known)"
    types = _TYPES.get(layer.geometry, (layer.geometry,))
    for geometry_type in types:
        part = f" ({_NAMES[geometry_type]})" if len(types) > 1 else ""
        yield ProjectLayer(
            id=f"geoservice_{layer.id}" + (f"_{_NAMES[geometry_type]}" if part else ""),
            title=layer.title.en + part, table=layer.relation, rows=rows, geometry_type=geometry_type,
            geometry=layer.geom, key=layer.key, fill=colour(style.paint, "fillColor", "fillOpacity"),
            line=colour(style.paint, "color", "opacity"), line_mm=millimetres(style.paint.get("weight", 1)),
        )  # fmt: skip


def millimetres(pixels: object) -> float:
    """Return how wide something is on paper that a paint gives in pixels."""
    return round(float(str(pixels)) * _MM_PER_PIXEL, 2)


def colour(paint: Paint, name: str, opacity: str) -> str:
    """Return red,green,blue,opacity, each 0 to 255, of a paint."""
    said = str(paint.get(name, _INK)).removeprefix("#")
    parts = [int(said[place : place + 2], 16) for place in (0, 2, 4)]
    return ",".join(map(str, [*parts, round(255 * float(paint.get(opacity, 1)))]))
