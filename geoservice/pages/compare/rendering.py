"""How two editions side by side are written: in the frame of every page of staff, the map's drawing, another beside."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Response, url_for

from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import Language
from geoservice.maps.builders import MapFrame, display_name, draw_map
from geoservice.maps.viewing import JurisdictionView
from geoservice.pages.shell.files import asset_url
from geoservice.pages.shell.frame import Place, page
from geoservice.pages.words.catalogue import own_words, words
from geoservice.web.guard import current_identity
from geoservice.web.language import asked_language, page_address
from layers.catalogue import catalogue
from layers.grids.model import Edition
from layers.incidents.layer import INCIDENTS

#: What is drawn below the grids, as far as whoever asks may see it.
GROUND = ("basemap", "buildings")
_MOMENT = timedelta(seconds=1)


def compare_page(jurisdiction: JurisdictionView, editions: Sequence[Edition]) -> Response:
    """Return the page; of the editions those that were published can be chosen."""
    language, nonce, code = asked_language(), secrets.token_urlsafe(18), jurisdiction.code
    now = datetime.now(UTC)
    shown = [_told(one, ZoneInfo(jurisdiction.time_zone), now) for one in editions if _was_in_force(one, now)]
    identity = current_identity()
    frame = MapFrame(
        language=language, nonce=nonce, asset_url=asset_url,
        layers=[id_ for id_ in GROUND if permitted(identity, Permission(catalogue()[id_].read))],
        layer_url=lambda layer: url_for("maps.map_layer", jurisdiction=code, layer=layer),
        tile_set_url=lambda layer: f"/tiles/{quote(code, safe='')}/{layer}.json",
        settings=_settings(code, language, shown),
    )  # fmt: skip
    return page(
        "compare/templates/compare.html", "compare", title=words("compare", language)["title"], nonce=nonce,
        place=Place(code, display_name(jurisdiction, language), jurisdiction.time_zone),
        drawing=draw_map(jurisdiction, frame), editions=shown[::-1],
        map_url=page_address(f"/maps/{quote(code, safe='')}", language),
    )  # fmt: skip


def _was_in_force(edition: Edition, now: datetime) -> bool:
    return (
        edition.status in ("published", "superseded") and edition.valid_from is not None and edition.valid_from <= now
    )


def _told(edition: Edition, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """Return an edition with the instant, and the day, that its counts are of: its last ones, or now."""
    started, ended = edition.valid_from or now, edition.valid_to
    is_over = ended is not None and ended <= now
    # The last whole day in which it alone was in force.
    day = (ended - _MOMENT).astimezone(zone).date() if is_over and ended is not None else None
    if day is not None and ended is not None and ended.astimezone(zone).date() == day:
        day -= timedelta(days=1)
    if day is not None and day < started.astimezone(zone).date():
        day = None
    return {
        "id": edition.id, "title": edition.title, "over": is_over,
        "from_day": str(started.astimezone(zone).date()),
        "at": (ended - _MOMENT).isoformat() if is_over and ended is not None else None,
        "day": None if day is None else str(day),
    }  # fmt: skip


def _settings(code: str, language: Language, editions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    home = quote(code, safe="")
    told_of_incidents = permitted(current_identity(), Permission(INCIDENTS.read))
    return {
        "words": own_words("maps", language) | own_words("compare", language),
        "editions": list(editions),
        "urls": {
            "grids": "/v1/editions/",
            "lineage": url_for("compare.lineage", jurisdiction=code),
            "population": f"/v1/statistics/population?jurisdiction={home}",
            "incidents": url_for("maps.map_incidents", jurisdiction=code) if told_of_incidents else "",
        },
    }  # fmt: skip
