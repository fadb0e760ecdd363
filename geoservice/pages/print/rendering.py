"""How printed maps and their files are written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal
from urllib.parse import quote

from flask import Response

from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import HTML_LANG
from geoservice.maps.sheets.frame import SCALES
from geoservice.maps.sheets.paper import ORIENTATIONS, SIZES, layout
from geoservice.maps.sheets.symbols import icon_definitions
from geoservice.maps.specs import style_title
from geoservice.pages.desk.rendering import place_of
from geoservice.pages.print.address import FILTERS, MOST_SHEETS, PrintAddress
from geoservice.pages.print.letters import letters_of
from geoservice.pages.print.matters import IN_HAND
from geoservice.pages.print.sheets import Print
from geoservice.pages.shell.files import PAGES
from geoservice.pages.shell.frame import TEMPLATES, page
from geoservice.pages.words.catalogue import words
from geoservice.services.mapping import MapService
from geoservice.services.sheets import SheetService
from geoservice.web.guard import current_identity
from geoservice.web.sessions import signed_in
from geoservice.writing.chromium import find_chromium, pdf_of, png_of
from layers.catalogue import Drawn, styles

#: Pixels of a screen in a millimetre: 96 in an inch.
_PX = 96 / 25.4
#: Grids that a list of choices has; of more the code stands in the address.
_MOST_CHOICES = 400
_TYPES = {"pdf": "application/pdf", "png": "image/png"}


def print_of(address: PrintAddress, sheets: SheetService, mapping: MapService) -> Print:
    """Return what an address asks to have printed; refuse what can not be understood of it."""
    asked, session = address.asked, signed_in()
    town, chosen = sheets.town(address.jurisdiction), _chosen(asked.layers)
    is_drawn = any(style.id == IN_HAND for _, style in chosen)
    in_hand = mapping.every_in_hand(address.jurisdiction, identity=current_identity()) if is_drawn else None
    login = "" if session is None else session.login
    return Print(address, asked, town, chosen, datetime.now(UTC), in_hand, login)


def print_page(printed: Print, sheets: SheetService) -> Response:
    """Return the page: what can be chosen, for the screen, and the sheets as they come out of a printer."""
    address, asked = printed.address, printed.asked
    said = words("print", address.language)
    return page(
        "print/templates/print.html", "print", title=said["title"],
        place=place_of(printed.town.jurisdiction, address.language), address_of=address.url, asked=asked,
        sheets=list(printed.svgs(sheets)), icons=icon_definitions(), paper=f"{asked.paper}-{asked.orientation}",
        sizes=SIZES, orientations=ORIENTATIONS, scales=SCALES, layers=_layer_choices(printed),
        filters={name: printed.address.said[name] for name in FILTERS if name in printed.address.said},
        all_url=address.url("", **dict.fromkeys(FILTERS)), grids=_grid_choices(printed),
        parts=_parts(printed), total=printed.sheets, numbers=printed.numbers,
        has_files=find_chromium() is not None,
    )  # fmt: skip


def print_file(printed: Print, sheets: SheetService, kind: Literal["pdf", "png"]) -> Response:
    """Return the sheets as one PDF, or the first of them as a picture."""
    paper = layout(printed.asked.paper, printed.asked.orientation)
    if kind == "pdf":
        body = pdf_of(lambda: _document(printed, printed.svgs(sheets)))
    else:
        first = islice(printed.svgs(sheets), 1)
        body = png_of(lambda: _document(printed, first), round(paper.width * _PX), round(paper.height * _PX))
    name = quote(f"{printed.town.jurisdiction.code}-{_subject(printed)}.{kind}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return Response(body, content_type=_TYPES[kind], headers=headers)


def _subject(printed: Print) -> str:
    """Return what a file shows, for its name: several of them may lie in one folder."""
    if printed.asked.atlas:
        return "atlas" if printed.numbers.start == 1 else f"atlas-{printed.numbers.start}"
    return printed.asked.grid or ("view" if printed.asked.map else "map")


def _document(printed: Print, svgs: Iterable[str]) -> str:
    style = (PAGES / "print" / "static" / "styles" / "sheets.css").read_text(encoding="utf-8")
    drawn = list(svgs)
    return TEMPLATES.get_template("print/templates/document.html").render(
        style=letters_of(drawn) + style, icons=icon_definitions(), sheets=drawn,
        paper=f"{printed.asked.paper}-{printed.asked.orientation}", lang=HTML_LANG[printed.address.language],
        title=printed.town.jurisdiction.name,
    )  # fmt: skip


def _may_draw() -> list[Drawn]:
    identity = current_identity()
    return [one for one in styles() if permitted(identity, Permission(one[0].read))]


def _chosen(ids: tuple[str, ...] | None) -> list[Drawn]:
    """Return the styles that are asked for, of those that whoever asks may see; without a word those of a map."""
    return [one for one in _may_draw() if (one[1].shown if ids is None else one[1].id in ids)]


def _layer_choices(printed: Print) -> list[dict[str, Any]]:
    drawn = {style.id for _, style in printed.styles}
    return [
        {"id": style.id, "title": style_title(layer, style, printed.address.language), "on": style.id in drawn}
        for layer, style in reversed(_may_draw())
    ]


def _grid_choices(printed: Print) -> list[tuple[str, str]]:
    if len(printed.town.grids) > _MOST_CHOICES:
        return []
    english = printed.address.language == "en"
    return [
        (grid["code"], f"{grid['code']} {(grid['name_en'] if english else None) or grid['name'] or ''}".strip())
        for grid in printed.town.grids
    ]


def _parts(printed: Print) -> list[dict[str, Any]]:
    """Return the parts of an atlas that is too large to be made at once."""
    if printed.sheets <= MOST_SHEETS:
        return []
    return [
        {"first": first, "last": min(first + MOST_SHEETS - 1, printed.sheets),
         "url": printed.address.url(sheet=str(first)), "here": first == printed.numbers.start}
        for first in range(1, printed.sheets + 1, MOST_SHEETS)
    ]  # fmt: skip
