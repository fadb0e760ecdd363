"""Steps with several incidents at once: first it is said of how many, then each is taken for itself."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from geoservice.pages.desk.address import ROWS_MOST, DeskAddress
from geoservice.pages.desk.rendering import bulk_page
from geoservice.pages.desk.steps import BULK
from geoservice.services.desk import DeskService, Mark
from geoservice.services.handling import ActionDetails
from geoservice.web.forms import FORM_TYPE, read_signed_form
from geoservice.web.guard import Guard, current_identity
from geoservice.web.language import asked_language
from geoservice.web.parsing import InvalidInput
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams

_BYTES_MAX = 40_000


def add_bulk(blueprint: Blueprint, desk: DeskService, guard: Guard) -> None:
    """Add what the marks of the list are sent to."""

    @blueprint.post("/desk/<jurisdiction>/bulk")
    @guard("handle_incident")
    @token_in_form
    @streams(FORM_TYPE)
    def several(jurisdiction: str) -> Response:
        form = read_signed_form(bytes_max=_BYTES_MAX, fields_max=ROWS_MOST + 10)
        asked = DeskAddress.of(jurisdiction, request.args, asked_language())
        action, meant = form.get("action", ""), _meant(form)
        if action not in BULK:
            raise InvalidInput([{"pointer": "action", "code": "unknown", "detail": f"one of {', '.join(BULK)}"}])
        told = desk.rows(jurisdiction, [one.incident_id for one in meant], asked.asked) if meant else None
        if told is None or form.get("sure") != "yes":
            return bulk_page(asked, told, action, meant, None)
        # Only of this jurisdiction: what is not listed there is not for this desk.
        here = {one.id for one in told.page.incidents}
        outcomes = desk.act_each(
            [one for one in meant if one.incident_id in here], action, ActionDetails(), identity=current_identity()
        )
        now = desk.rows(jurisdiction, [one.incident_id for one in meant], asked.asked)
        return bulk_page(asked, now, action, meant, outcomes)


def _meant(form: MultiDict[str, str]) -> tuple[Mark, ...]:
    """Return what was marked, each once, in the version in which it was seen."""
    found: dict[UUID, Mark] = {}
    for text in form.getlist("on")[:ROWS_MOST]:
        incident_id, _, version = text.partition(" ")
        try:
            known = UUID(incident_id) if len(incident_id) == 36 else None
        except ValueError:
            continue
        if known is not None and version.isascii() and version.isdecimal() and len(version) < 10:
            found[known] = Mark(known, int(version))
    return tuple(found.values())
