"""The figures over HTTP: each view parses, asks a service once, and renders."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.figures.address import FiguresAddress
from geoservice.pages.figures.rendering import TABLES, figures_csv, figures_page, figures_workbook
from geoservice.pages.shell.choice import chosen
from geoservice.pages.shell.files import assets_missing
from geoservice.services.figures import FiguresService
from geoservice.web.guard import Guard
from geoservice.web.language import asked_language


def figures_blueprint(figures: FiguresService, viewing: Viewing, guard: Guard) -> Blueprint:
    """Return the page and its files."""
    blueprint = Blueprint("figures", __name__)

    @blueprint.get("/figures")
    @guard("view_figures")
    def choose() -> WerkzeugResponse:
        return chosen(viewing, "figures")

    @blueprint.get("/figures/<jurisdiction>")
    @guard("view_figures")
    def show(jurisdiction: str) -> Response:
        asked = _address(jurisdiction)
        return figures_page(asked, figures.told(jurisdiction, asked.asked))

    @blueprint.get("/figures/<jurisdiction>/<table>.csv")
    @guard("view_figures")
    def table(jurisdiction: str, table: str) -> Response:
        if table not in TABLES:
            abort(404)
        asked = _address(jurisdiction)
        return figures_csv(asked, figures.told(jurisdiction, asked.asked), table)

    @blueprint.get("/figures/<jurisdiction>/figures.xlsx")
    @guard("view_figures")
    def workbook(jurisdiction: str) -> Response:
        asked = _address(jurisdiction)
        return figures_workbook(asked, figures.told(jurisdiction, asked.asked))

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _address(jurisdiction: str) -> FiguresAddress:
    return FiguresAddress.of(jurisdiction, request.args, asked_language())
