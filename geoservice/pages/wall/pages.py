"""The wall over HTTP: the page, what is in hand for it, and the figures of the week; each behind the guard.

The map's own addresses tell a visitor what visitors may see: a wall whose session is over would go on with less, and
nobody would know. These refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response

from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.figures.address import FiguresAddress
from geoservice.pages.maps.address import asked_in_hand
from geoservice.pages.maps.rendering import in_hand_answer
from geoservice.pages.shell.files import assets_missing
from geoservice.pages.wall.rendering import shown_values, wall_figures, wall_page
from geoservice.services.figures import FiguresService
from geoservice.services.mapping import MapService
from geoservice.web.guard import Guard
from geoservice.web.language import asked_language


@dataclass(frozen=True)
class WallSources:
    """What a wall shows comes from the services of the map and of the figures."""

    viewing: Viewing
    mapping: MapService
    figures: FiguresService


def wall_blueprint(sources: WallSources, guard: Guard, stream_url: Callable[[], str]) -> Blueprint:
    """Return the page and what it asks for."""
    blueprint = Blueprint("wall", __name__)
    may_view = guard("view_figures")

    @blueprint.get("/maps/<jurisdiction>/wall")
    @may_view
    def show(jurisdiction: str) -> Response:
        return wall_page(sources.viewing.jurisdiction_view(jurisdiction), stream_url())

    @blueprint.get("/maps/<jurisdiction>/wall/incidents.json")
    @may_view
    def incidents(jurisdiction: str) -> Response:
        return in_hand_answer(shown_values(asked_in_hand(sources.mapping, jurisdiction), asked_language()))

    @blueprint.get("/maps/<jurisdiction>/wall/figures")
    @may_view
    def figures(jurisdiction: str) -> Response:
        week = FiguresAddress.of(jurisdiction, {}, asked_language())
        return wall_figures(week, sources.figures.told(jurisdiction, week.asked))

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint
