"""How answers leave: as JSON for programs, as a page for people, compressed for whoever reads that."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import Response, current_app, render_template, request

from geoservice.ogc.links import GEOJSON, HTML, JSON, language
from geoservice.ogc.wording import HTML_LANG, word
from geoservice.web.files import packed
from geoservice.web.json import dumps

#: Returns the address of a file of maps, vendor/leaflet/leaflet.js, or None where they are not built.
AssetUrl = Callable[[str], str | None]
ASSET_URL = "geoservice.ogc.asset_url"


def wants_page() -> bool:
    """Return whether a page is asked for: by ?f=html, else by Accept."""
    stated = request.args.get("f")
    if stated is not None:
        return stated == "html"
    return request.accept_mimetypes.best_match([JSON, GEOJSON, HTML], JSON) == HTML


def answer(
    document: Mapping[str, Any] | bytes, media_type: str = JSON, *, title: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Write a document, or one that is JSON already, or the page that shows it."""
    if wants_page():
        shown = orjson.loads(document) if isinstance(document, bytes) else document
        response = _page(shown, title)
    else:
        response = Response(document if isinstance(document, bytes) else dumps(document), content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    response.vary.add("Authorization")
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return packed(response)


def _page(document: Mapping[str, Any], title: str) -> Response:
    """Return the page that shows a document: its links, its members, and a map where it has places."""
    nonce, said = secrets.token_urlsafe(18), language()
    asset_url: AssetUrl = current_app.extensions[ASSET_URL]
    other = "zh" if said == "en" else "en"
    markup = render_template(
        "ogc.html", document=document, title=title, lang=HTML_LANG[said], nonce=nonce,
        word=lambda key: word(key, said), asset_url=asset_url, places=_places(document),
        other_url=_with("lang", other), json_url=_with("f", "json"), items_url=quote(request.path),
    )  # fmt: skip
    response = Response(markup, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'self'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return response


def _places(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a map of the document shows, in longitude and latitude; None: nothing."""
    if document.get("type") in ("Feature", "FeatureCollection") and "crs" not in request.args:
        return {name: value for name, value in document.items() if name in ("type", "features", "geometry")} | {
            "properties": {}
        }
    box = document.get("extent", {}).get("spatial", {}).get("bbox") if document.get("itemType") else None
    if box is None:
        return None
    west, south, east, north = box[0]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}


def _with(name: str, value: str) -> str:
    return f"?{urlencode({**request.args, name: value})}"
