"""The boundary editor over HTTP: the drafts of a jurisdiction, and one of them; its steps go to the interface."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.auth.permissions import Permission, permitted
from geoservice.errors import GeoserviceError
from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.editor.rendering import drafts_page, edition_url, editor_page
from geoservice.pages.shell.choice import led_on
from geoservice.pages.shell.files import assets_missing
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.web.forms import FORM_TYPE, read_signed_form
from geoservice.web.guard import Guard, current_identity
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from layers.errors import LayerError
from layers.grids.model import Edition, name_fault

#: Digits of a number of an edition.
_DIGITS_MOST = 18


@dataclass(frozen=True)
class Editing:
    """What the page asks."""

    viewing: Viewing
    editions: EditionService
    drafts: DraftService

    def edition(self, jurisdiction: str, number: str) -> Edition:
        """Return an edition of a jurisdiction; answer 404 for what is none of its."""
        if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS_MOST):
            abort(404)
        found = self.editions.edition(int(number))
        if found.jurisdiction_code != jurisdiction:
            abort(404)
        return found


def editor_blueprint(editing: Editing, guard: Guard) -> Blueprint:
    """Return the pages, and what the form that begins a draft is sent to."""
    blueprint = Blueprint("editor", __name__)

    @blueprint.get("/maps/<jurisdiction>/edit")
    @guard("read_drafts")
    def every(jurisdiction: str) -> Response:
        return _drafts(editing, jurisdiction)

    @blueprint.post("/maps/<jurisdiction>/edit")
    @guard("edit_boundaries")
    @token_in_form
    @streams(FORM_TYPE)
    def begin(jurisdiction: str) -> WerkzeugResponse:
        title = read_signed_form().get("title", "").strip()
        if not title or name_fault(title):
            return _drafts(editing, jurisdiction, title=title, wrong="title.wrong", status=422)
        try:
            made = editing.drafts.create(jurisdiction, title=title, actor=current_identity().actor)
        except (GeoserviceError, LayerError) as exc:
            return _drafts(editing, jurisdiction, title=title, wrong="title.refused", detail=str(exc), status=422)
        return led_on(edition_url(jurisdiction, made.id))

    @blueprint.get("/maps/<jurisdiction>/edit/<edition>")
    @guard("read_drafts")
    def show(jurisdiction: str, edition: str) -> Response:
        found = editing.edition(jurisdiction, edition)
        return editor_page(editing.viewing.jurisdiction_view(jurisdiction), found)

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _drafts(
    editing: Editing, jurisdiction: str, *, title: str = "", wrong: str = "", detail: str = "", status: int = 200
) -> Response:  # fmt: skip
    place = editing.viewing.jurisdiction_view(jurisdiction)
    may_begin = permitted(current_identity(), Permission.EDIT_BOUNDARIES)
    return drafts_page(
        place, editing.editions.editions(jurisdiction), may_begin=may_begin, title=title, wrong=wrong, detail=detail,
        status=status,
    )  # fmt: skip
