"""Services: what can be reported, its names and limits; new ones, and those that are retired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.wrappers import Response

from geoservice.domain.importing.services import ATTRIBUTES_LENGTH, KEYWORDS_MOST, attributes_of, unfit_words
from geoservice.domain.importing.values import NotAValue, key_of
from geoservice.errors import ServiceUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import FormErrors, leads_nowhere, number_in, sent
from geoservice.pages.admin.model import Action, Cell, Field, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page, table_page
from geoservice.pages.shell.choice import led_on
from geoservice.services.administration.service import Administration
from geoservice.services.service_lists import ServiceCodeTaken, ServiceListService
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from layers.errors import RefusedByDatabase
from layers.incidents.model import Service

#: In words of the columns.
COLUMNS = ("code", "name", "name_en", "category", "limit", "sensitive", "state")
_LIMIT_MOST, _NAME_LENGTH, _DESCRIPTION_LENGTH = 100_000, 200, 2000


def add_services(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""
    services = administration.services

    @blueprint.get("/admin/<jurisdiction>/services")
    @guard("manage_services")
    def services_area(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        every = services.services(jurisdiction)
        columns = [here.words[f"column.{name}"] for name in COLUMNS]
        table = Table(
            here.words["area.services"], columns, [_row(here, one) for one in every], here.words["empty.services"]
        )
        ways = [Action("new.service", here.url("new-service"))]
        return table_page(here, [table], ways=ways, undo=_undo(here, every))

    @blueprint.get("/admin/<jurisdiction>/new-service")
    @guard("manage_services")
    def new_service(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        return form_page(here, _new_form(here))

    @blueprint.post("/admin/<jurisdiction>/new-service")
    @guard("manage_services")
    @token_in_form
    @streams(FORM_TYPE)
    def make_service(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        return sent(here, _new_form(here), lambda values: _made(here, services, values))

    @blueprint.get("/admin/<jurisdiction>/services/<code>")
    @guard("manage_services")
    def service(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        return form_page(here, _form(here, _found(services, jurisdiction, code)))

    @blueprint.post("/admin/<jurisdiction>/services/<code>")
    @guard("manage_services")
    @token_in_form
    @streams(FORM_TYPE)
    def write_service(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        found = _found(services, jurisdiction, code)
        return sent(here, _form(here, found), lambda values: _written(here, services, found, values))

    _add_retiring(blueprint, administration, guard)


def _add_retiring(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    services = administration.services

    @blueprint.get("/admin/<jurisdiction>/services/<code>/retirement")
    @guard("manage_services")
    def retirement(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        return form_page(here, _retire_form(here, services, _found(services, jurisdiction, code)))

    @blueprint.post("/admin/<jurisdiction>/services/<code>/retirement")
    @guard("manage_services")
    @token_in_form
    @streams(FORM_TYPE)
    def retire(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        found = _found(services, jurisdiction, code)
        form = _retire_form(here, services, found)
        return sent(here, form, lambda values: _switched(here, services, found, retired=True))

    @blueprint.post("/admin/<jurisdiction>/services/<code>/restoration")
    @guard("manage_services")
    @token_in_form
    @streams(FORM_TYPE)
    def restore(jurisdiction: str, code: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        found = _found(services, jurisdiction, code)
        return sent(here, _form(here, found), lambda values: _switched(here, services, found, retired=False))


def _found(services: ServiceListService, jurisdiction: str, code: str) -> Service:
    found = next((one for one in services.services(jurisdiction) if one.code == code), None)
    if found is None:
        raise ServiceUnknown(service=code)
    return found


def _limit(one: Service) -> str:
    return "" if one.limit_working_hours is None else f"{one.limit_working_hours:.10g}"


def _row(here: Here, one: Service) -> list[Cell]:
    said = here.words
    state = Cell(said["state.retired"], state="bad") if one.retired else Cell(said["state.offered"], state="good")
    return [
        Cell(one.code, here.url("services", one.code)), Cell(one.name), Cell(one.name_en or "—"),
        Cell(one.category or "—"), Cell(_limit(one) or said["no_limit"]), Cell(said["yes" if one.sensitive else "no"]),
        state,
    ]  # fmt: skip


def _undo(here: Here, every: tuple[Service, ...]) -> Action | None:
    """Return what brings back the service that was just retired."""
    if request.args.get("done") != "retired":
        return None
    code = request.args.get("service", "")
    meant = next((one for one in every if one.code == code and one.retired), None)
    return None if meant is None else _way_back(here, meant)


def _way_back(here: Here, one: Service) -> Action:
    return Action("restore.service", here.url("services", one.code, "restoration"), at_once=True)


def _fields() -> tuple[Field, ...]:
    return (
        Field("name", required=True), Field("name_en"), Field("category"), Field("description", "area"),
        Field("keywords", "area"), Field("limit", "number"), Field("attributes", "area"), Field("sensitive", "check"),
    )  # fmt: skip


def _new_form(here: Here) -> Form:
    said, fields = here.words, (Field("service_code", required=True), *_fields())
    return Form(said["new.service"], here.url("new-service"), said["send.save"], here.url("services"), fields)


def _form(here: Here, one: Service) -> Form:
    said = here.words
    values = {
        "name": one.name, "name_en": one.name_en or "", "category": one.category or "",
        "description": one.description or "", "keywords": " ".join(one.keywords), "limit": _limit(one),
        "attributes": _attributes_text(one), "sensitive": "yes" if one.sensitive else "",
    }  # fmt: skip
    title = said["edit.service"].format(name=one.code)
    retire = Action("retire.service", here.url("services", one.code, "retirement"))
    return Form(
        title, here.url("services", one.code), said["send.save"], here.url("services"), _fields(), values=values,
        stored=values, ways=[_way_back(here, one) if one.retired else retire],
    )  # fmt: skip


def _retire_form(here: Here, services: ServiceListService, one: Service) -> Form:
    said, url = here.words, here.url("services", one.code, "retirement")
    in_hand = services.open_incidents(here.place.code, one.code)
    return Form(
        said["retire.title"].format(name=one.code), url, said["retire.service"], here.url("services", one.code),
        costs=[said["costs.retire"].format(n=f"{in_hand:,}")],
    )  # fmt: skip


def _made(here: Here, services: ServiceListService, values: Mapping[str, str]) -> Response:
    wrong, code = FormErrors(), ""
    try:
        code = key_of(values["service_code"])
    except NotAValue:
        wrong.refuse("service_code", "error.service_code")
    if leads_nowhere(code):
        wrong.refuse("service_code", "error.service_code")
    if code in {one.code for one in services.services(here.place.code)}:
        wrong.refuse("service_code", "error.service_taken")
    new = _service(Service(code, "", None, None, None, (), None), values, wrong)
    try:
        services.add(here.place.code, new, actor=here.identity.actor)
    except ServiceCodeTaken:
        raise Refused(service_code="error.service_taken") from None
    except RefusedByDatabase:  # what else it refuses is looked at above
        raise Refused(name="error.name") from None
    return led_on(here.url("services", done="service"))


def _written(here: Here, services: ServiceListService, old: Service, values: Mapping[str, str]) -> Response:
    new = _service(old, values, FormErrors())
    try:
        services.put(here.place.code, new, actor=here.identity.actor)
    except RefusedByDatabase:  # what else it refuses is looked at above
        raise Refused(name="error.name") from None
    return led_on(here.url("services", done="service"))


def _switched(here: Here, services: ServiceListService, one: Service, *, retired: bool) -> Response:
    services.put(here.place.code, replace(one, retired=retired), actor=here.identity.actor)
    done = {"done": "retired", "service": one.code} if retired else {"done": "restored"}
    return led_on(here.url("services", **done))


def _service(old: Service, values: Mapping[str, str], wrong: FormErrors) -> Service:
    """Return a service as a form says it; raise Refused with all that is wrong, and was noted before."""
    limit, attributes = None, old.attributes
    with wrong.reading():
        limit = number_in(values, "limit", most=_LIMIT_MOST, error="error.limit")
    with wrong.reading():
        attributes = _attributes_in(old, values["attributes"])
    new = replace(
        old, name=values["name"], name_en=values["name_en"] or None, category=values["category"] or None,
        description=values["description"] or None, keywords=_keywords(old, values["keywords"]),
        limit_working_hours=limit, attributes=attributes, sensitive=bool(values["sensitive"]),
    )  # fmt: skip
    _note_words(new, wrong)
    wrong.end()
    return new


def _keywords(old: Service, text: str) -> tuple[str, ...]:
    """Return the keywords that are written; those that were there stay whole, blanks in them and all."""
    return old.keywords if text.split() == " ".join(old.keywords).split() else tuple(text.split())


def _attributes_text(one: Service) -> str:
    return orjson.dumps(one.attributes).decode() if one.attributes else ""


def _attributes_in(old: Service, text: str) -> tuple[dict[str, Any], ...]:
    """Return what a report is asked for as a form says it; what was there stays as it is. Raise Refused."""
    if text == _attributes_text(old):
        return old.attributes
    if not text:
        return ()
    try:
        if len(text) > ATTRIBUTES_LENGTH:
            raise Refused(attributes="error.attributes")
        return attributes_of(orjson.loads(text))
    except (orjson.JSONDecodeError, NotAValue):
        raise Refused(attributes="error.attributes") from None


def _note_words(new: Service, wrong: FormErrors) -> None:
    """Note which words of a service can not be stored."""
    if not new.name:
        wrong.refuse("name", "error.name")
    for name in ("name", "name_en", "category"):
        if len(getattr(new, name) or "") > _NAME_LENGTH:
            wrong.refuse(name, "error.words")
    if len(new.description or "") > _DESCRIPTION_LENGTH:
        wrong.refuse("description", "error.words")
    if len(new.keywords) > KEYWORDS_MOST or any(len(one) > _NAME_LENGTH for one in new.keywords):
        wrong.refuse("keywords", "error.keywords")
    while (unfit := unfit_words(new)) is not None:  # it names one at a time
        wrong.refuse(unfit[0], "error.words")
        fit: dict[str, Any] = {unfit[0]: () if unfit[0] == "keywords" else ""}
        new = replace(new, **fit)
