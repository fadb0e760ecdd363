"""The page of auditors over HTTP: it parses, asks the service once, and renders."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.audit.address import AuditAddress
from geoservice.pages.audit.rendering import audit_page
from geoservice.pages.shell.choice import chosen
from geoservice.pages.shell.files import assets_missing
from geoservice.services.audit.service import AuditService
from geoservice.web.guard import Guard
from geoservice.web.language import asked_language

#: Entries at once.
ROWS = 50


def audit_page_blueprint(audit: AuditService, viewing: Viewing, guard: Guard) -> Blueprint:
    """Return the page."""
    blueprint = Blueprint("audit_page", __name__)

    @blueprint.get("/audit")
    @guard("read_audit")
    def choose() -> WerkzeugResponse:
        return chosen(viewing, "audit")

    @blueprint.get("/audit/<jurisdiction>")
    @guard("read_audit")
    def show(jurisdiction: str) -> Response:
        asked = AuditAddress.of(jurisdiction, request.args, asked_language())
        return audit_page(asked, audit.look(jurisdiction, asked.search, before=asked.before, limit=ROWS))

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint
