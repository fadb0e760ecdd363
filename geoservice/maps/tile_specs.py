"""How the browser draws vector tiles: from the styles of the catalogue, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from layers.catalogue import Drawn

#: Of points that a map draws as icons.
_DOT = {"color": "#ffffff", "weight": 1.5, "fillColor": "#6b4e9b", "radius": 5}


def tile_rules(drawn: Sequence[Drawn]) -> list[dict[str, Any]]:
    """Return what is drawn of which tile set and how, lowest first, as JSON values; only what is shown at first."""
    return [
        {
            "layer": layer.id,
            "symbol": style.symbol,
            "paint": _DOT | dict(style.paint) if style.symbol == "icon" else dict(style.paint),
            "by": style.by,
            "paints": {value: dict(paint) for value, paint in style.paints.items()},
            "only": list(style.only),
        }
        for layer, style in drawn
        if layer.tiling is not None and style.shown
    ]
