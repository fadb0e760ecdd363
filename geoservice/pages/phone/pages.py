"""The phone pages over HTTP: shells without anybody's data; what they show, their scripts ask of the interface."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.domain.languages import HTML_LANG, LANGUAGES, OWN_NAME, Language
from geoservice.maps.assets import AssetsMissing
from geoservice.maps.builders import display_name
from geoservice.maps.figure import content_security_policy
from geoservice.maps.viewing import JurisdictionView, Viewing
from geoservice.pages.phone.shell import ASSETS, FILES, STATIC, TEMPLATES, phone_version, worker_script
from geoservice.pages.shell.files import asset_url, assets_missing
from geoservice.pages.words.catalogue import own_words
from geoservice.web.account_frame import account_frame
from geoservice.web.files import packed, versioned_file_response
from geoservice.web.guard import Guard, shown_here
from geoservice.web.language import ARGUMENT, asked_language, page_address
from geoservice.web.sessions import PASSWORD, SECOND_FACTOR, signed_in

#: Each page and the endpoint that serves it; the officers' is not kept on the phone.
KEPT_PAGES = ("phone.report", "phone.follow")


def phone_blueprint(viewing: Viewing, guard: Guard, *, public_reports: bool) -> Blueprint:
    """Return the pages, their worker and their files, each behind the guard.

    Parameters
    ----------
    public_reports
        Whether residents may report; where they may not, the page says so.
    """
    blueprint = Blueprint("phone", __name__)

    @blueprint.get("/report")
    @guard("report_as_resident")
    def report() -> Response:
        return _page("report", tuple(shown_here(viewing.jurisdictions())), public_reports=public_reports)

    @blueprint.get("/report/follow")
    @guard("follow_report")
    def follow() -> Response:
        return _page("follow", tuple(shown_here(viewing.jurisdictions())))

    @blueprint.get("/officer")
    @guard("view_map")
    def officer() -> WerkzeugResponse:
        session, language = signed_in(), asked_language()
        if session is not None and (session.must_change or session.must_enrol):
            here = page_address(request.path, language)
            first = PASSWORD if session.must_change else SECOND_FACTOR
            return redirect(page_address(first, language, next=here), 303)
        return _page("officer", tuple(shown_here(viewing.jurisdictions())), account=asdict(account_frame(language)))

    @blueprint.get("/report/worker.js")
    @guard("report_as_resident")
    def worker() -> Response:
        return _worker()

    @blueprint.get("/phone/<version>/<path:file>")
    @guard("view_map")
    def file(version: str, file: str) -> Response:
        return versioned_file_response(STATIC, file, asked=version, current=phone_version())

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _page(name: str, jurisdictions: tuple[JurisdictionView, ...], **more: Any) -> Response:
    """Render a page in the language asked for, with a nonce of its own; it is never stored on the way."""
    language = asked_language()
    other: Language = "zh" if language == "en" else "en"
    nonce = secrets.token_urlsafe(18)
    said = own_words(name, language)
    settings = {
        "language": language,
        "words": said,
        "jurisdictions": [_jurisdiction(one, language) for one in jurisdictions],
        "addresses": {page: _address(f"phone.{page}", language) for page in ("report", "follow")},
    } | more
    version = phone_version()
    markup = TEMPLATES.get_template(f"{name}.html").render(
        name=name,
        lang=HTML_LANG[language],
        other_lang=HTML_LANG[other],
        other_name=OWN_NAME[other],
        other_url=_address(f"phone.{name}", other),
        words=said,
        settings=settings,
        nonce=nonce,
        file_url=lambda file: url_for("phone.file", version=version, file=file),
        asset_url=asset_url,
        **more,
    )
    headers = {"Content-Security-Policy": content_security_policy(nonce), "Cache-Control": "no-store"}
    return packed(Response(markup, content_type="text/html; charset=utf-8", headers=headers))


def _jurisdiction(view: JurisdictionView, language: Language) -> dict[str, Any]:
    name = display_name(view, language)
    return {"code": view.code, "name": name, "bbox": list(view.bbox), "attribution": view.attribution}


def _address(endpoint: str, language: Language) -> str:
    return page_address(url_for(endpoint), language)


def _worker() -> Response:
    """Return the service worker; it may keep /report and what is below."""
    version = phone_version()
    asked = ("", *(f"?{ARGUMENT}={language}" for language in LANGUAGES))
    pages = [f"{url_for(endpoint)}{language}" for endpoint in KEPT_PAGES for language in asked]
    files = [url_for("phone.file", version=version, file=file) for file in FILES]
    files += [asset_url(file) for file in ASSETS]
    headers = {
        "Service-Worker-Allowed": url_for("phone.report"),
        "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
        "Cache-Control": "no-cache",
    }
    script = worker_script(pages, files, version)
    return packed(Response(script, content_type="text/javascript; charset=utf-8", headers=headers))
