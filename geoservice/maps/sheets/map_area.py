"""The map itself on its sheet: features, what the sheet is about, names, degrees along the frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Point
from shapely.geometry.base import BaseGeometry

from geoservice.domain.languages import Language
from geoservice.maps.sheets.contents import SheetMap, inside
from geoservice.maps.sheets.labels import Label, along, placed
from geoservice.maps.sheets.marginalia import degrees_along
from geoservice.maps.sheets.symbols import ICON_MM, INK, drawn, path_of
from geoservice.maps.sheets.texts import rect
from layers.catalogue import Drawn

#: Names of buildings and places are drawn where a millimetre is no more ground than this.
_NAMES_TO = 3_000
#: Of what the sheet is not about, none but of grids and streets, which lead on.
_BESIDE_MM = 2
#: Where a grid's name is tried, above and below the middle of what is seen of it.
_GRID_STEPS_MM = (0, -4, 4, -8, 8, -12, 12)


def map_area(shown: SheetMap) -> Iterator[str]:
    """Yield the map in its frame."""
    box = shown.frame.box
    clip = f"clip-{shown.said.printed[-1]}".replace(" ", "").encode("ascii", "ignore").decode().replace("/", "-")
    yield f'<clipPath id="{clip}"><rect {rect(box)}/></clipPath><g clip-path="url(#{clip})">'
    yield f'<rect {rect(box)} fill="#f7f5f0"/>'
    for one in shown.styles:
        rows, geoms = shown.seen(one)
        yield f'<g class="layer-{one[1].id}">{"".join(drawn(one[1], rows, geoms, shown.frame.scale))}</g>'
    if shown.chosen is not None:
        yield from _around(shown, shown.chosen)
    yield f'<g class="names">{"".join(placed(_names(shown), box, _marks(shown)))}</g></g>'
    yield f'<rect {rect(box)} fill="none" stroke="{INK}" stroke-width="0.35"/>'
    yield from degrees_along(shown.frame)


def _around(shown: SheetMap, chosen: int) -> Iterator[str]:
    """Yield a veil over what the sheet is not about, and the border of what it is about."""
    box = shown.frame.box
    (area,) = shown.frame.on_paper(shown.geoms[chosen : chosen + 1])
    veil = shapely.box(box.left, box.top, box.right, box.bottom).difference(area)
    yield f'<path class="veil" d="{path_of(np.array([veil], dtype=object))}" fill="#ffffff" fill-opacity="0.55"/>'
    yield f'<path d="{path_of(np.array([area], dtype=object))}" fill="none" stroke="{INK}" stroke-width="0.8"/>'


def _marks(shown: SheetMap) -> NDArray[np.object_]:
    """Return the room of every mark of a point, (n,) shapes in millimetres of paper."""
    found = [shown.seen(one)[1] for one in shown.styles if one[1].symbol in ("circle", "icon")]
    points = np.concatenate(found) if found else np.array([], dtype=object)
    return shapely.buffer(points[shapely.get_dimensions(points) == 0], ICON_MM / 2, quad_segs=2)


def _names(shown: SheetMap) -> Iterator[Sequence[Label]]:
    """Yield names, the more important first: of grids, of streets and water, of buildings and whatever has one."""
    there = shown.frame.on_paper(shown.geoms)
    box = shown.frame.box
    within = inside(there, box)
    frame = shapely.box(box.left, box.top, box.right, box.bottom)
    for number in np.flatnonzero(within).tolist():
        seen = there[number].intersection(frame)
        place = shapely.point_on_surface(seen)
        if not place.is_empty:
            size = 4.2 if number == shown.chosen else 3.2
            first = Label(_named(shown.grids[number], shown.language), place.x, place.y, size, bold=True)
            free = [replace(first, y=place.y + step) for step in _GRID_STEPS_MM if _holds(seen, place, step)]
            yield [*free, replace(first, covers=True)]
    for one in reversed(shown.styles):
        if one[0].id != "grids":
            yield from _names_of(shown, one)


def _holds(seen: BaseGeometry, place: Point, step: float) -> bool:
    return bool(shapely.intersects_xy(seen, place.x, place.y + step))


def _names_of(shown: SheetMap, one: Drawn) -> Iterator[Sequence[Label]]:
    rows, geoms = shown.seen(one)
    near = shown.frame.scale <= _NAMES_TO
    about = None if shown.chosen is None else shown.frame.on_paper(shown.geoms[[shown.chosen]])[0].buffer(_BESIDE_MM)
    for row, geom in zip(rows, geoms, strict=True):
        name = _named(row, shown.language, key="")
        if not name or geom.is_empty:
            continue
        dimensions = shapely.get_dimensions(geom)
        if dimensions == 1:
            yield along(geom, name, 2.6)
        elif near and (about is None or about.intersects(geom)):
            place = shapely.point_on_surface(geom)
            steps = (3.4, -3.4) if dimensions == 0 else (0.0,)  # beside its building a name would be another's
            yield [Label(name, place.x, place.y + step, 2.2) for step in steps]


def _named(row: Mapping[str, Any], language: Language, key: str = "code") -> str:
    english = row.get("name_en") if language == "en" else None
    return str(english or row.get("name") or (row.get(key) if key else "") or "")
