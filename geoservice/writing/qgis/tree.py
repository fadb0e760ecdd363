"""The list of layers beside the map: groups as on the map page, whatever order they are drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from geoservice.writing.qgis.elements import element
from geoservice.writing.qgis.layers import ProjectLayer
from geoservice.writing.qgis.words import TABLES
from layers.style import GROUPS

_CHECKED = {True: "Qt::Checked", False: "Qt::Unchecked"}


def group_names(language: str) -> tuple[str, ...]:
    """Return what the groups are called, from top to bottom."""
    *above, background = (title.text(language) for title in GROUPS.values())
    return (*above, TABLES.text(language), background)


def tree(layers: Sequence[ProjectLayer], groups: Sequence[str]) -> Element:
    """Return the list of layers.

    Parameters
    ----------
    layers
        As they are drawn, the uppermost first.
    groups
        From top to bottom, below the layers that are in none.
    """
    made = element("layer-tree-group", *(_entry(layer) for layer in layers if not layer.group))
    for group in groups:
        inside = [_entry(layer) for layer in layers if layer.group == group]
        if inside:
            made.append(element("layer-tree-group", *inside, name=group, checked=_CHECKED[True], expanded="1"))
    drawn = (element("item", text=layer.id) for layer in layers if layer.looks is not None)
    made.append(element("custom-order", *drawn, enabled="1"))
    return made


def _entry(layer: ProjectLayer) -> Element:
    return element("layer-tree-layer", id=layer.id, name=layer.title, source=layer.source, providerKey="postgres",
                   checked=_CHECKED[layer.shown], expanded="0")  # fmt: skip
