"""Monthly reports over HTTP: each view parses, reads the report, and renders."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geoservice.maps.assets import AssetsMissing
from geoservice.pages.monthly.address import MonthAddress
from geoservice.pages.monthly.contents import ReportContents
from geoservice.pages.monthly.rendering import report_file, report_page
from geoservice.pages.shell.files import assets_missing
from geoservice.services.monthly import MonthlyReportService
from geoservice.web.guard import Guard, current_identity
from geoservice.web.language import asked_language


def monthly_blueprint(monthly: MonthlyReportService, guard: Guard) -> Blueprint:
    """Return the page and its file."""
    blueprint = Blueprint("monthly", __name__)

    @blueprint.get("/figures/<jurisdiction>/report")
    @guard("view_figures")
    def show(jurisdiction: str) -> Response:
        return report_page(_contents(jurisdiction))

    @blueprint.get("/figures/<jurisdiction>/report.pdf")
    @guard("view_figures")
    def pdf(jurisdiction: str) -> Response:
        return report_file(_contents(jurisdiction))

    def _contents(jurisdiction: str) -> ReportContents:
        asked = MonthAddress.of(jurisdiction, request.args, asked_language())
        return ReportContents(asked, monthly.told(jurisdiction, asked.asked, identity=current_identity()))

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint
