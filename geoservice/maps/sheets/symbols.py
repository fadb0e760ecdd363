"""How features look on paper: SVG in millimetres, from the styles of the catalogue."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from layers.layer import Layer
from layers.style import MARKS, Paint, Style

ICONS = Path(__file__).parents[1] / "static" / "icons"
#: Millimetres on paper of what a style says in pixels: lines are read from nearer than on a screen, and print finer.
LINE_MM, POINT_MM = 0.2, 0.2
ICON_MM = 3.6
_THINNEST_MM = 0.1
#: An outline that parts points from any ground, also in grey.
INK = "#1f2d3d"
#: What is finer is no more seen.
_FINE_MM = 0.02
#: Colour and width of the ring around a mark, by how its matter is due; dark, as paper is light.
RINGS: Mapping[str, tuple[str, float]] = {"late": ("#a11d1d", 0.5), "soon": ("#8a5a00", 0.4)}
#: How wide the ring of what is late is open, radians.
_NOTCH = 0.7
_HEAD = re.compile(r"^<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>|</svg>\s*$")


def shown_rows(style: Style, rows: Sequence[Mapping[str, Any]], off: Collection[str] = ()) -> np.ndarray:
    """Return which features a style shows, (n,) of bool; `off` are values of it that are switched off."""
    return np.array(
        [(not style.only or row.get(style.by) in style.only) and str(row.get(style.by)) not in off for row in rows],
        dtype=bool,
    )


def paint_of(style: Style, row: Mapping[str, Any]) -> Paint:
    """Return how a style paints a feature."""
    return {**style.paint, **style.paints.get(str(row.get(style.by)), {})} if style.by else style.paint


def drawn(style: Style, rows: Sequence[Mapping[str, Any]], geoms: np.ndarray, scale: int) -> Iterator[str]:
    """Yield what draws the features of a layer.

    Parameters
    ----------
    rows, geoms
        Those that the style shows; (n,) shapes in millimetres of paper.
    scale
        Millimetres of ground in one of paper.
    """
    if style.symbol in ("circle", "icon"):
        yield from _points(style, rows, geoms)
        return
    alike: dict[str, list[Any]] = {}
    for row, geom in zip(rows, geoms, strict=True):
        is_line = shapely.get_dimensions(geom) == 1
        alike.setdefault(_attributes(paint_of(style, row), scale, is_line=is_line), []).append(geom)
    for attributes, some in alike.items():
        path = path_of(np.array(some, dtype=object))
        if path:
            yield f'<path d="{path}" {attributes}/>'


def path_of(geoms: np.ndarray) -> str:
    """Return an SVG path of areas and lines; holes turn the other way round than what is around them."""
    seen = shapely.simplify(geoms, _FINE_MM, preserve_topology=True)
    parts = shapely.get_parts(shapely.orient_polygons(seen[~shapely.is_empty(seen)]))
    rings, closed = [], []
    for part in parts:
        if shapely.get_type_id(part) == shapely.GeometryType.POLYGON:
            some = shapely.get_rings(part)
            rings += list(some)
            closed += [True] * len(some)
        elif shapely.get_dimensions(part) == 1:
            rings.append(part)
            closed.append(False)
    return "".join(_line(ring) + ("Z" if ends else "") for ring, ends in zip(rings, closed, strict=True))


def _line(line: Any) -> str:
    places = np.round(shapely.get_coordinates(line), 2).tolist()
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in places)


def _points(style: Style, rows: Sequence[Mapping[str, Any]], geoms: np.ndarray) -> Iterator[str]:
    for row, geom in zip(rows, geoms, strict=True):
        for x, y in np.round(shapely.get_coordinates(shapely.centroid(geom)), 2).tolist():
            yield point_mark(style, row, x, y)


def point_mark(style: Style, row: Mapping[str, Any], x: float, y: float) -> str:
    """Return a point's mark at a place of the paper."""
    if style.symbol == "icon":
        half = ICON_MM / 2
        name = icon_name(str(row.get(style.by)))
        return f'<use href="#icon-{name}" x="{x - half:g}" y="{y - half:g}" width="{ICON_MM}" height="{ICON_MM}"/>'
    paint = paint_of(style, row)
    count = row.get(style.scale_by) if style.scale_by else None
    radius = 0.6 * math.sqrt(count) if count else float(paint.get("radius", 4)) * POINT_MM
    fill = f'fill="{paint.get("fillColor", "#ffffff")}" fill-opacity="{paint.get("fillOpacity", 1)}"'
    place = f'transform="translate({x:g} {y:g}) scale({radius:.2f})"'
    path = MARKS[str(paint.get("mark", "circle"))].path
    mark = f'<path d="{path}" {place} {fill} stroke="{INK}" stroke-width="{0.2 / radius:.3f}" stroke-linejoin="round"/>'
    return mark + ring_mark(str(row.get("due", "")), radius, x, y)


def ring_mark(due: str, radius: float, x: float, y: float) -> str:
    """Return the ring around a mark, as maps on screens have it: late with a notch at one o'clock, due soon broken."""
    if due not in RINGS:
        return ""
    r = radius + 0.75
    colour, width = RINGS[due]
    place = f'cx="{x:g}" cy="{y:g}" r="{r:.2f}" fill="none" stroke="{colour}" stroke-width="{width}"'
    around = 2 * math.pi * r
    notch = around * _NOTCH / (2 * math.pi)
    dashes = f"{around - notch:.2f} {notch:.2f}" if due == "late" else "0.8 0.55"
    turn = f' transform="rotate({math.degrees(_NOTCH / 2) - 60:.1f} {x:g} {y:g})"' if due == "late" else ""
    return f'<circle class="ring-{due}" {place} stroke-dasharray="{dashes}"{turn}/>'


def area_sample(style: Style, row: Mapping[str, Any], x: float, y: float) -> str:
    """Return a little area, 6 by 4 mm, as a style paints a feature, for the legend; of a line one of its colour."""
    paint = paint_of(style, row)
    colour = paint.get("fillColor" if paint.get("fill", True) else "color", "none")
    edge = paint.get("color", "none") if paint.get("stroke", True) and paint.get("fill", True) else "none"
    opacity = f' fill-opacity="{paint["fillOpacity"]}"' if float(paint.get("fillOpacity", 1)) != 1 else ""
    place = f'x="{x:g}" y="{y:g}" width="6" height="4"'
    return (
        f'<rect {place} fill="{colour}"{opacity} stroke="{edge}" stroke-width="0.4"/>'
        f'<rect {place} fill="none" stroke="{INK}" stroke-width="0.1"/>'
    )


def _attributes(paint: Paint, scale: int, *, is_line: bool) -> str:
    fill, stroke = "none", "none"
    if not is_line and paint.get("fill", True):
        fill = str(paint.get("fillColor", "none"))
    if paint.get("stroke", True) or is_line:
        stroke = str(paint.get("color", "none"))
    width = float(paint.get("weight", 1)) * LINE_MM
    if "width_m" in paint and is_line:
        width = float(paint["width_m"]) * 1000 / scale
    said = f'fill="{fill}" stroke="{stroke}" stroke-width="{max(width, _THINNEST_MM):.2f}" stroke-linejoin="round"'
    for name, key in (("fill-opacity", "fillOpacity"), ("stroke-opacity", "opacity")):
        if float(paint.get(key, 1)) != 1:
            said += f' {name}="{paint[key]}"'
    return said


def icon_name(value: str) -> str:
    """Return the icon of a value; `other` for one that has none."""
    return value if value.isidentifier() and (ICONS / f"{value}.svg").is_file() else "other"


@cache
def icon_definitions() -> str:
    """Return every icon as a symbol that `use` names, once for a document."""
    return "".join(_symbol(path) for path in sorted(ICONS.glob("*.svg")))


def _symbol(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    head = _HEAD.match(text)
    box = head[1] if head else "0 0 26 26"
    return f'<symbol id="icon-{path.stem}" viewBox="{box}">{_HEAD.sub("", text)}</symbol>'


def values_seen(layer: Layer, style: Style, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the values that a legend has to tell apart: those that are told, or painted, of their own, and occur."""
    if not style.by:
        return []
    told = style.legend or (*style.paints, *(() if style.only else layer.column(style.by).codes))
    there = {str(row.get(style.by)) for row in rows}
    return [value for value in dict.fromkeys(told) if value in there]
