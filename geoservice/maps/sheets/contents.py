"""What one sheet is made of: the ground that it shows, and what it says in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from geoservice.domain.languages import Language
from geoservice.maps.sheets.frame import MapFrame
from geoservice.maps.sheets.paper import Box, Layout
from geoservice.maps.sheets.symbols import shown_rows
from layers.catalogue import Drawn
from layers.features import FeaturesWithin


@dataclass(frozen=True)
class Said:
    """What a sheet says in words, in its language."""

    title: str
    #: Below the title: what of it, which edition.
    subtitle: str
    #: At the right of the title: when and by whom it was printed, which sheet of how many.
    printed: tuple[str, ...]
    legend: str
    key_map: str
    scale: str
    crs: str
    #: Whom its data name; empty: nobody.
    attribution: str = ""
    #: What a grid has, each with its figure.
    facts: tuple[tuple[str, str], ...] = ()
    #: What is not on the sheet, and how it would be.
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetMap:
    """What a sheet shows."""

    layout: Layout
    frame: MapFrame
    #: Lowest first.
    styles: Sequence[Drawn]
    ground: Mapping[str, FeaturesWithin]
    #: Of all grids: (n,) EPSG:4326, their rows, and which of them the sheet is about.
    geoms: np.ndarray
    grids: Sequence[Mapping[str, Any]]
    chosen: int | None
    language: Language
    said: Said
    _seen: dict[str, tuple[list[Mapping[str, Any]], np.ndarray]] = field(default_factory=dict)

    def seen(self, drawn: Drawn) -> tuple[list[Mapping[str, Any]], np.ndarray]:
        """Return what a style shows of the features within the frame: rows, and shapes in millimetres of paper."""
        layer, style = drawn
        if style.id not in self._seen:
            found = self.ground[layer.id]
            shown = np.flatnonzero(shown_rows(style, found.rows)) if found.rows else np.array([], dtype=int)
            there = self.frame.on_paper(found.geoms[shown]) if len(shown) else np.array([], dtype=object)
            within = inside(there, self.frame.box)
            rows = [found.rows[number] for number in shown[within]] if len(shown) else []
            self._seen[style.id] = (rows, there[within] if len(shown) else there)
        return self._seen[style.id]


def inside(geoms: np.ndarray, box: Box) -> np.ndarray:
    """Return which shapes on paper meet a box, (n,) of bool."""
    frame = shapely.box(box.left, box.top, box.right, box.bottom)
    return shapely.intersects(geoms, frame) if len(geoms) else np.array([], dtype=bool)
