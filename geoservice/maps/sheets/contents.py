"""What one sheet is made of: the ground that it shows, and what it says in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from geoservice.domain.languages import Language
from geoservice.maps.sheets.frame import MapFrame
from geoservice.maps.sheets.paper import Box, Layout
from geoservice.maps.sheets.symbols import shown_rows
from geoservice.maps.sheets.texts import folded
from layers.catalogue import Drawn
from layers.features import FeaturesWithin

#: From this width on a title has room for more letters.
_WIDE_MM = 250
#: Lines below the title, and letters of one, on upright paper and on wide.
_HEAD_LINES, _HEAD_LETTERS = 2, {False: 84, True: 140}


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
    #: Of what the sheet shows less than there is, and how many of how many; empty: it shows all.
    narrowed: str = ""
    #: What the rings around marks mean, by how a matter is due.
    rings: Mapping[str, str] = field(default_factory=dict)


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
    #: By style, what it draws in place of its layer's features.
    own: Mapping[str, FeaturesWithin] = field(default_factory=dict)
    #: By style, the values that are switched off.
    off: Mapping[str, Collection[str]] = field(default_factory=dict)
    _seen: dict[str, tuple[list[Mapping[str, Any]], np.ndarray]] = field(default_factory=dict)

    @property
    def is_wide(self) -> bool:
        """Return whether a title has room for more letters."""
        return self.layout.title.width > _WIDE_MM

    @property
    def head(self) -> list[str]:
        """Return the lines below the title that tell what less is shown than there is; cut, it goes on in the key."""
        return self._narrowed[:_HEAD_LINES] if len(self._narrowed) <= _HEAD_LINES else [
            *self._narrowed[: _HEAD_LINES - 1], f"{self._narrowed[_HEAD_LINES - 1]} …"
        ]  # fmt: skip

    @property
    def missing(self) -> list[str]:
        """Return what the key tells of what is not on the sheet."""
        cut = [self.said.narrowed] if len(self._narrowed) > _HEAD_LINES else []
        return [*cut, *self.said.missing]

    @property
    def _narrowed(self) -> list[str]:
        return folded(self.said.narrowed, letters=_HEAD_LETTERS[self.is_wide])

    def seen(self, drawn: Drawn) -> tuple[list[Mapping[str, Any]], np.ndarray]:
        """Return what a style shows of the features within the frame: rows, and shapes in millimetres of paper."""
        layer, style = drawn
        if style.id not in self._seen:
            found = self.own[style.id] if style.id in self.own else self.ground[layer.id]
            off = self.off.get(style.id, ())
            shown = np.flatnonzero(shown_rows(style, found.rows, off)) if found.rows else np.array([], dtype=int)
            there = self.frame.on_paper(found.geoms[shown]) if len(shown) else np.array([], dtype=object)
            within = inside(there, self.frame.box)
            rows = [found.rows[number] for number in shown[within]] if len(shown) else []
            self._seen[style.id] = (rows, there[within] if len(shown) else there)
        return self._seen[style.id]


def inside(geoms: np.ndarray, box: Box) -> np.ndarray:
    """Return which shapes on paper meet a box, (n,) of bool."""
    frame = shapely.box(box.left, box.top, box.right, box.bottom)
    return shapely.intersects(geoms, frame) if len(geoms) else np.array([], dtype=bool)
