"""A layer as a project keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from geoservice.writing.qgis.crs import reference_system
from geoservice.writing.qgis.elements import element, flag, option
from geoservice.writing.qgis.forms import form
from geoservice.writing.qgis.labels import labels
from geoservice.writing.qgis.layers import ProjectLayer
from geoservice.writing.qgis.relations import Relation
from geoservice.writing.qgis.symbols import renderer


def map_layer(layer: ProjectLayer, relations: Sequence[Relation], language: str) -> Element:
    """Return a layer as a project keeps it, with the relations of the project whose parent it is."""
    return element(
        "maplayer", *_source(layer), *_drawing(layer),
        *form(layer.fields, [one for one in relations if one.parent is layer], language),
        element("previewExpression", text=layer.head),
        type="vector", geometry=layer.shape, wkbType=layer.geometry_type, readOnly=flag(not layer.editable),
        labelsEnabled=flag(layer.label is not None), styleCategories="AllStyleCategories", simplifyDrawingHints="0",
        hasScaleBasedVisibilityFlag="0",
    )  # fmt: skip


def _source(layer: ProjectLayer) -> Iterator[Element]:
    for name, text in (("id", layer.id), ("datasource", layer.source), ("layername", layer.title)):
        yield element(name, text=text)
    if layer.looks is not None:
        yield reference_system("srs")
    yield element("provider", text="postgres", encoding="UTF-8")
    flags = {"Identifiable": flag(layer.interactive), "Removable": "1", "Searchable": "1", "Private": "0"}
    yield element("flags", *(element(name, text=value) for name, value in flags.items()))


def _drawing(layer: ProjectLayer) -> Iterator[Element]:
    if layer.looks is not None:
        yield renderer(layer.shape, layer.looks)
    if layer.label is not None:
        yield labels(layer.label)
    if layer.checks:
        # Coordinates are neither rounded nor thinned.
        checks = element("activeChecks", *(option(name) for name in layer.checks), type="StringList")
        yield element("geometryOptions", checks, removeDuplicateNodes="0", geometryPrecision="0")
