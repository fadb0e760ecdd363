"""The desk over HTTP: each view parses, asks a service once, and renders; scripts ask for parts of the same page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from geoservice.errors import GeoserviceError, IncidentUnknown
from geoservice.maps.assets import AssetsMissing
from geoservice.maps.viewing import Viewing
from geoservice.pages.desk.address import DeskAddress
from geoservice.pages.desk.bulk import add_bulk
from geoservice.pages.desk.rendering import (
    Shown,
    detail_part,
    list_csv,
    list_part,
    list_workbook,
    rows_part,
    whole_page,
)
from geoservice.pages.desk.steps import ACTIONS, KEYS, form_after, new_form, read_details, refused_form
from geoservice.pages.shell.choice import chosen, led_on
from geoservice.pages.shell.files import assets_missing
from geoservice.pages.shell.frame import wants_fragment
from geoservice.services.desk import DeskService
from geoservice.services.handling import HandlingService
from geoservice.web.forms import FORM_TYPE, read_signed_form, sent_form
from geoservice.web.guard import Guard, current_identity
from geoservice.web.language import asked_language
from geoservice.web.parsing import InvalidInput
from geoservice.web.sessions import SessionRenewed, token_in_form
from geoservice.web.streaming import streams
from layers.errors import LayerError

#: Incidents whose rows are asked for at once.
_PATCHED_MOST = 200


def desk_blueprint(
    desk: DeskService, handling: HandlingService, viewing: Viewing, guard: Guard, shown: Shown
) -> Blueprint:  # fmt: skip
    """Return the page, its parts, and what its forms are sent to."""
    blueprint = Blueprint("desk", __name__)
    _add_reading(blueprint, desk, viewing, guard, shown)
    _add_steps(blueprint, desk, handling, guard, shown)
    add_bulk(blueprint, desk, guard)
    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def _add_reading(blueprint: Blueprint, desk: DeskService, viewing: Viewing, guard: Guard, shown: Shown) -> None:
    @blueprint.get("/desk")
    @guard("use_desk")
    def choose() -> WerkzeugResponse:
        return chosen(viewing, "desk")

    @blueprint.get("/desk/<jurisdiction>")
    @guard("use_desk")
    def show(jurisdiction: str) -> WerkzeugResponse:
        asked = _of_day(_address(jurisdiction), viewing)
        if not asked.said:
            return led_on(_opened(asked, "queue", request.args.get("open", "")))
        opened = _uuid(request.args.get("open"))
        told = desk.listed(jurisdiction, asked.asked)
        whole = None if opened is None else desk.whole(jurisdiction, opened, current_identity())
        form = None if whole is None else new_form(whole, request.args.get("do"))
        return whole_page(shown, asked, told, whole, form)

    @blueprint.get("/desk/<jurisdiction>/list")
    @guard("use_desk")
    def listed(jurisdiction: str) -> Response:
        asked = _of_day(_address(jurisdiction), viewing)
        return list_part(asked, desk.listed(jurisdiction, asked.asked))

    @blueprint.get("/desk/<jurisdiction>/list.csv")
    @guard("use_desk")
    def file(jurisdiction: str) -> Response:
        asked = _address(jurisdiction)
        return list_csv(desk.listed(jurisdiction, asked.asked_of_file))

    @blueprint.get("/desk/<jurisdiction>/list.xlsx")
    @guard("use_desk")
    def workbook(jurisdiction: str) -> Response:
        asked = _address(jurisdiction)
        return list_workbook(asked, desk.listed(jurisdiction, asked.asked_of_file))

    @blueprint.get("/desk/<jurisdiction>/rows")
    @guard("use_desk")
    def rows(jurisdiction: str) -> Response:
        asked = _address(jurisdiction)
        return rows_part(asked, desk.rows(jurisdiction, _ids(request.args.get("ids", "")), asked.asked))

    @blueprint.get("/desk/<jurisdiction>/incidents/<id>")
    @guard("use_desk")
    def detail(jurisdiction: str, id: str) -> WerkzeugResponse:
        asked, incident_id = _address(jurisdiction), _uuid(id)
        if not wants_fragment():
            return led_on(asked.url(open=id) if asked.said else _opened(asked, "all", id))
        whole = desk.whole(jurisdiction, _known(incident_id, id), current_identity())
        return detail_part(asked, whole, new_form(whole, request.args.get("do")))


def _add_steps(blueprint: Blueprint, desk: DeskService, handling: HandlingService, guard: Guard, shown: Shown) -> None:
    @blueprint.post("/desk/<jurisdiction>/incidents/<id>/<action>")
    @guard("handle_incident")
    @token_in_form
    @streams(FORM_TYPE)
    def act(jurisdiction: str, id: str, action: str) -> WerkzeugResponse:
        form, renewed = _form()
        asked, identity = _address(jurisdiction), current_identity()
        incident_id = _known(_uuid(id), id)
        whole = desk.whole(jurisdiction, incident_id, identity)
        if action not in KEYS:
            raise InvalidInput([{"pointer": "action", "code": "unknown", "detail": f"one of {', '.join(KEYS)}"}])
        if renewed:
            said = refused_form(whole, action, form, {"": "error.renewed"}, shown.speaker(whole))
            return _refused(desk, shown, asked, incident_id, said, 403)
        details, wrong = read_details(form, ACTIONS[action])
        if wrong:
            said = refused_form(whole, action, form, wrong, shown.speaker(whole))
            return _refused(desk, shown, asked, incident_id, said, 422)
        try:
            handling.act(incident_id, action, details, identity=identity, seen=_seen(form), key=_key(form))
        except (GeoserviceError, LayerError) as exc:
            now = desk.whole(jurisdiction, incident_id, identity)
            said = form_after(now, action, form, exc, shown.speaker(now))
            return _refused(desk, shown, asked, incident_id, said, shown.status_of(exc))
        return _done(desk, asked, incident_id, action)


def _form() -> tuple[Mapping[str, str], bool]:
    """Return what was written, and whether somebody signed in anew since: then it is shown again and not done."""
    try:
        return read_signed_form(), False
    except SessionRenewed:
        return sent_form(), True


def _done(desk: DeskService, asked: DeskAddress, incident_id: UUID, action: str) -> WerkzeugResponse:
    if not wants_fragment():
        return led_on(asked.url(open=str(incident_id), done=action))
    whole = desk.whole(asked.jurisdiction, incident_id, current_identity())
    return detail_part(asked, whole, None, done=action)


def _refused(
    desk: DeskService, shown: Shown, asked: DeskAddress, incident_id: UUID, form: Any, status: int
) -> WerkzeugResponse:  # fmt: skip
    whole = desk.whole(asked.jurisdiction, incident_id, current_identity())
    if wants_fragment():
        return detail_part(asked, whole, form, status=status)
    return whole_page(shown, asked, desk.listed(asked.jurisdiction, asked.asked), whole, form, status=status)


def _address(jurisdiction: str) -> DeskAddress:
    return DeskAddress.of(jurisdiction, request.args, asked_language())


def _of_day(asked: DeskAddress, viewing: Viewing) -> DeskAddress:
    """Return the list of the day that a form names, where it names one."""
    day = request.args.get("day")
    return asked.of_day(day, ZoneInfo(viewing.jurisdiction_view(asked.jurisdiction).time_zone)) if day else asked


def _opened(asked: DeskAddress, view: str, incident_id: str) -> str:
    joint = "&" if "?" in asked.url_of_view(view) else "?"
    found = _uuid(incident_id)
    return asked.url_of_view(view) + (f"{joint}open={found}" if found is not None else "")


def _seen(form: Mapping[str, str]) -> tuple[int, ...] | None:
    text = form.get("version", "")
    return (int(text),) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _key(form: Mapping[str, str]) -> str | None:
    """Return the key of a step, which a script gives it so that it is done once, however often it is sent."""
    found = _uuid(form.get("key", ""))
    return None if found is None else str(found)


def _ids(text: str) -> tuple[UUID, ...]:
    found = tuple(one for part in text.split(",")[:_PATCHED_MOST] if (one := _uuid(part)) is not None)
    if not found:
        raise InvalidInput([{"pointer": "ids", "code": "missing", "detail": "ids of incidents, with commas"}])
    return found


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text is not None and len(text) == 36 else None
    except ValueError:
        return None


def _known(incident_id: UUID | None, text: str) -> UUID:
    if incident_id is None:
        raise IncidentUnknown(incident=text[:40])
    return incident_id
