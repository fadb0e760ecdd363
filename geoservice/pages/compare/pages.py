"""Two editions side by side over HTTP: the page, and what became of the grids that differ; each behind the guard."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.compare.rendering import compare_page
from geoservice.pages.shell.files import assets_missing
from geoservice.services.editions import EditionService
from geoservice.services.grids import GridService
from geoservice.web.guard import Guard
from geoservice.web.parsing import RowNumber, StrictModel
from geoservice.web.validation import validated


class EditionsWords(StrictModel):
    """Two editions, by id."""

    then: RowNumber
    now: RowNumber


@dataclass(frozen=True)
class Comparing:
    """What is compared comes from these."""

    viewing: Viewing
    editions: EditionService
    grids: GridService


def compare_blueprint(sources: Comparing, guard: Guard) -> Blueprint:
    """Return the page and what it asks for."""
    blueprint = Blueprint("compare", __name__)
    may_read = guard("read_grids")

    @blueprint.get("/maps/<jurisdiction>/compare")
    @may_read
    def show(jurisdiction: str) -> Response:
        return compare_page(sources.viewing.jurisdiction_view(jurisdiction), sources.editions.editions(jurisdiction))

    @blueprint.get("/maps/<jurisdiction>/compare/lineage.json")
    @may_read
    def lineage(jurisdiction: str) -> Response:
        asked = validated(EditionsWords, {name: request.args[name] for name in ("then", "now") if name in request.args})
        found = sources.grids.between(jurisdiction, asked.then, asked.now)
        response = jsonify([
            {"then": one.predecessor_code, "now": one.successor_code, "kind": one.kind} for one in found
        ])  # fmt: skip
        response.headers["Cache-Control"] = "no-store"
        return response

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint
