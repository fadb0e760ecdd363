"""The key of a sheet: where it is, what its grid has, what the signs mean, the scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from geoservice.maps.sheets.contents import SheetMap
from geoservice.maps.sheets.marginalia import key_map, north_arrow, scale_bar
from geoservice.maps.sheets.paper import Box
from geoservice.maps.sheets.symbols import area_sample, point_mark, ring_mark, values_seen
from geoservice.maps.sheets.texts import SMALL_MM, TEXT_MM, folded, text_at
from geoservice.maps.specs import style_title
from layers.catalogue import Drawn

#: Between lines, and letters that have room in one of 60 mm.
_LINE_MM, _LETTERS = 5.2, 30
_FACT_MM, _SMALL_LINE_MM = 4.3, 3.6
_FOOT_MM = 34
_COLUMN_MM, _APART_MM = 58, 6


def key(shown: SheetMap) -> Iterator[str]:
    """Yield the key: in one column beside the map, in up to three below it."""
    box = shown.layout.key
    if shown.layout.orientation == "landscape":
        foot = Box(box.left, box.bottom - _FOOT_MM, box.width, _FOOT_MM)
        about, below = _about(shown, Box(box.left, box.top, box.width, box.height))
        legend = Box(box.left, below, box.width, foot.top - below - 2)
    else:
        foot = Box(box.right - 62, box.bottom - _FOOT_MM, 62, _FOOT_MM)
        about, below = _about(shown, Box(box.left, box.top, _COLUMN_MM, box.height))
        left = box.left if below == box.top else box.left + _COLUMN_MM + _APART_MM
        legend = Box(left, box.top, _COLUMN_MM, box.height)
    yield from about
    yield from _legend(shown, legend)
    yield from _foot(shown, foot)


def _about(shown: SheetMap, box: Box) -> tuple[list[str], float]:
    """Return what tells of the grid that the sheet is about, and where on paper it ends."""
    said, y = shown.said, box.top
    drawn: list[str] = []
    if shown.chosen is None:
        return drawn, y
    if len(shown.geoms) > 1:
        height = 32 if shown.layout.orientation == "portrait" else 42
        drawn = [text_at(box.left, y + 4, said.key_map, TEXT_MM, bold=True)]
        drawn.append(key_map(shown.geoms, shown.chosen, shown.frame.srid, Box(box.left, y + 6, box.width, height)))
        y += height + 8
    for name, figure in said.facts:
        lines = folded(figure, letters=24) or [""]
        drawn.append(text_at(box.left, y + 4, name, SMALL_MM, room=24))
        for number, line in enumerate(lines):
            drawn.append(
                text_at(box.right, y + 4 + number * _SMALL_LINE_MM, line, SMALL_MM, bold=True, anchor="end")
            )  # fmt: skip
        y += _FACT_MM + (len(lines) - 1) * _SMALL_LINE_MM
    return drawn, y + 2


def _legend(shown: SheetMap, box: Box) -> Iterator[str]:
    """Yield what is drawn, and its sign; what has no room is counted, and what is too much to be drawn is told."""
    yield text_at(box.left, box.top + 4, shown.said.legend, TEXT_MM, bold=True)
    missing = [part for line in shown.missing for part in folded(line)]
    entries = list(_entries(shown))
    rows = max(int((box.height - 6 - len(missing) * _SMALL_LINE_MM) // _LINE_MM), 2)
    columns = 2 if len(entries) > rows else 1
    y = box.top + 7
    room = rows * columns
    told = entries if len(entries) <= room else entries[: room - 1]
    for number, (symbol, text) in enumerate(told):
        column, row = divmod(number, rows)
        left, top = box.left + column * box.width / 2, y + row * _LINE_MM
        yield f'<g transform="translate({left:g} {top:g})">{symbol}</g>'
        yield text_at(left + 8, top + 3.2, text, SMALL_MM, room=_LETTERS // columns)
    if len(told) < len(entries):
        column, row = divmod(len(told), rows)
        yield text_at(
            box.left + column * box.width / 2, y + row * _LINE_MM + 3.2, f"+ {len(entries) - len(told)}", SMALL_MM
        )
    top = y + min(len(told) + (len(told) < len(entries)), rows) * _LINE_MM + 2
    for number, line in enumerate(missing):
        yield text_at(box.left, top + 2 + number * _SMALL_LINE_MM, line, SMALL_MM, room=200)


def _entries(shown: SheetMap) -> Iterator[tuple[str, str]]:
    """Yield the signs of what is on the sheet, the highest first, and what each means."""
    for one in reversed(shown.styles):
        layer, style = one
        rows, _ = shown.seen(one)
        if not rows:
            continue
        values = values_seen(layer, style, rows)
        if not values or (style.symbol != "icon" and not style.legend and layer.id != "basemap"):
            yield _sample(one, rows[0]), style_title(layer, style, shown.language)
        titles = layer.column(style.by).codes if style.by else {}
        for value in values if style.legend or layer.id == "basemap" or style.symbol == "icon" else ():
            row = next(row for row in rows if str(row.get(style.by)) == value)
            yield _sample(one, {**row, "due": ""}), titles[value].text(shown.language) if value in titles else value
        for due in sorted({str(row.get("due")) for row in rows} & shown.said.rings.keys()):
            yield ring_mark(due, 0.9, 3, 2), shown.said.rings[due]


def _sample(one: Drawn, row: Mapping[str, Any]) -> str:
    _, style = one
    if style.symbol in ("circle", "icon"):
        return point_mark(style, {**row, style.scale_by: 4} if style.scale_by else row, 3, 2)
    return area_sample(style, row, 0, 0)


def _foot(shown: SheetMap, box: Box) -> Iterator[str]:
    said, frame = shown.said, shown.frame
    yield text_at(box.left, box.top + 5, said.scale, TEXT_MM, bold=True)
    yield scale_bar(frame.scale, box.left + 1, box.top + 12)
    yield north_arrow(frame, box.right - 5, box.top + 8)
    lines = [*folded(said.crs), *folded(said.attribution)]
    for number, line in enumerate(lines[:4]):
        yield text_at(box.left, box.top + 20 + number * 3.8, line, SMALL_MM, room=200)
