"""What every picture is drawn with: a sheet with north up, the grids of an edition, and how their borders changed."""

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

WIDTH_PX = 1200
MARGIN_PX = 24
#: Room for the legend below the map.
LEGEND_PX = 150
LEGEND_COLUMNS, LEGEND_ROWS = 4, 3
#: Told apart by eyes that see no red or green as well (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666")


class Sheet:
    """Where degrees lie on the sheet: metres per degree of the middle, north up."""

    def __init__(self, shapes: Sequence[BaseGeometry]) -> None:
        bounds: list[float] = shapely.total_bounds(shapes).tolist() if shapes else [0, 0, 1, 1]
        self.west, self.south, self.east, self.north = bounds
        self.lon_m, self.lat_m = metres_per_degree((self.south + self.north) / 2)
        width_m = max((self.east - self.west) * self.lon_m, 1.0)
        self.scale = (WIDTH_PX - 2 * MARGIN_PX) / width_m
        self.height_px = math.ceil((self.north - self.south) * self.lat_m * self.scale) + 2 * MARGIN_PX

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Return pixels from the left and from the top."""
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

    def picture(self, parts: Iterable[str]) -> str:
        """Return the file."""
        height = self.height_px + LEGEND_PX
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height}" width="{WIDTH_PX}"'
            f' height="{height}" font-family="sans-serif" font-size="14">'
            '<rect width="100%" height="100%" fill="#ffffff"/>' + "".join(parts) + "</svg>\n"
        )


def colours_of(codes: Iterable[str]) -> dict[str, str]:
    """Return a colour for each grid; after eight they come again."""
    return {code: COLOURS[number % len(COLOURS)] for number, code in enumerate(sorted(codes))}


def gaining(found: Difference) -> set[str]:
    """Return the codes of grids that are new or gained ground."""
    return {*found.added} | {one.code for one in found.redrawn if not one.gained.is_empty}


def ground(sheet: Sheet, grids: Iterable[GridShape], found: Difference, colours: Mapping[str, str]) -> str:
    """Return the ground that has another grid, in the colour of that grid."""
    gained = [(one.code, one.gained) for one in found.redrawn]
    gained += [(grid.code, grid.geom or MultiPolygon()) for grid in grids if grid.code in found.added]
    return "".join(
        f'<path d="{sheet.path(geom)}" fill="{colours[code]}" fill-opacity="0.35" fill-rule="evenodd"/>'
        for code, geom in gained
        if not geom.is_empty
    )


def borders(sheet: Sheet, shapes: Iterable[BaseGeometry], found: Difference) -> str:
    """Return borders that stay in grey, those that go dashed, new ones thick."""
    drawn = [f'<path d="{"".join(map(sheet.path, shapes))}" fill="none" stroke="#8a8a8a" stroke-width="1.5"/>']
    if not found.borders_gone.is_empty:
        gone = sheet.path(found.borders_gone)
        drawn.append(f'<path d="{gone}" fill="none" stroke="#444444" stroke-width="2" stroke-dasharray="6 5"/>')
    if not found.borders_new.is_empty:
        drawn.append(f'<path d="{sheet.path(found.borders_new)}" fill="none" stroke="#111111" stroke-width="3.5"/>')
    return "".join(drawn)


def labels(sheet: Sheet, grids: Iterable[GridShape], was: Mapping[str, str] | None = None) -> str:
    """Return each grid's code within it; `was` tells the old code of grids that got another."""
    old = was or {}
    return "".join(_label(sheet, grid, old.get(grid.code)) for grid in grids if grid.geom is not None)


def _label(sheet: Sheet, grid: GridShape, old: str | None) -> str:
    place = shapely.point_on_surface(grid.geom)
    x, y = sheet.at(place.x, place.y)
    lines = [grid.code] if old is None else [f"{old} →", grid.code]
    return "".join(
        f'<text x="{x}" y="{round(y + 18 * number, 1)}" text-anchor="middle" stroke="#ffffff" stroke-width="4"'
        f' paint-order="stroke" fill="#222222">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    )


def legend(sheet: Sheet, title: str, lines: Sequence[str], entries: Sequence[tuple[str, str]]) -> str:
    """Return what stands below the map.

    Parameters
    ----------
    title, lines
        One large, two small.
    entries
        A colour and what it means; those that find no room are counted.
    """
    top = sheet.height_px + 20
    drawn = [f'<text x="{MARGIN_PX}" y="{top}" font-size="18" font-weight="bold">{html.escape(title)}</text>']
    drawn += [
        f'<text x="{MARGIN_PX}" y="{top + 24 + 22 * number}">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    room = LEGEND_COLUMNS * LEGEND_ROWS
    shown = entries if len(entries) <= room else entries[: room - 1]
    if len(shown) < len(entries):
        shown = [*shown, ("#ffffff", f"and {len(entries) - len(shown)} more")]
    for number, (colour, meaning) in enumerate(shown):
        row, column = divmod(number, LEGEND_COLUMNS)
        x, y = MARGIN_PX + column * WIDTH_PX // LEGEND_COLUMNS, top + 64 + row * 24
        drawn.append(f'<rect x="{x}" y="{y}" width="16" height="16" fill="{colour}" fill-opacity="0.6"/>')
        drawn.append(f'<text x="{x + 24}" y="{y + 13}">{html.escape(meaning)}</text>')
    return "".join(drawn)
