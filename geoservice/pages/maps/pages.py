"""The staff map page over HTTP: each view parses, asks a service once, and renders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, make_response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.auth.permissions import Permission, permitted
from geoservice.maps.assets import AssetsMissing
from geoservice.maps.builders import figures
from geoservice.maps.viewing import JurisdictionView, Viewing
from geoservice.pages.maps.address import asked_as_of, asked_day, asked_days, asked_in_hand
from geoservice.pages.maps.rendering import as_of_values, in_hand_answer, in_hand_values, map_page
from geoservice.pages.shell.choice import chosen, led_on
from geoservice.pages.shell.files import assets_missing
from geoservice.services.mapping import MapService
from geoservice.web.files import packed
from geoservice.web.guard import Guard, current_identity
from geoservice.web.language import ARGUMENT, asked_language, page_address
from geoservice.web.parsing import Unauthorised
from geoservice.web.sessions import signed_in
from layers.catalogue import catalogue

GEOJSON = "application/geo+json"


def maps_blueprint(viewing: Viewing, mapping: MapService, guard: Guard, stream_url: Callable[[], str]) -> Blueprint:
    """Return the page and what it draws, each behind the guard."""
    blueprint = Blueprint("maps", __name__)
    may_view = guard("view_map")

    @blueprint.get("/")
    @may_view
    def index() -> WerkzeugResponse:
        return chosen(viewing, "maps")

    @blueprint.get("/maps/<jurisdiction>")
    @may_view
    def show(jurisdiction: str) -> Response:
        stream = "" if signed_in() is None else stream_url()  # whoever hears of no incidents asks
        return map_page(viewing.jurisdiction_view(jurisdiction), _layers(), stream)

    @blueprint.get("/maps/<jurisdiction>/tiles")
    @may_view
    def tile_page(jurisdiction: str) -> WerkzeugResponse:
        kept = {name: value for name, value in request.args.items() if name != ARGUMENT}
        return led_on(page_address(f"/maps/{jurisdiction}", asked_language(), **kept))

    @blueprint.get("/maps/<jurisdiction>/figures.json")
    @may_view
    def map_figures(jurisdiction: str) -> Response:
        return _figures_response(viewing.jurisdiction_view(jurisdiction))

    @blueprint.get("/maps/<jurisdiction>/layers/<layer>.geojson")
    @may_view
    def map_layer(jurisdiction: str, layer: str) -> Response:
        if layer not in catalogue():
            abort(404)
        _require(layer)
        return _layer_response(viewing.layer_geojson(jurisdiction, layer, on=asked_day(catalogue()[layer])))

    @blueprint.get("/maps/<jurisdiction>/incidents.json")
    @may_view
    def map_incidents(jurisdiction: str) -> Response:
        _require("incidents")
        days = asked_days()
        if days is not None:
            return in_hand_answer(as_of_values(asked_as_of(mapping, jurisdiction, days)))
        return in_hand_answer(in_hand_values(asked_in_hand(mapping, jurisdiction)))

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _layers() -> set[str]:
    """Return the ids of the layers that whoever asks may see."""
    identity = current_identity()
    return {id_ for id_, layer in catalogue().items() if permitted(identity, Permission(layer.read))}


def _require(layer: str) -> None:
    """Raise unless whoever asks may see a layer."""
    if layer not in _layers():
        raise Unauthorised


def _figures_response(jurisdiction: JurisdictionView) -> Response:
    """Return the figures of the page, never stored."""
    response = jsonify(figures(jurisdiction.statistics))
    response.headers["Cache-Control"] = "no-store"
    return response


def _layer_response(body: bytes) -> Response:
    """Return a layer: revalidated each time, unchanged as 304, compressed when the caller can."""
    response = make_response(body)
    response.headers["Content-Type"] = GEOJSON
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32], weak=True)
    response.make_conditional(request)
    return packed(response)
