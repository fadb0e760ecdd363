"""Symbols: how the features of a layer are drawn, all alike or by the value of a field."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from geoservice.writing.qgis.elements import element, flag, option


@dataclass(frozen=True)
class Look:
    """How features are drawn."""

    fill: str  #: red,green,blue,opacity, each 0 to 255
    line: str
    line_mm: float  #: or how wide in `line_unit`
    line_unit: str = "MM"  #: of the width of lines, as QGIS calls it
    mark: str = "circle"  #: of points, as QGIS calls it
    size_mm: float = 2.4  #: of points, across


class ValueLook(NamedTuple):
    """How those features are drawn that have a value."""

    value: str | None  #: None: any that no other look has
    words: str  #: of the legend
    look: Look
    shown: bool = True


@dataclass(frozen=True)
class Looks:
    """How all features of a layer are drawn."""

    #: The field whose value tells them apart; None: all are drawn by the one look that there is.
    by: str | None
    each: tuple[ValueLook, ...]


_OUTLINE = {
    "color": "{fill}", "outline_color": "{line}", "outline_style": "solid", "outline_width": "{line_mm}",
    "outline_width_unit": "{line_unit}",
}  # fmt: skip
#: Of each shape: QGIS's kind of symbol, what draws it, and its options.
_SYMBOLS = {
    "Polygon": ("fill", "SimpleFill", _OUTLINE | {"style": "solid", "joinstyle": "round"}),
    "Point": ("marker", "SimpleMarker", _OUTLINE | {"name": "{mark}", "size": "{size_mm}", "size_unit": "MM"}),
    "Line": (
        "line",
        "SimpleLine",
        {"line_color": "{line}", "line_width": "{line_mm}", "line_width_unit": "{line_unit}"},
    ),
}


def alike(look: Look) -> Looks:
    """Return the looks of a layer whose features are all drawn alike."""
    return Looks(None, (ValueLook(None, "", look),))


def renderer(shape: str, looks: Looks) -> Element:
    """Return what draws features of a shape: Point, Line or Polygon."""
    symbols = element("symbols", *(_symbol(str(n), shape, one.look) for n, one in enumerate(looks.each)))
    told = {"symbollevels": "0", "enableorderby": "0", "forceraster": "0"}
    if looks.by is None:
        return element("renderer-v2", symbols, type="singleSymbol", **told)
    # QGIS takes the empty text for all that no other category has.
    categories = [
        element("category", value=one.value or "", symbol=str(n), label=one.words, type="string",
                render=str(one.shown).lower())
        for n, one in enumerate(looks.each)
    ]  # fmt: skip
    return element(
        "renderer-v2", element("categories", *categories), symbols, type="categorizedSymbol", attr=looks.by, **told
    )


def _symbol(name: str, shape: str, look: Look) -> Element:
    kind, drawn_by, options = _SYMBOLS[shape]
    said = {name: value.format_map(asdict(look)) for name, value in options.items()}
    drawn = element("layer", option(said), enabled=flag(True), locked=flag(False), **{"class": drawn_by})
    return element("symbol", drawn, name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")
