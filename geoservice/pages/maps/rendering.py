"""How the map page is written: the frame of every page of staff, folium's drawing in the midst."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote

from flask import Response, url_for

from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import Language
from geoservice.domain.spans import MOST_DAYS
from geoservice.maps.builders import MapFrame, counted, display_name, draw_map, drawn_layers, figures
from geoservice.maps.specs import panel_groups
from geoservice.maps.viewing import JurisdictionView
from geoservice.pages.shell.files import asset_url
from geoservice.pages.shell.frame import Place, page
from geoservice.pages.words.catalogue import own_words, words
from geoservice.services.mapping import AsOfPage, InHandPage, Legend
from geoservice.web.files import packed
from geoservice.web.guard import current_identity
from geoservice.web.json import dumps
from geoservice.web.language import asked_language
from layers.incidents.as_of import IncidentAsOf
from layers.incidents.in_hand import InHand
from layers.incidents.layer import INCIDENTS, SOURCES, STATUSES

#: Whoever hears no events is brought up to date so often.
ASKED_EVERY_S = 30
#: Statuses of what is in hand, in the order of the legend.
OPEN = ("reported", "dispatched", "accepted", "resolved", "returned")
#: Figures that grids may be coloured by. None of them is about whoever serves there: nobody is ranked.
SHADES = ("in_hand", "late", "resolve_minutes", "households", "floating", "rating")
#: Older than so many days: what the map can be narrowed to.
AGES = (1, 3, 7, 30)


def map_page(jurisdiction: JurisdictionView, layers: Collection[str], stream: str) -> Response:
    """Return the page.

    Parameters
    ----------
    layers
        Ids of those that whoever asks may see.
    stream
        Address of the events; empty: there are none.
    """
    language, nonce = asked_language(), secrets.token_urlsafe(18)
    code = jurisdiction.code
    frame = MapFrame(
        language=language, nonce=nonce, asset_url=asset_url, layers=layers,
        layer_url=lambda layer: url_for("maps.map_layer", jurisdiction=code, layer=layer),
        tile_set_url=lambda layer: f"/tiles/{quote(code, safe='')}/{layer}.json",
        settings=_settings(code, language),
    )  # fmt: skip
    said = words("maps", language)
    return page(
        "maps/templates/maps.html", "maps", title=said["title"], stream=stream, nonce=nonce,
        place=Place(code, display_name(jurisdiction, language), jurisdiction.time_zone),
        drawing=draw_map(jurisdiction, frame), groups=panel_groups(drawn_layers(layers), language),
        figures=[(key, counted(count)) for key, count in figures(jurisdiction.statistics).items()],
        statuses=_titles(STATUSES, language, OPEN), sources=_titles(SOURCES, language, tuple(SOURCES)), ages=AGES,
        shades=SHADES if "figures" in layers else (), told_of_incidents="incidents" in layers,
        knows_staff=permitted(current_identity(), Permission.READ_INCIDENTS),
        edit_url=f"/maps/{quote(code, safe='')}/edit" if permitted(current_identity(), Permission.READ_DRAFTS) else "",
        compare_url=f"/maps/{quote(code, safe='')}/compare" if "grids" in layers else "",
        print_url=f"/maps/{quote(code, safe='')}/print" if permitted(current_identity(), Permission.PRINT_MAPS) else "",
        wall_url=f"/maps/{quote(code, safe='')}/wall" if permitted(current_identity(), Permission.VIEW_FIGURES) else "",
    )  # fmt: skip


def _settings(code: str, language: Language) -> dict[str, Any]:
    return {
        "words": own_words("maps", language),
        "asked_every_s": ASKED_EVERY_S,
        # How many past days can be looked at together: none by whoever is not told of incidents.
        "days": MOST_DAYS if permitted(current_identity(), Permission(INCIDENTS.read)) else 0,
        "urls": {
            "figures": url_for("maps.map_figures", jurisdiction=code),
            "figures_per_grid": url_for("maps.map_layer", jurisdiction=code, layer="figures"),
            "incidents": url_for("maps.map_incidents", jurisdiction=code),
            "basemaps": url_for("maps.show", jurisdiction=code) + "/basemaps.json",
            "place": "/v1/place",
            "owner": "/v1/owner",
            "search": "/v1/search",
            "desk": f"/desk/{quote(code, safe='')}/incidents/"
            if permitted(current_identity(), Permission.USE_DESK) else "",
        },
        "icons": asset_url("static/icons/"),
    }  # fmt: skip


def _titles(titles: Mapping[str, Any], language: Language, values: Collection[str]) -> list[tuple[str, str]]:
    return [(value, titles[value].text(language)) for value in values]


#: What is told of each incident, in hand or as of an instant that is past, in the order of its values.
_COLUMNS: dict[str, Callable[[InHand | IncidentAsOf], object]] = {
    "id": lambda one: str(one.id),
    "lon": lambda one: None if one.lon is None else round(one.lon, 7),
    "lat": lambda one: None if one.lat is None else round(one.lat, 7),
    "status": lambda one: one.status,
    "service": lambda one: one.service_code,
    "source": lambda one: one.source,
    "grid": lambda one: one.grid_code,
    "reported": lambda one: int(one.reported_at.timestamp()),
    "late": lambda one: one.late,
    "officer": lambda one: one.officer_code,
}
#: What is told beside it of each matter in hand.
_COLUMNS_IN_HAND: dict[str, Callable[[InHand], object]] = {
    **_COLUMNS,
    "due": lambda one: None if one.expected_at is None else int(one.expected_at.timestamp()),
    "stands": lambda one: one.stands,
}


def in_hand_values(told: InHandPage) -> dict[str, Any]:
    """Return what is in hand as JSON values: rows of values, instants in seconds since 1970."""
    values: dict[str, Any] = {
        "columns": list(_COLUMNS_IN_HAND),
        "rows": [[value_of(one) for value_of in _COLUMNS_IN_HAND.values()] for one in told.matters],
        "next": None if told.next is None else str(told.next),
        "soon_before": {code: int(instant.timestamp()) for code, instant in told.soon_before.items()},
    }
    return values | _legend_values(told.legend)


def _legend_values(legend: Legend | None) -> dict[str, Any]:
    if legend is None:
        return {}
    return {
        "total": legend.total,
        "services": {one.code: [one.name, one.name_en] for one in legend.services},
        "officers": {one.code: one.call_sign for one in legend.staff},
    }


#: What is told beside it as of an instant that is past: which of the three it is.
_COLUMNS_AS_OF: dict[str, Callable[[IncidentAsOf], object]] = {
    **_COLUMNS,
    "in_hand": lambda one: one.in_hand,
    "closed": lambda one: None if one.closed_at is None else int(one.closed_at.timestamp()),
}


def as_of_values(told: AsOfPage) -> dict[str, Any]:
    """Return incidents as of days that are past as JSON values; since and until in seconds since 1970."""
    values: dict[str, Any] = {
        "columns": list(_COLUMNS_AS_OF),
        "rows": [[value_of(one) for value_of in _COLUMNS_AS_OF.values()] for one in told.incidents],
        "next": None if told.next is None else str(told.next),
        "since": int(told.period.since.timestamp()),
        "until": told.period.until.timestamp(),
        "as_of": told.period.until.isoformat(),
    }
    return values | _legend_values(told.legend)


def in_hand_answer(values: Mapping[str, Any]) -> Response:
    """Return such values as an answer that nobody keeps."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return packed(Response(dumps(values), content_type="application/json", headers=headers))
