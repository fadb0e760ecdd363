"""A small map of areas by a number of each, in classes: SVG in millimetres, as reports have it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.maps.sheets.frame import MapFrame
from geoservice.maps.sheets.labels import Label, placed
from geoservice.maps.sheets.marginalia import north_arrow, scale_bar
from geoservice.maps.sheets.paper import Box
from geoservice.maps.sheets.symbols import INK, path_of

#: From few to many: each is darker than the one before, so that they differ in grey, too.
COLOURS = ("#edf3f8", "#c6dbef", "#8fbbdc", "#4d8fc4", "#1f5f9e")
#: How wide the picture is, how high its map may be, and its foot with the scale.
_WIDTH_MM, _LOWEST_MM, _HIGHEST_MM, _FOOT_MM = 92, 30, 92, 14
_LETTERS_MM = 2.7
#: Where names find no room beside each other: above and below the middle.
_STEPS_MM = (0.0, -3.4, 3.4, -6.8, 6.8)


@dataclass(frozen=True)
class NumberedArea:
    """An area of EPSG:4326 with its number."""

    name: str
    number: int
    geom: BaseGeometry


@dataclass(frozen=True)
class NumberClass:
    """Numbers that are drawn alike."""

    first: int
    last: int
    colour: str
    #: How many areas have such a number.
    areas: int


def classes_of(numbers: Sequence[int]) -> list[NumberClass]:
    """Return the classes of some numbers: none by itself, then five as wide as each other, by 1, 2 or 5 and tens."""
    most = max(numbers, default=0)
    step = next(nice * 10**power for power in count() for nice in (1, 2, 5) if nice * 10**power * len(COLOURS) >= most)
    bounds = [(0, 0, "#ffffff"), *((step * at + 1, step * (at + 1), colour) for at, colour in enumerate(COLOURS))]
    return [
        NumberClass(first, last, colour, sum(first <= number <= last for number in numbers))
        for first, last, colour in bounds
    ]  # fmt: skip


def choropleth(areas: Sequence[NumberedArea], srid: int, *, title: str, description: str) -> str:
    """Return the picture of areas; some, and none across 180 degrees.

    Parameters
    ----------
    srid
        EPSG code of the metric CRS of the jurisdiction.
    """
    geoms = np.array([one.geom for one in areas], dtype=object)
    frame = _frame(geoms, srid)
    there = frame.on_paper(geoms)
    drawn = [*_areas(areas, there), *placed(_names(areas, there), frame.box, np.array([], dtype=object))]
    height = frame.box.bottom + _FOOT_MM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="class-map" viewBox="0 0 {_WIDTH_MM} {height:.1f}" role="img"'
        f' aria-labelledby="class-map-title class-map-desc"><title id="class-map-title">{html.escape(title)}</title>'
        f'<desc id="class-map-desc">{html.escape(description)}</desc>{"".join(drawn)}'
        f"{scale_bar(frame.scale, 1, height - 4)}{north_arrow(frame, _WIDTH_MM - 4, height - 8)}</svg>"
    )


def _frame(geoms: np.ndarray, srid: int) -> MapFrame:
    """Return the frame that is as high as the shapes need it at the scale that their width lets them have."""
    whole, width = shapely.box(*shapely.total_bounds(geoms)), _WIDTH_MM - 1
    first = MapFrame.around(Box(0.5, 0.5, width, _HIGHEST_MM), srid, whole)
    _, top, _, bottom = shapely.total_bounds(first.on_paper(geoms))
    height = float(np.clip(bottom - top + 2, _LOWEST_MM, _HIGHEST_MM))
    return MapFrame.around(Box(0.5, 0.5, width, height), srid, whole, scale=first.scale)


def class_sample(one: NumberClass) -> str:
    """Return a little area of a class, for the legend."""
    return (
        '<svg class="class-sample" viewBox="0 0 6 4" aria-hidden="true">'
        f'<rect x="0.2" y="0.2" width="5.6" height="3.6" fill="{one.colour}" stroke="{INK}" stroke-width="0.25"/></svg>'
    )


def _areas(areas: Sequence[NumberedArea], there: np.ndarray) -> Iterator[str]:
    classes = classes_of([one.number for one in areas])
    for one, geom in zip(areas, there, strict=True):
        colour = next(which.colour for which in classes if which.first <= one.number <= which.last)
        path = path_of(np.array([geom], dtype=object))
        yield f'<path d="{path}" fill="{colour}" stroke="{INK}" stroke-width="0.3" stroke-linejoin="round"/>'


def _names(areas: Sequence[NumberedArea], there: np.ndarray) -> Iterator[Sequence[Label]]:
    """Yield where each area's name and number may stand; without room its number alone, the largest areas first."""
    for at in np.argsort(-shapely.area(there)).tolist():
        place = shapely.point_on_surface(there[at])
        if not place.is_empty:
            number = Label(f"{areas[at].number:,}", place.x, place.y, _LETTERS_MM, bold=True)
            named = replace(number, text=f"{areas[at].name} ({number.text})")
            yield [*(replace(named, y=place.y + step) for step in _STEPS_MM), number]
