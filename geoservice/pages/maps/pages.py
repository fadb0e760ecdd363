"""The staff map pages over HTTP: each view parses, asks the viewing service once, and renders."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, make_response, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import HTML_LANG, LANGUAGES, OWN_NAME
from geoservice.maps.assets import AssetsMissing
from geoservice.maps.builders import PageFrame, TileFrame, build_map_page, build_tile_page, figures
from geoservice.maps.elements import PageLink
from geoservice.maps.figure import content_security_policy
from geoservice.maps.viewing import JurisdictionView, Viewing
from geoservice.pages.shell.choice import chosen
from geoservice.pages.shell.files import asset_url, assets_missing
from geoservice.pages.shell.navigation import leads
from geoservice.pages.words.catalogue import words
from geoservice.web.account_frame import account_frame
from geoservice.web.files import packed
from geoservice.web.guard import Guard, current_identity
from geoservice.web.language import asked_language, page_address
from geoservice.web.parsing import Unauthorised
from layers.catalogue import catalogue

GEOJSON = "application/geo+json"


def maps_blueprint(viewing: Viewing, guard: Guard) -> Blueprint:
    """Return the pages and their layers, each behind the guard."""
    blueprint = Blueprint("maps", __name__)
    may_view = guard("view_map")

    @blueprint.get("/")
    @may_view
    def index() -> WerkzeugResponse:
        return chosen(viewing, "maps")

    @blueprint.get("/maps/<jurisdiction>")
    @may_view
    def map_page(jurisdiction: str) -> Response:
        return _map_page(viewing.jurisdiction_view(jurisdiction))

    @blueprint.get("/maps/<jurisdiction>/tiles")
    @may_view
    def tile_page(jurisdiction: str) -> Response:
        return _tile_page(viewing.jurisdiction_view(jurisdiction))

    @blueprint.get("/maps/<jurisdiction>/figures.json")
    @may_view
    def map_figures(jurisdiction: str) -> Response:
        return _figures_response(viewing.jurisdiction_view(jurisdiction))

    @blueprint.get("/maps/<jurisdiction>/layers/<layer>.geojson")
    @may_view
    def map_layer(jurisdiction: str, layer: str) -> Response:
        if layer not in catalogue():
            abort(404)
        if layer not in _layers():
            raise Unauthorised
        return _layer_response(viewing.layer_geojson(jurisdiction, layer))

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _layers() -> set[str]:
    """Return the ids of the layers that whoever asks may see."""
    identity = current_identity()
    return {id_ for id_, layer in catalogue().items() if permitted(identity, Permission(layer.read))}


def _map_page(jurisdiction: JurisdictionView) -> Response:
    """Render the map of a jurisdiction with a nonce of its own."""
    language, nonce, code = asked_language(), secrets.token_urlsafe(18), jurisdiction.code
    frame = PageFrame(
        language=language,
        nonce=nonce,
        asset_url=asset_url,
        layers=_layers(),
        layer_url=lambda layer: url_for("maps.map_layer", jurisdiction=code, layer=layer),
        figures_url=url_for("maps.map_figures", jurisdiction=code),
        languages=_languages(request.path),
        ways=_ways(code),
        account=account_frame(language),
    )
    return _html(build_map_page(jurisdiction, frame).render(), nonce)


def _ways(code: str) -> Collection[PageLink]:
    """Return the ways from the map to the other pages that whoever asks may open, the map as tiles among them."""
    language = asked_language()
    said = words("maps", language)
    others = [PageLink(said[one.word], one.url) for one in leads(current_identity(), code, "page.map", language)
              if not one.here]  # fmt: skip
    return (*others, PageLink(said["tile_map"], page_address(f"/maps/{code}/tiles", language)))


def _languages(path: str) -> Collection[PageLink]:
    """Return the same page in the languages that it is not written in."""
    return tuple(
        PageLink(OWN_NAME[one], page_address(path, one), HTML_LANG[one]) for one in LANGUAGES if one != asked_language()
    )


def _tile_page(jurisdiction: JurisdictionView) -> Response:
    """Render the map of a jurisdiction as vector tiles with a nonce of its own."""
    nonce, code = secrets.token_urlsafe(18), quote(jurisdiction.code, safe="")
    frame = TileFrame(
        language=asked_language(),
        nonce=nonce,
        asset_url=asset_url,
        layers=_layers(),
        tile_set_url=lambda layer: f"/tiles/{code}/{layer}.json",
        owner_url=f"/v1/owner?jurisdiction={code}",
    )
    return _html(build_tile_page(jurisdiction, frame).render(), nonce)


def _html(markup: str, nonce: str) -> Response:
    """Return a page with its policy; a page with a nonce is never stored."""
    response = make_response(markup)
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = content_security_policy(nonce)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _figures_response(jurisdiction: JurisdictionView) -> Response:
    """Return the header's figures, never stored."""
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
