"""One printed sheet: title, map, key; SVG in millimetres, as wide as the paper."""

from __future__ import annotations

import html
from collections.abc import Iterator

from geoservice.maps.sheets.contents import SheetMap
from geoservice.maps.sheets.key import key
from geoservice.maps.sheets.map_area import map_area
from geoservice.maps.sheets.texts import SMALL_MM, TEXT_MM, text_at

_TITLE_MM = 7.5
#: From this width on a title has room for more letters.
_WIDE_MM = 250


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
    box, said = shown.layout.title, shown.said
    yield text_at(box.left, box.top + 8, said.title, _TITLE_MM, bold=True, room=48 if box.width > _WIDE_MM else 22)
    yield text_at(box.left, box.top + 14, said.subtitle, TEXT_MM, room=90 if box.width > _WIDE_MM else 44)
    for number, line in enumerate(said.printed):
        yield text_at(box.right, box.top + 4 + number * 4, line, SMALL_MM, anchor="end")
