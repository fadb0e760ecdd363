"""One printed sheet: title, map, key; SVG in millimetres, as wide as the paper."""

from __future__ import annotations

import html
from collections.abc import Iterator

from geoservice.maps.sheets.contents import SheetMap
from geoservice.maps.sheets.key import key
from geoservice.maps.sheets.map_area import map_area
from geoservice.maps.sheets.texts import SMALL_MM, TEXT_MM, text_at

_TITLE_MM = 7.5


def sheet(shown: SheetMap) -> str:
    """Return the whole sheet as one SVG."""
    page = shown.layout
    parts = [*_title(shown), *map_area(shown), *key(shown)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="paper" viewBox="0 0 {page.width:g} {page.height:g}"'
        f' data-scale="{shown.frame.scale}" role="img" aria-label="{html.escape(shown.said.title, quote=True)}">'
        f'<rect width="{page.width:g}" height="{page.height:g}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _title(shown: SheetMap) -> Iterator[str]:
    box, said, narrowed = shown.layout.title, shown.said, shown.head
    title, subtitle = (6.2, 10.4) if narrowed else (8, 14)
    yield text_at(box.left, box.top + title, said.title, _TITLE_MM, bold=True, room=48 if shown.is_wide else 22)
    yield text_at(box.left, box.top + subtitle, said.subtitle, TEXT_MM, room=90 if shown.is_wide else 44)
    for number, line in enumerate(narrowed):
        yield text_at(box.left, box.top + 13.5 + number * 2.8, line, SMALL_MM, bold=True, room=200)
    for number, line in enumerate(said.printed):
        yield text_at(box.right, box.top + 4 + number * 4, line, SMALL_MM, anchor="end")
