"""The staff map pages over HTTP: each view parses, asks the viewing service once, and renders."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    request,
    url_for,
)
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.auth.permissions import Permission, permitted
from geoservice.maps import assets
from geoservice.maps.builders import (
    PageFrame,
    TileFrame,
    build_map_page,
    build_tile_page,
    display_name,
    figures,
    second_name,
)
from geoservice.maps.elements import TEMPLATES
from geoservice.maps.figure import AssetUrl, content_security_policy
from geoservice.maps.viewing import JurisdictionView, Viewing
from geoservice.maps.wording import ACCOUNT_WORDS, HTML_LANG, Language, word, words
from geoservice.web.account_frame import account_frame
from geoservice.web.files import file_response, packed, versioned_file_response
from geoservice.web.guard import current_identity, shown_here
from geoservice.web.parsing import Unauthorised
from layers.catalogue import catalogue

View = Callable[..., Any]
#: `guard("view_map")` returns a decorator for a view.
Guard = Callable[[str], Callable[[View], View]]

GEOJSON = "application/geo+json"


def maps_blueprint(viewing: Viewing, guard: Guard) -> Blueprint:
    """Return the pages, their layers and their files, each behind the guard."""
    blueprint = Blueprint("maps", __name__)
    may_view = guard("view_map")

    @blueprint.get("/")
    @may_view
    def index() -> WerkzeugResponse:
        return _index_page(tuple(shown_here(viewing.jurisdictions())), _language())

    @blueprint.get("/maps/<jurisdiction>")
    @may_view
    def map_page(jurisdiction: str) -> WerkzeugResponse:
        return _map_page(viewing.jurisdiction_view(jurisdiction), _language())

    @blueprint.get("/maps/<jurisdiction>/tiles")
    @may_view
    def tile_page(jurisdiction: str) -> WerkzeugResponse:
        return _tile_page(viewing.jurisdiction_view(jurisdiction), _language())

    @blueprint.get("/maps/<jurisdiction>/figures.json")
    @may_view
    def map_figures(jurisdiction: str) -> WerkzeugResponse:
        return _figures_response(viewing.jurisdiction_view(jurisdiction))

    @blueprint.get("/maps/<jurisdiction>/layers/<layer>.geojson")
    @may_view
    def map_layer(jurisdiction: str, layer: str) -> WerkzeugResponse:
        if layer not in catalogue():
            abort(404)
        if layer not in _layers():
            raise Unauthorised
        return _layer_response(viewing.layer_geojson(jurisdiction, layer))

    @blueprint.get("/assets/<version>/<path:file>")
    @may_view
    def asset(version: str, file: str) -> WerkzeugResponse:
        return _asset_response(version, file)

    @blueprint.get("/favicon.ico")
    @may_view
    def favicon() -> WerkzeugResponse:
        return file_response(assets.STATIC, "icons/favicon.svg", max_age_s=3600)

    blueprint.register_error_handler(assets.AssetsMissing, assets_missing)
    return blueprint


def _language() -> Language:
    """Return the language asked for; Chinese unless `?lang=en`."""
    return "en" if request.args.get("lang") == "en" else "zh"


def _asset_url() -> AssetUrl:
    """Return a function from a file to its address; raise AssetsMissing before any page is begun."""
    version = assets.assets_version()
    return lambda file: url_for("maps.asset", version=version, file=file)


def file_address(file: str) -> str | None:
    """Return the address of a file for pages that do without a map where its files are not built; None there."""
    try:
        return _asset_url()(file)
    except assets.AssetsMissing:
        return None


def _layers() -> set[str]:
    """Return the ids of the layers that whoever asks may see."""
    identity = current_identity()
    return {id_ for id_, layer in catalogue().items() if permitted(identity, Permission(layer.read))}


def _lang_argument(language: Language) -> dict[str, Any]:
    return {"lang": "en"} if language == "en" else {}


def _map_page(jurisdiction: JurisdictionView, language: Language) -> Response:
    """Render the map of a jurisdiction with a nonce of its own."""
    nonce = secrets.token_urlsafe(18)
    other: Language = "zh" if language == "en" else "en"
    code = jurisdiction.code
    frame = PageFrame(
        language=language,
        nonce=nonce,
        asset_url=_asset_url(),
        layers=_layers(),
        layer_url=lambda layer: url_for("maps.map_layer", jurisdiction=code, layer=layer),
        figures_url=url_for("maps.map_figures", jurisdiction=code),
        other_language_url=url_for("maps.map_page", jurisdiction=code, **_lang_argument(other)),
        tiles_url=url_for("maps.tile_page", jurisdiction=code, **_lang_argument(language)),
        account=account_frame(english=language == "en"),
    )
    return _html(build_map_page(jurisdiction, frame).render(), nonce)


def _tile_page(jurisdiction: JurisdictionView, language: Language) -> Response:
    """Render the map of a jurisdiction as vector tiles with a nonce of its own."""
    nonce, code = secrets.token_urlsafe(18), quote(jurisdiction.code, safe="")
    frame = TileFrame(
        language=language,
        nonce=nonce,
        asset_url=_asset_url(),
        layers=_layers(),
        tile_set_url=lambda layer: f"/tiles/{code}/{layer}.json",
        owner_url=f"/v1/owner?jurisdiction={code}",
    )
    return _html(build_tile_page(jurisdiction, frame).render(), nonce)


def _index_page(jurisdictions: tuple[JurisdictionView, ...], language: Language) -> WerkzeugResponse:
    """Redirect to the only jurisdiction, or list them."""
    arguments = _lang_argument(language)
    if len(jurisdictions) == 1:
        only = jurisdictions[0].code
        return redirect(url_for("maps.map_page", jurisdiction=only, **arguments))
    asset_url = _asset_url()
    markup = TEMPLATES.get_template("index.html").render(
        lang=HTML_LANG[language],
        title=word("service", language),
        choose=word("choose_jurisdiction", language),
        empty=word("no_jurisdiction", language),
        account=account_frame(english=language == "en"),
        words=words(ACCOUNT_WORDS, language),
        icon_url=asset_url("static/icons/favicon.svg"),
        style_url=asset_url("static/styles/map.css"),
        jurisdictions=[
            {
                "name": display_name(item, language),
                "second_name": second_name(item, language),
                "url": url_for("maps.map_page", jurisdiction=item.code, **arguments),
            }
            for item in jurisdictions
        ],
    )
    return _html(markup, secrets.token_urlsafe(18))


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


def _asset_response(version: str, file: str) -> Response:
    """Return one vendored or own static file; 404 for any other place."""
    root, _, path = file.partition("/")
    directory = {"vendor": assets.VENDOR, "static": assets.STATIC}.get(root)
    if directory is None:
        abort(404)
    return versioned_file_response(directory, path, asked=version, current=assets.assets_version())


def assets_missing(error: Exception) -> tuple[str, int, dict[str, str]]:
    """Say what to run; the rest of the service works without the map's files."""
    return f"{word('assets_missing', 'zh')}。{error}\n", 503, {"Content-Type": "text/plain; charset=utf-8"}
