"""The look of a layer of the catalogue, for projects and for style files: as maps draw it, value by value."""

from __future__ import annotations

from collections.abc import Iterator

from geoservice.writing.qgis.symbols import Look, Looks, ValueLook, alike
from layers.layer import Layer
from layers.style import Paint, Style

#: Of a stroke that a paint gives in pixels; a pixel of the map page is a 96th of an inch.
_MM_PER_PIXEL = 25.4 / 96
_INK = "#606060"
#: Of a layer that no map draws: an outline.
_UNSTYLED: Paint = {"color": _INK, "weight": 1, "fillOpacity": 0}
#: What QGIS draws for marks of maps (layers/style.py).
_MARKS = {
    "circle": "circle", "triangle": "triangle", "diamond": "diamond", "square": "square", "pennant": "arrowhead",
    "ring": "circle", "rings": "circle", "cross": "cross2",
}  # fmt: skip


def looks_of(layer: Layer, language: str) -> Looks:
    """Return how a layer is drawn: a look for each value that maps draw differently, else one for all."""
    drawn = sorted(layer.styles, key=lambda one: -one.order)
    by = next((style.by for style in drawn if style.by and (style.paints or style.only)), None)
    if by is None:
        return alike(_look(drawn[0].plain_paint if drawn else _UNSTYLED))
    return Looks(by, tuple(_by_value(layer, drawn, language)))


def _by_value(layer: Layer, drawn: list[Style], language: str) -> Iterator[ValueLook]:
    """Yield the looks, what is drawn last first; what no style speaks of is drawn as any other."""
    told: set[str] = set()
    for style in drawn:
        codes = layer.column(style.by).codes
        # Of a layer whose styles are all switched off the layer is, and then its parts need not be.
        shown = style.shown or not any(one.shown for one in drawn)
        for value in style.only or codes or style.paints:
            if value not in told:
                told.add(value)
                words = codes[value].text(language) if value in codes else value
                paint = {**style.plain_paint, **style.paints.get(value, {})}
                yield ValueLook(value, words, _look(paint), shown)
        if not style.only:
            yield ValueLook(None, "", _look(style.plain_paint), shown)


def _look(paint: Paint) -> Look:
    fill = {**paint, "fillOpacity": 0} if paint.get("fill", True) is False else paint
    edge = {**paint, "opacity": 0} if paint.get("stroke", True) is False else paint
    on_ground = "width_m" in paint
    return Look(
        fill=_colour(fill, "fillColor" if "fillColor" in paint else "color", "fillOpacity"),
        line=_colour(edge, "color", "opacity"),
        line_mm=float(paint["width_m"]) if on_ground else _millimetres(paint.get("weight", 1)),
        line_unit="RenderMetersInMapUnits" if on_ground else "MM",
        mark=_MARKS[str(paint.get("mark", "circle"))], size_mm=_millimetres(2 * float(paint.get("radius", 4.5))),
    )  # fmt: skip


def _millimetres(pixels: object) -> float:
    """Return how wide something is on paper that a paint gives in pixels."""
    return round(float(str(pixels)) * _MM_PER_PIXEL, 2)


def _colour(paint: Paint, name: str, opacity: str) -> str:
    """Return red,green,blue,opacity, each 0 to 255, of a paint."""
    said = str(paint.get(name, _INK)).removeprefix("#")
    parts = [int(said[place : place + 2], 16) for place in (0, 2, 4)]
    return ",".join(map(str, [*parts, round(255 * float(paint.get(opacity, 1)))]))
