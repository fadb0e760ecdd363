"""What every picture is drawn with: a sheet with north up, the grids of an edition, and how their borders changed."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.diff import Difference
from layers.geometry import metres_per_degree
from layers.grids.model import GridShape

WIDTH_PX = 1200
MARGIN_PX = 24
#: Of a map that is longer than wide; it is drawn smaller then.
MAP_HEIGHT_PX = 1600
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
        height_m = max((self.north - self.south) * self.lat_m, 1.0)
        room_px = 2 * MARGIN_PX
        self.scale = min((WIDTH_PX - room_px) / width_m, (MAP_HEIGHT_PX - room_px) / height_m)
        self.height_px = math.ceil(height_m * self.scale) + room_px

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


def colours_of(codes: Iterable[str], grids: Sequence[GridShape]) -> dict[str, str]:
    """Return a colour for each grid; they come again, but beside each other only where it can not be helped."""
    shapes = {grid.code: grid.geom for grid in grids if grid.geom is not None}
    chosen: dict[str, str] = {}
    for number, code in enumerate(sorted(codes)):
        turn = [COLOURS[(number + step) % len(COLOURS)] for step in range(len(COLOURS))]
        others = [other for other in chosen if other in shapes]
        meets = shapely.intersects(shapes[code], [shapes[other] for other in others]) if code in shapes else []
        beside = {chosen[other] for other, near in zip(others, meets, strict=False) if near}
        chosen[code] = next((colour for colour in turn if colour not in beside), turn[0])
    return chosen


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


def fitted(words: str, size_px: int, room_px: int) -> str:
    """Return words cut where they would run out of their room; how wide letters are is guessed, rather too wide."""
    left = float(room_px)
    for place, letter in enumerate(words):
        left -= size_px * (1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.62)
        if left < 0:
            return words[: max(place - 2, 0)].rstrip(" ,") + " …"
    return words


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
    room_px = WIDTH_PX - 2 * MARGIN_PX
    head = html.escape(fitted(title, 18, room_px))
    drawn = [f'<text x="{MARGIN_PX}" y="{top}" font-size="18" font-weight="bold">{head}</text>']
    drawn += [
        f'<text x="{MARGIN_PX}" y="{top + 24 + 22 * number}">{html.escape(fitted(line, 14, room_px))}</text>'
        for number, line in enumerate(lines)
    ]
    entry_px = room_px // LEGEND_COLUMNS - 24
    room = LEGEND_COLUMNS * LEGEND_ROWS
    shown = entries if len(entries) <= room else entries[: room - 1]
    if len(shown) < len(entries):
        shown = [*shown, ("#ffffff", f"and {len(entries) - len(shown)} more")]
    for number, (colour, meaning) in enumerate(shown):
        row, column = divmod(number, LEGEND_COLUMNS)
        x, y = MARGIN_PX + column * WIDTH_PX // LEGEND_COLUMNS, top + 64 + row * 24
        drawn.append(f'<rect x="{x}" y="{y}" width="16" height="16" fill="{colour}" fill-opacity="0.6"/>')
        drawn.append(f'<text x="{x + 24}" y="{y + 13}">{html.escape(fitted(meaning, 14, entry_px))}</text>')
    return "".join(drawn)
