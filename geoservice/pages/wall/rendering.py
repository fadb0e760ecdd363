"""How the wall is written: the map's drawing and the figures' charts, with nobody's words."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote

from flask import Response, request, url_for

from geoservice.domain.languages import Language
from geoservice.maps.builders import MapFrame, display_name, draw_map
from geoservice.maps.viewing import JurisdictionView
from geoservice.pages.figures import charts
from geoservice.pages.figures.address import FiguresAddress
from geoservice.pages.figures.links import Links
from geoservice.pages.figures.rendering import FIRST, days_of
from geoservice.pages.figures.tables import NumberSpeaker, numbers, tables
from geoservice.pages.maps.rendering import in_hand_values
from geoservice.pages.shell.files import asset_url, pages_version
from geoservice.pages.shell.frame import Place, fragment, page
from geoservice.pages.shell.telling import moment
from geoservice.pages.words.catalogue import own_words, words
from geoservice.services.figures import Figures
from geoservice.services.mapping import InHandPage
from geoservice.web.language import asked_language
from geoservice.web.sessions import SIGN_IN, signed_in
from layers.incidents.layer import STATUS_COLOURS, STATUSES

#: Below what is in hand, which is no layer of folium's: the ground, and whose it is.
LAYERS = ("basemap", "buildings", "grids")
#: Seconds that a view stays when nothing else is said, and what can be chosen.
PERIOD_S = 20
PERIODS_S = (10, 20, 30, 60, 120)
#: Grids that have a bar; the table beside has the others.
_BARS_MOST = 8


def wall_page(jurisdiction: JurisdictionView, stream: str) -> Response:
    """Return the page; `stream` is the address of the events."""
    language, nonce, code = asked_language(), secrets.token_urlsafe(18), jurisdiction.code
    frame = MapFrame(
        language=language, nonce=nonce, asset_url=asset_url, layers=LAYERS,
        layer_url=lambda layer: url_for("maps.map_layer", jurisdiction=code, layer=layer),
        tile_set_url=lambda layer: f"/tiles/{quote(code, safe='')}/{layer}.json",
        settings=_settings(code, language),
    )  # fmt: skip
    return page(
        "wall/templates/wall.html", "wall", title=words("wall", language)["title"], stream=stream, nonce=nonce,
        place=Place(code, display_name(jurisdiction, language), jurisdiction.time_zone),
        drawing=draw_map(jurisdiction, frame), version=pages_version(), theme=_theme(),
        periods=PERIODS_S, attribution=jurisdiction.attribution or "",
        map_url=f"/maps/{quote(code, safe='')}",
        statuses=[(status, STATUSES[status].text(language)) for status in STATUS_COLOURS],
    )  # fmt: skip


def _theme() -> Literal["dark", "light"]:
    """Return what the address says: what somebody likes at his desk does not count here."""
    return "light" if request.args.get("theme") == "light" else "dark"


def _settings(code: str, language: Language) -> dict[str, Any]:
    return {
        "words": own_words("maps", language) | own_words("wall", language),
        "period_s": PERIOD_S,
        "street_names": False,  # nobody reads them from there
        "urls": {
            "incidents": url_for("wall.incidents", jurisdiction=code, lang=language),
            "figures": url_for("wall.figures", jurisdiction=code, lang=language),
            "sign_in": SIGN_IN,
        },
        "icons": asset_url("static/icons/"),
    }


def shown_values(told: InHandPage, language: Language) -> dict[str, Any]:
    """Return what is in hand as JSON values for a screen that guests see.

    Where somebody reported what is nobody's business, and what it is about, is kept back; it is counted all the same.
    """
    matters = tuple(one._replace(lon=None, lat=None) if one.sensitive else one for one in told.matters)
    values = in_hand_values(replace(told, matters=matters))
    if told.legend is not None:
        kept_back = words("wall", language)["kept_back"]
        values["services"] |= {one.code: [kept_back, kept_back] for one in told.legend.services if one.sensitive}
        values["officers"] = {}
    return values


def wall_figures(week: FiguresAddress, figures: Figures) -> Response:
    """Return the figures of the week, which the page puts in their place; and until when it is signed in."""
    said = words("figures", week.language)
    tell = NumberSpeaker(figures, Links(week, figures, opens_desk=False), said, week.language)
    every = numbers(tell)
    made = tables(tell, every)
    barred = replace(made["grids"], rows=made["grids"].rows[:_BARS_MOST])
    session, zone = signed_in(), Place("", "", figures.jurisdiction.time_zone).zone
    until = None if session is None else session.ends_at
    return fragment(
        "wall/templates/figures.html", "figures", first=[one for one in every if one.name in FIRST],
        bars=charts.bars_of(barred), lines=charts.lines_of(made["time"]), chart=charts, tables=made,
        barred=len(barred.rows), span_words=days_of(figures.span), version=pages_version(),
        until=None if until is None else {"seconds": int(until.timestamp()), "told": moment(until, zone, figures.now)},
        own=words("wall", week.language),
    )  # fmt: skip
