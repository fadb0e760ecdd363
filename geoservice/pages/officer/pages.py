"""The officers' page over HTTP: a shell that a phone keeps, and who is signed in, which it asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.domain.languages import Language
from geoservice.domain.lifecycle.table import STEPS, Field, Party, Status
from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.phone.frame import jurisdiction_told, phone_page
from geoservice.pages.phone.worker import worker
from geoservice.pages.shell.files import assets_missing
from geoservice.services.handling import Duty, HandlingService
from geoservice.web.guard import Guard, current_identity, shown_here
from geoservice.web.language import asked_language, page_address
from geoservice.web.rendering import render_bytes
from geoservice.web.sessions import PASSWORD, SECOND_FACTOR, signed_in
from layers.households.layer import HOUSEHOLDS
from layers.visits.model import KINDS

#: What an officer has in hand, and what of it this page offers; merging and moving want a larger screen.
IN_HAND = (Status.DISPATCHED, Status.ACCEPTED)
ACTIONS = ("accept", "resolve", "set-out", "ask", "return")
#: What it loads beside the files of all pages for a phone.
FILES = ("shell/scripts/live.js", "shell/scripts/symbols.js", *(f"officer/{file}" for file in (
    "styles/officer.css",
    *(f"scripts/{name}.js" for name in (
        "officer", "cards", "figures", "grid", "households", "list", "near", "notice", "pins", "session", "steps",
        "visits",
    )),
)))  # fmt: skip


def officer_blueprint(
    handling: HandlingService, viewing: Viewing, guard: Guard, stream_url: Callable[[], str], *, keep_s: float
) -> Blueprint:  # fmt: skip
    """Return the page, its worker, and who its scripts act for.

    Parameters
    ----------
    keep_s
        How long a phone keeps what it was told last: as long as a session lasts that is not used.
    """
    blueprint = Blueprint("officer", __name__)

    @blueprint.get("/officer")
    @guard("sign_in")
    def officer() -> WerkzeugResponse:
        session, language = signed_in(), asked_language()
        if session is not None and (session.must_change or session.must_enrol):
            here = page_address(request.path, language)
            first = PASSWORD if session.must_change else SECOND_FACTOR
            return redirect(page_address(first, language, next=here), 303)
        told = {"steps": steps_told(), "kinds": KINDS, "keep_s": keep_s, "counts": counts_told(language)}
        return phone_page("officer", "officer/templates/officer.html", (), files=FILES, stream=stream_url(), told=told)

    @blueprint.get("/officer/session")
    @guard("sign_in")
    def session() -> Response:
        return render_bytes(orjson.dumps(_session_told(handling.duty(current_identity()), viewing)))

    @blueprint.get("/officer/worker.js")
    @guard("sign_in")
    def kept() -> Response:
        return worker("officer", ("officer.officer",), FILES)

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def steps_told() -> dict[str, list[dict[str, Any]]]:
    """Return what an officer may do from each status in hand, in the order of buttons: to where, with which words."""
    return {
        status.value: [
            {"action": step.action, "ends": step.ends_from(status) or status,
             "words": "needed" if Field.REASON in step.needs else "taken" if Field.REASON in step.takes else "none"}
            for action in ACTIONS
            for step in STEPS
            if step.action == action and status in step.starts and Party.OFFICER in step.by
        ]
        for status in IN_HAND
    }  # fmt: skip


def counts_told(language: Language) -> list[dict[str, str]]:
    """Return what is counted of households, and what each count is called, as the catalogue of layers has it."""
    counted = (one for one in HOUSEHOLDS.stored if one.type == "integer")
    return [{"name": one.name, "title": one.title.text(language)} for one in counted]


def _session_told(duty: Duty, viewing: Viewing) -> dict[str, Any]:
    """Return who asks, by session or by key, and where he serves today."""
    session = signed_in()
    here = next((one for one in shown_here(viewing.jurisdictions()) if one.code == duty.jurisdiction_code), None)
    return {
        "login": "" if session is None else session.login,
        "token": "" if session is None else session.token,
        "officer_code": duty.staff_code,
        "grids": [one.grid_code for one in duty.postings],
        "jurisdiction": None if here is None else jurisdiction_told(here, asked_language()),
    }
