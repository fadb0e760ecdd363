"""A picture of what publishing a draft would move: one SVG file that opens anywhere, without a server."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.diff import Difference
from layers.geometry import metres_per_degree
from layers.grids.model import GridShape
from layers.grids.previews import Move

WIDTH_PX = 1200
MARGIN_PX = 24
#: Room for the legend below the map.
LEGEND_PX = 150
LEGEND_ENTRIES_MAX = 15
#: Told apart by eyes that see no red or green as well (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666")
_MARKS = {"camera": "M-3,-3h6v6h-6z", "organisation": "M0,-4l4,7h-8z", "incident": "M0,-4l4,4l-4,4l-4,-4z"}


class _Sheet:
    """Where degrees lie on the sheet: metres per degree of the middle, north up."""

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        self.west, self.south, self.east, self.north = bounds
        self.lon_m, self.lat_m = metres_per_degree((self.south + self.north) / 2)
        width_m = max((self.east - self.west) * self.lon_m, 1.0)
        self.scale = (WIDTH_PX - 2 * MARGIN_PX) / width_m
        self.height_px = math.ceil((self.north - self.south) * self.lat_m * self.scale) + 2 * MARGIN_PX

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x = MARGIN_PX + (lon - self.west) * self.lon_m * self.scale
        y = MARGIN_PX + (self.north - lat) * self.lat_m * self.scale
        return round(x, 1), round(y, 1)

    def path(self, geom: BaseGeometry) -> str:
        """Return an SVG path of areas or lines."""
        lines = shapely.get_parts(geom)
        rings = [ring for part in lines for ring in ([*shapely.get_rings(part)] if part.area else [part])]
        return "".join(
            "M" + "L".join(f"{x},{y}" for x, y in (self.at(*pair) for pair in shapely.get_coordinates(ring).tolist()))
            for ring in rings
        )


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
    sheet = _Sheet(shapely.total_bounds(shapes).tolist() if shapes else (0, 0, 1, 1))
    targets = {move.to_grid for move in moves if move.to_grid} | {*found.added}
    targets |= {one.code for one in found.redrawn if not one.gained.is_empty}
    colours = {code: COLOURS[number % len(COLOURS)] for number, code in enumerate(sorted(targets))}
    parts = [_ground(sheet, grids, found, colours), _borders(sheet, shapes, found)]
    shown = [(move, places.get((move.kind, move.id))) for move in moves]
    parts += [_mark(sheet, move, place, colours) for move, place in shown if place is not None]
    parts += [_label(sheet, grid) for grid in grids if grid.geom is not None]
    parts.append(_legend(sheet, moves, colours, title))
    height = sheet.height_px + LEGEND_PX
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height}" width="{WIDTH_PX}"'
        f' height="{height}" font-family="sans-serif" font-size="14"><rect width="100%" height="100%" fill="#ffffff"/>'
        + "".join(parts)
        + "</svg>\n"
    )


def _ground(sheet: _Sheet, grids: Iterable[GridShape], found: Difference, colours: Mapping[str, str]) -> str:
    gained = [(one.code, one.gained) for one in found.redrawn]
    gained += [(grid.code, grid.geom or MultiPolygon()) for grid in grids if grid.code in found.added]
    return "".join(
        f'<path d="{sheet.path(geom)}" fill="{colours[code]}" fill-opacity="0.35" fill-rule="evenodd"/>'
        for code, geom in gained
        if not geom.is_empty
    )


def _borders(sheet: _Sheet, shapes: Iterable[BaseGeometry], found: Difference) -> str:
    drawn = [f'<path d="{"".join(map(sheet.path, shapes))}" fill="none" stroke="#8a8a8a" stroke-width="1.5"/>']
    if not found.borders_gone.is_empty:
        gone = sheet.path(found.borders_gone)
        drawn.append(f'<path d="{gone}" fill="none" stroke="#444444" stroke-width="2" stroke-dasharray="6 5"/>')
    if not found.borders_new.is_empty:
        drawn.append(f'<path d="{sheet.path(found.borders_new)}" fill="none" stroke="#111111" stroke-width="3.5"/>')
    return "".join(drawn)


def _mark(sheet: _Sheet, move: Move, geojson: str, colours: Mapping[str, str]) -> str:
    colour = colours.get(move.to_grid or "", "#000000")
    geom = shapely.from_geojson(geojson)
    if move.kind == "building":
        return f'<path d="{sheet.path(geom)}" fill="{colour}" stroke="#333333" stroke-width="0.5"/>'
    x, y = sheet.at(geom.x, geom.y)
    mark = f'<path d="{_MARKS[move.kind]}" transform="translate({x},{y})"'
    return f'{mark} fill="#ffffff" stroke="{colour}" stroke-width="2"/>'


def _label(sheet: _Sheet, grid: GridShape) -> str:
    place = shapely.point_on_surface(grid.geom)
    x, y = sheet.at(place.x, place.y)
    code = html.escape(grid.code)
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" stroke="#ffffff" stroke-width="4" paint-order="stroke"'
        f' fill="#222222">{code}</text>'
    )


def _word(kind: str, count: int) -> str:
    return ("open " if kind == "incident" else "") + kind + ("s" if count != 1 else "")


def _legend(sheet: _Sheet, moves: Sequence[Move], colours: Mapping[str, str], title: str) -> str:
    top = sheet.height_px + 20
    counts: dict[str, int] = {}
    for move in moves:
        counts[move.kind] = counts.get(move.kind, 0) + 1
    residents = sum(move.residents or 0 for move in moves)
    told = ", ".join(f"{count} {_word(kind, count)}" for kind, count in sorted(counts.items())) or "nothing"
    lines = [
        f'<text x="{MARGIN_PX}" y="{top}" font-size="18" font-weight="bold">{html.escape(title)}</text>',
        f'<text x="{MARGIN_PX}" y="{top + 24}">What moves: {told}; {residents} residents.</text>',
        f'<text x="{MARGIN_PX}" y="{top + 46}">Thick: new borders. Dashed: borders that go.'
        " □ camera △ organisation ◇ open incident</text>",
    ]
    for number, (code, colour) in enumerate(colours.items()):
        x, y = MARGIN_PX + (number % 5) * 230, top + 64 + (number // 5) * 24
        lines.append(f'<rect x="{x}" y="{y}" width="16" height="16" fill="{colour}" fill-opacity="0.6"/>')
        lines.append(f'<text x="{x + 24}" y="{y + 13}">to {html.escape(code)}</text>')
    return "".join(lines[: 3 + 2 * LEGEND_ENTRIES_MAX])
