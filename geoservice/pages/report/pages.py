"""The pages of residents over HTTP; what they show, their scripts ask of the interface."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.phone.frame import address_of, phone_page
from geoservice.pages.phone.worker import worker
from geoservice.pages.shell.files import assets_missing
from geoservice.web.guard import Guard, shown_here

#: Each page, by its endpoint.
PAGES = ("report.report", "report.follow")
#: What they load beside the files of all pages for a phone.
FILES = tuple(f"report/{file}" for file in (
    "styles/report.css", "scripts/report.js", "scripts/follow.js", "scripts/kept.js", "scripts/sides.js",
    "scripts/attributes.js",
))  # fmt: skip


def report_blueprint(viewing: Viewing, guard: Guard, *, public_reports: bool) -> Blueprint:
    """Return the pages and their worker, each behind the guard.

    Parameters
    ----------
    public_reports
        Whether residents may report; where they may not, the page says so.
    """
    blueprint = Blueprint("report", __name__)

    @blueprint.get("/report")
    @guard("report_as_resident")
    def report() -> Response:
        return _page("report", viewing, public_reports=public_reports)

    @blueprint.get("/report/follow")
    @guard("follow_report")
    def follow() -> Response:
        return _page("follow", viewing)

    @blueprint.get("/report/worker.js")
    @guard("report_as_resident")
    def kept() -> Response:
        return worker("report", PAGES, FILES)

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _page(name: str, viewing: Viewing, **values: Any) -> Response:
    told = {"addresses": {page.partition(".")[2]: address_of(page) for page in PAGES}}
    jurisdictions = tuple(shown_here(viewing.jurisdictions()))
    return phone_page(name, f"report/templates/{name}.html", jurisdictions, told=told, **values)
