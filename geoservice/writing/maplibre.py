"""The look of a layer as a style of MapLibre (Style Specification, version 8), over the layer's own tiles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from layers.crs import Bbox
from layers.layer import Layer, Tiling
from layers.style import Style

#: What is said of a place in a style: a value, or an expression that finds it for each feature.
Value = Any
Source = Mapping[str, Any]
_INK = "#606060"
#: Metres of a pixel at zoom 0 on the equator; tiles of MapLibre are 512 pixels wide.
_METRES_OF_PIXEL = 2 * math.pi * 6_378_137 / 512
_ZOOMS = (0, 24)
#: Where the middle of a layer is shown.
_ZOOM = 14
#: So many features of a cell are drawn as strongly as any more.
_FULL_CELL = 40
_POLYGONS = ["in", ["geometry-type"], ["literal", ["Polygon", "MultiPolygon"]]]


def maplibre_style(layer: Layer, source: Source, bbox: Bbox, language: str) -> dict[str, Any]:
    """Return a style that shows a layer as maps do, but for marks, icons and labels: these need pictures and letters.

    Parameters
    ----------
    source
        Where features are read, as the specification has it; of a vector source single features and cells are drawn.
    bbox
        Of the jurisdiction, degrees, EPSG:4326: the middle is shown first.
    """
    tiled = source["type"] == "vector"
    middle = [(bbox.west + bbox.east) / 2, (bbox.south + bbox.north) / 2]
    drawn = sorted(layer.styles, key=lambda one: one.order)
    return {
        "version": 8, "name": layer.title.text(language), "center": middle, "zoom": _ZOOM,
        "sources": {layer.id: dict(source)},
        "layers": [one for style in drawn for one in _layers(layer, style, middle[1], tiled=tiled)],
    }  # fmt: skip


def _layers(layer: Layer, style: Style, latitude: float, *, tiled: bool) -> Iterator[dict[str, Any]]:
    """Yield what is drawn of a style, the lowest first: cells where features are counted, else each feature."""
    tiling = layer.tiling if tiled else None
    single: dict[str, Any] = {"source": layer.id} | ({"source-layer": layer.id} if tiled else {})
    if tiling is not None and tiling.cells is not None:
        yield _cells(layer, style, tiling)
        single["minzoom"] = tiling.min_zoom
    chosen: list[Value] = [["in", ["get", style.by], ["literal", list(style.only)]]] if style.only else []
    if style.symbol in ("circle", "icon"):
        yield _drawn(f"{style.id}-points", "circle", single, chosen, _circle(style))
        return
    if style.symbol == "area" and layer.geometry != "MultiLineString":
        areas = [*chosen, _POLYGONS] if layer.geometry == "Geometry" else chosen
        yield _drawn(f"{style.id}-areas", "fill", single, areas, _fill(style))
    yield _drawn(f"{style.id}-lines", "line", single, chosen, _line(style, latitude))


def _drawn(
    id_: str, type_: str, where: Mapping[str, Any], chosen: list[Value], paint: dict[str, Value]
) -> dict[str, Any]:
    conditions = {"filter": chosen[0] if len(chosen) == 1 else ["all", *chosen]} if chosen else {}
    layout = {"layout": {"line-cap": "round", "line-join": "round"}} if type_ == "line" else {}
    return {"id": id_, "type": type_, **where, **conditions, **layout, "paint": paint}


def _circle(style: Style) -> dict[str, Value]:
    radius = _of(style, "radius", 5)
    if style.scale_by:
        radius = ["min", 24, ["+", 2.5, ["*", 1.7, ["sqrt", ["to-number", ["get", style.scale_by]]]]]]
    return {
        "circle-color": _of(style, "fillColor", _INK), "circle-opacity": _of(style, "fillOpacity", 1),
        "circle-radius": radius, "circle-stroke-color": _of(style, "color", _INK),
        "circle-stroke-width": _of(style, "weight", 1), "circle-stroke-opacity": _of(style, "opacity", 1),
    }  # fmt: skip


def _fill(style: Style) -> dict[str, Value]:
    return {
        "fill-color": _of(style, "fillColor", style.plain_paint.get("color", _INK)),
        "fill-opacity": _of(style, "fillOpacity", 1, unless="fill"),
    }


def _line(style: Style, latitude: float) -> dict[str, Value]:
    width = _of(style, "weight", 1)
    if any("width_m" in paint for paint in (style.plain_paint, *style.paints.values())):
        metres = _of(style, "width_m", 0)
        pixels = [2**zoom / (_METRES_OF_PIXEL * math.cos(math.radians(latitude))) for zoom in _ZOOMS]
        steps = [part for zoom, of in zip(_ZOOMS, pixels, strict=True) for part in (zoom, ["*", metres, of])]
        width = ["interpolate", ["exponential", 2], ["zoom"], *steps]
    return {
        "line-color": _of(style, "color", _INK), "line-width": width,
        "line-opacity": _of(style, "opacity", 1, unless="stroke"),
    }  # fmt: skip


def _cells(layer: Layer, style: Style, tiling: Tiling) -> dict[str, Any]:
    """Return how features are drawn that tiles count by cells: squares of areas, circles in the middle of points."""
    count: Value = ["get", "features"]
    if style.only:
        parts = [["coalesce", ["get", f"{style.by}:{value}"], 0] for value in style.only]
        count = parts[0] if len(parts) == 1 else ["+", *parts]
    where = {"source": layer.id, "source-layer": layer.cells_id, "maxzoom": tiling.min_zoom}
    some, colour = [[">", count, 0]], _colour_of_all(style)
    if style.symbol == "area":
        paint = {"fill-color": colour, "fill-opacity": ["min", 0.9, ["/", count, _FULL_CELL]]}
        return _drawn(f"{style.id}-cells", "fill", where, some, paint)
    paint = {
        "circle-color": colour, "circle-opacity": 0.8, "circle-radius": ["min", 16, ["+", 2, ["sqrt", count]]],
        "circle-stroke-color": style.plain_paint.get("color", _INK), "circle-stroke-width": 1,
    }  # fmt: skip
    return _drawn(f"{style.id}-cells", "circle", where, some, paint)


def _colour_of_all(style: Style) -> Value:
    """Return a colour for what is counted together: that of the paint, else the first by value, else of the edge."""
    paints = (style.plain_paint, *style.paints.values())
    return next((one["fillColor"] for one in paints if "fillColor" in one), style.plain_paint.get("color", _INK))


def _of(style: Style, name: str, default: Value, *, unless: str | None = None) -> Value:
    """Return a part of the paint, by the value of the column where that picks another one.

    Parameters
    ----------
    unless
        Part that says, where it is false, that nothing is drawn.
    """

    def said(paint: Mapping[str, Any]) -> Value:
        return 0 if unless is not None and paint.get(unless, True) is False else paint.get(name, default)

    base = said(style.plain_paint)
    others = {value: said({**style.plain_paint, **paint}) for value, paint in style.paints.items()}
    if all(value == base for value in others.values()):
        return base
    return ["match", ["get", style.by], *(part for pair in others.items() for part in pair), base]
