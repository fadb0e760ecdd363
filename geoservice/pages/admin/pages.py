"""The pages of administrators over HTTP."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.admin.accounts import add_accounts
from geoservice.pages.admin.areas import AREAS, Here
from geoservice.pages.admin.calendar import add_calendar
from geoservice.pages.admin.health import add_health
from geoservice.pages.admin.imports import add_imports
from geoservice.pages.admin.keys import add_keys
from geoservice.pages.admin.layers import add_layers
from geoservice.pages.admin.retention import add_retention
from geoservice.pages.admin.services import add_services
from geoservice.pages.admin.staff import add_staff
from geoservice.pages.admin.webhooks import add_webhooks
from geoservice.pages.shell.choice import chosen, led_on
from geoservice.pages.shell.files import assets_missing
from geoservice.services.administration.service import Administration
from geoservice.web.guard import Guard


def admin_blueprint(administration: Administration, viewing: Viewing, guard: Guard) -> Blueprint:
    """Return the pages, each area behind its own permission."""
    blueprint = Blueprint("admin", __name__)

    @blueprint.get("/admin")
    @guard("manage_accounts")
    def choose() -> Response:
        return chosen(viewing, "admin")

    @blueprint.get("/admin/<jurisdiction>")
    @guard("manage_accounts")
    def begin(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, AREAS[0][0])
        return led_on(here.url(here.area))

    add_accounts(blueprint, administration, guard)
    add_keys(blueprint, administration, guard)
    add_staff(blueprint, administration, guard)
    add_services(blueprint, administration, guard)
    add_calendar(blueprint, administration, guard)
    add_layers(blueprint, administration, guard)
    add_imports(blueprint, administration, guard)
    add_retention(blueprint, administration, guard)
    add_webhooks(blueprint, administration, guard)
    add_health(blueprint, administration, guard)
    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint
