"""A picture of what publishing a draft would move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import shapely

from geoservice.domain.editing.diff import Difference
from geoservice.maps.pictures.sheet import Sheet, borders, colours_of, gaining, ground, labels, legend
from layers.grids.model import GridShape
from layers.summaries.previews import Move

_MARKS = {"camera": "M-3,-3h6v6h-6z", "organisation": "M0,-4l4,7h-8z", "incident": "M0,-4l4,4l-4,4l-4,-4z",
          "undecided": "M-4,0h8M0,-4v8"}  # fmt: skip
_MARK = "M-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0z"
_WORDS = {"incident": "open incident", "undecided": "undecided incident"}


def preview_picture(
    grids: Sequence[GridShape],
    found: Difference,
    moves: Sequence[Move],
    places: Mapping[tuple[str, str], str],
    *,
    title: str,
) -> str:
    """Return an SVG picture of a preview.

    Parameters
    ----------
    grids
        Of the draft, EPSG:4326.
    found
        What the draft has otherwise than the edition in force.
    moves, places
        Of a preview; a household, which is a count, has no place and is drawn nowhere.

    Returns
    -------
    str
        Borders that stay in grey, those that go dashed, new ones thick; ground and features that move in the colour of
        the grid they would go to.
    """
    shapes = [grid.geom for grid in grids if grid.geom is not None]
    sheet = Sheet(shapes)
    colours = colours_of({move.to_grid for move in moves if move.to_grid} | gaining(found), grids)
    parts = [ground(sheet, grids, found, colours), borders(sheet, shapes, found)]
    shown = [(move, places.get((move.kind, move.id))) for move in moves]
    parts += [_mark(sheet, move, place, colours) for move, place in shown if place is not None]
    parts.append(labels(sheet, grids))
    signs = "□ camera △ organisation ◇ open incident + undecided"
    lines = [_summary(moves), f"Thick: new borders. Dashed: borders that go. {signs}"]
    parts.append(legend(sheet, title, lines, [(colour, f"to {code}") for code, colour in colours.items()]))
    return sheet.picture(parts)


def _mark(sheet: Sheet, move: Move, geojson: str, colours: Mapping[str, str]) -> str:
    colour = colours.get(move.to_grid or "", "#000000")
    geom = shapely.from_geojson(geojson)
    if shapely.get_dimensions(geom) > 0:
        return f'<path d="{sheet.path(geom)}" fill="{colour}" stroke="#333333" stroke-width="0.5"/>'
    x, y = sheet.at(geom.x, geom.y)
    mark = f'<path d="{_MARKS.get(move.kind, _MARK)}" transform="translate({x},{y})"'
    return f'{mark} fill="#ffffff" stroke="{colour}" stroke-width="2"/>'


def _summary(moves: Sequence[Move]) -> str:
    counts: dict[str, int] = {}
    for move in moves:
        counts[move.kind] = counts.get(move.kind, 0) + 1
    residents = sum(move.residents or 0 for move in moves)
    told = ", ".join(f"{count} {_word(kind, count)}" for kind, count in sorted(counts.items())) or "nothing"
    return f"What moves: {told}; {residents} residents."


def _word(kind: str, count: int) -> str:
    return _WORDS.get(kind, kind) + ("s" if count != 1 else "")
