"""The look of a layer as a style file of QGIS (.qml), to be loaded into a layer wherever that was read from."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from geoservice.writing.qgis.catalogue import colour, millimetres
from geoservice.writing.qgis.layers import Look, looks_by_value, one_look
from geoservice.writing.qgis.project import QGIS_VERSION
from layers.layer import Layer
from layers.style import Paint, Style

_SHAPES = {"Point": "Point", "MultiLineString": "Line", "Polygon": "Polygon", "MultiPolygon": "Polygon"}
#: What QGIS draws for marks of maps (layers/style.py).
_MARKS = {
    "circle": "circle", "triangle": "triangle", "diamond": "diamond", "square": "square", "pennant": "arrowhead",
    "ring": "circle", "rings": "circle", "cross": "cross2",
}  # fmt: skip


def qml(layer: Layer, language: str, *, lines: bool = False) -> bytes:
    """Return a .qml file: a look for each value that maps draw differently, else one for all; and forms in words.

    Parameters
    ----------
    lines
        Of a layer of lines and areas that of its lines; QGIS has them in layers of their own.
    """
    shape = _SHAPES.get(layer.geometry, "Line" if lines else "Polygon")
    drawn = sorted(layer.styles, key=lambda one: -one.order)
    root = Element("qgis", version=QGIS_VERSION, styleCategories="Symbology|Fields|Forms")
    root.append(_aliases(layer, language))
    root.append(_forms(layer, language))
    by = next((style.by for style in drawn if style.by and (style.paints or style.only)), None)
    if by is None:
        root.append(one_look(shape, _look(drawn[0].plain_paint)))
    else:
        root.append(looks_by_value(shape, by, list(_looks(layer, drawn, language))))
    indent(root)
    return b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding="utf-8")


def _aliases(layer: Layer, language: str) -> Element:
    """Return what fields are called."""
    element = Element("aliases")
    for n, column in enumerate(layer.columns):
        SubElement(element, "alias", field=column.name, index=str(n), name=column.title.text(language))
    return element


def _forms(layer: Layer, language: str) -> Element:
    """Return what forms offer for fields whose values are codes: the words of these, and they write the code."""
    element = Element("fieldConfiguration")
    for column in layer.columns:
        if column.codes:
            widget = SubElement(SubElement(element, "field", name=column.name), "editWidget", type="ValueMap")
            options = SubElement(SubElement(widget, "config"), "Option", type="Map")
            values = SubElement(options, "Option", name="map", type="List")
            for code, words in column.codes.items():
                one = SubElement(values, "Option", type="Map")
                SubElement(one, "Option", name=words.text(language), type="QString", value=code)
    return element


def _looks(layer: Layer, drawn: list[Style], language: str) -> Iterator[tuple[str | None, str, Look]]:
    """Yield value, words and look, what is drawn last first; what no style speaks of is drawn as any other."""
    told: set[str] = set()
    for style in drawn:
        codes = layer.column(style.by).codes
        for value in style.only or codes or style.paints:
            if value not in told:
                told.add(value)
                words = codes[value].text(language) if value in codes else value
                yield value, words, _look({**style.plain_paint, **style.paints.get(value, {})})
        if not style.only:
            yield None, "", _look(style.plain_paint)


def _look(paint: Paint) -> Look:
    fill = {**paint, "fillOpacity": 0} if paint.get("fill", True) is False else paint
    edge = {**paint, "opacity": 0} if paint.get("stroke", True) is False else paint
    on_ground = "width_m" in paint
    return Look(
        fill=colour(fill, "fillColor" if "fillColor" in paint else "color", "fillOpacity"),
        line=colour(edge, "color", "opacity"),
        line_mm=float(paint["width_m"]) if on_ground else millimetres(paint.get("weight", 1)),
        line_unit="RenderMetersInMapUnits" if on_ground else "MM",
        mark=_MARKS[str(paint.get("mark", "circle"))], size_mm=millimetres(2 * float(paint.get("radius", 4.5))),
    )  # fmt: skip
