"""Printed maps over HTTP: each view parses, reads what is printed, and renders."""

from __future__ import annotations

from flask import Blueprint, Response, request

from geoservice.maps.assets import AssetsMissing
from geoservice.pages.print.address import PrintAddress
from geoservice.pages.print.rendering import print_file, print_of, print_page
from geoservice.pages.shell.files import assets_missing
from geoservice.services.mapping import MapService
from geoservice.services.sheets import SheetService
from geoservice.web.guard import Guard
from geoservice.web.language import asked_language


def print_blueprint(sheets: SheetService, mapping: MapService, guard: Guard) -> Blueprint:
    """Return the page and its files."""
    blueprint = Blueprint("print", __name__)

    @blueprint.get("/maps/<jurisdiction>/print")
    @guard("print_maps")
    def show(jurisdiction: str) -> Response:
        return print_page(print_of(_address(jurisdiction), sheets, mapping), sheets)

    @blueprint.get("/maps/<jurisdiction>/print.pdf")
    @guard("print_maps")
    def pdf(jurisdiction: str) -> Response:
        return print_file(print_of(_address(jurisdiction), sheets, mapping), sheets, "pdf")

    @blueprint.get("/maps/<jurisdiction>/print.png")
    @guard("print_maps")
    def png(jurisdiction: str) -> Response:
        return print_file(print_of(_address(jurisdiction), sheets, mapping), sheets, "png")

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _address(jurisdiction: str) -> PrintAddress:
    return PrintAddress.of(jurisdiction, request.args, asked_language())
