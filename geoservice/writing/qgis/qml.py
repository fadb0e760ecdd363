"""The look and forms of a layer as a style file of QGIS (.qml), to be loaded into it wherever it was read from."""

from __future__ import annotations

from geoservice.writing.qgis.elements import element, written
from geoservice.writing.qgis.fields import Field, title_of, widget_of
from geoservice.writing.qgis.forms import aliases, widgets
from geoservice.writing.qgis.looks import looks_of
from geoservice.writing.qgis.project import QGIS_VERSION
from geoservice.writing.qgis.symbols import renderer
from layers.layer import Layer

_SHAPES = {"Point": "Point", "MultiLineString": "Line", "Polygon": "Polygon", "MultiPolygon": "Polygon"}


def qml(layer: Layer, language: str, *, lines: bool = False) -> bytes:
    """Return a .qml file: a look for each value that maps draw differently, else one for all; and forms in words.

    Parameters
    ----------
    lines
        Of a layer of lines and areas that of its lines; QGIS has them in layers of their own.
    """
    shape = _SHAPES.get(layer.geometry, "Line" if lines else "Polygon")
    fields = [Field(column.name, title_of(column, language), widget_of(column, language)) for column in layer.columns]
    return written(element(
        "qgis", aliases(fields), widgets(fields), renderer(shape, looks_of(layer, language)),
        version=QGIS_VERSION, styleCategories="Symbology|Fields|Forms",
    ))  # fmt: skip
