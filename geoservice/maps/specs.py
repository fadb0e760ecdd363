"""What the browser needs of each layer: how to fetch, draw, explain and list it; from the catalogue, in a language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from geoservice.domain.languages import Language
from layers.catalogue import Drawn
from layers.layer import Column, Layer
from layers.style import Group, Style

#: Panel lines are drawn with these where a paint says nothing.
_SAMPLE = {"fillColor": "none", "color": "none", "fillOpacity": 1, "weight": 1}
#: Formats of values that are written with their unit.
_WRITTEN_WITH_UNIT = {"deg": "degrees", "m": "metres"}


def style_title(layer: Layer, style: Style, language: Language) -> str:
    """Return what the switch of a style is called."""
    return (style.title or layer.title).text(language)


def layer_spec(layer: Layer, style: Style, language: Language, *, url: str, tiles: str) -> dict[str, Any]:
    """Return what the page's scripts need to fetch, draw and explain a layer, as JSON values.

    Parameters
    ----------
    url, tiles
        Addresses of its GeoJSON and of its TileJSON.
    """
    return {
        "key": style.id,
        "layer": layer.id,
        "drawn": _drawn_from(layer, style),
        "url": url,
        "tiles": tiles if layer.tiling is not None else "",
        "symbol": style.symbol,
        "paint": dict(style.plain_paint) if style.bulk else dict(style.paint),
        "by": style.by,
        "paints": {value: dict(paint) for value, paint in style.paints.items()},
        "only": list(style.only),
        "scaleBy": style.scale_by,
        "shown": style.shown,
        "legend": list(style.legend),
        "title": layer.head,
        "heading": layer.one.text(language),
        "fields": [
            {"property": column.name, "format": _format(column), "label": _label(column, language)}
            for column in layer.columns
            if column.told and column.name != layer.head
        ],
        "values": {
            column.name: {value: title.text(language) for value, title in column.codes.items()}
            for column in layer.columns
            if column.codes
        },
    }


def _drawn_from(layer: Layer, style: Style) -> str:
    """Return what a style is drawn from: tiles, what is in hand and changes while people look, or all features."""
    if style.bulk:
        return "tiles"
    return "live" if layer.assignment == "routing" else "features"


def panel_groups(drawn: Sequence[Drawn], language: Language) -> list[tuple[Group, list[dict[str, Any]]]]:
    """Return the blocks of the layer panel, each with its switches, what is drawn last first; none that is empty."""
    switches = [(style.group, _switch(layer, style, language)) for layer, style in reversed(drawn)]
    blocks = [(group, [switch for of, switch in switches if of == group]) for group in get_args(Group)]
    return [(group, those) for group, those in blocks if those]


def _switch(layer: Layer, style: Style, language: Language) -> dict[str, Any]:
    codes = layer.column(style.by).codes if style.by else {}
    return {
        "key": style.id,
        "label": style_title(layer, style, language),
        "shown": style.shown,
        "symbol": style.symbol,
        "drawn": _drawn_from(layer, style),
        "style": _SAMPLE | dict(style.paint),
        "legend": [
            {
                "value": value,
                "label": codes[value].text(language),
                "colour": style.paints.get(value, style.paint).get("fillColor", ""),
            }
            for value in style.legend
        ],
    }


def _format(column: Column) -> str:
    if column.codes:
        return "coded"
    by_type = {"instant": "time", "boolean": "yes_no", "integer": "count"}
    return _WRITTEN_WITH_UNIT.get(column.unit or "") or by_type.get(column.type, "text")


def _label(column: Column, language: Language) -> str:
    """Return what a column is called, with its unit where that is not written behind each value."""
    unit = f" ({column.unit})" if column.unit and column.unit not in _WRITTEN_WITH_UNIT else ""
    return column.title.text(language) + unit
