"""Services: what can be reported, its names and limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint
from werkzeug.wrappers import Response

from geoservice.domain.importing.services import KEYWORDS_MOST, unfit_words
from geoservice.errors import ServiceUnknown
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import sent
from geoservice.pages.admin.model import Cell, Field, Form, Refused, Table
from geoservice.pages.admin.rendering import form_page, table_page
from geoservice.pages.shell.choice import led_on
from geoservice.services.administration.service import Administration
from geoservice.services.service_lists import ServiceListService
from geoservice.web.forms import FORM_TYPE
from geoservice.web.guard import Guard
from geoservice.web.sessions import token_in_form
from geoservice.web.streaming import streams
from layers.errors import RefusedByDatabase
from layers.incidents.model import Service

#: In words of the columns.
COLUMNS = ("code", "name", "name_en", "category", "limit", "sensitive")
_LIMIT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?", re.ASCII)
_LIMIT_MOST, _NAME_LENGTH, _DESCRIPTION_LENGTH = 100_000, 200, 2000


def add_services(blueprint: Blueprint, administration: Administration, guard: Guard) -> None:
    """Add the area."""
    services = administration.services

    @blueprint.get("/admin/<jurisdiction>/services")
    @guard("manage_services")
    def services_area(jurisdiction: str) -> Response:
        here = Here.of(administration, jurisdiction, "services")
        rows = [_row(here, one) for one in services.services(jurisdiction)]
        columns = [here.words[f"column.{name}"] for name in COLUMNS]
        return table_page(here, [Table(here.words["area.services"], columns, rows, here.words["empty.services"])])

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


def _found(services: ServiceListService, jurisdiction: str, code: str) -> Service:
    found = next((one for one in services.services(jurisdiction) if one.code == code), None)
    if found is None:
        raise ServiceUnknown(service=code)
    return found


def _limit(one: Service) -> str:
    return "" if one.limit_working_hours is None else f"{one.limit_working_hours:.10g}"


def _row(here: Here, one: Service) -> list[Cell]:
    said = here.words
    return [
        Cell(one.code, here.url("services", one.code)), Cell(one.name), Cell(one.name_en or "—"),
        Cell(one.category or "—"), Cell(_limit(one) or said["no_limit"]), Cell(said["yes" if one.sensitive else "no"]),
    ]  # fmt: skip


def _form(here: Here, one: Service) -> Form:
    said = here.words
    fields = (
        Field("name", required=True), Field("name_en"), Field("category"), Field("description", "area"),
        Field("keywords", "area"), Field("limit", "number"), Field("sensitive", "check"),
    )  # fmt: skip
    values = {
        "name": one.name, "name_en": one.name_en or "", "category": one.category or "",
        "description": one.description or "", "keywords": " ".join(one.keywords), "limit": _limit(one),
        "sensitive": "yes" if one.sensitive else "",
    }  # fmt: skip
    title = said["edit.service"].format(name=one.code)
    return Form(
        title, here.url("services", one.code), said["send.save"], here.url("services"), fields, values=values,
        stored=values,
    )  # fmt: skip


def _written(here: Here, services: ServiceListService, old: Service, values: Mapping[str, str]) -> Response:
    limit = values["limit"]
    if limit and (not _LIMIT.fullmatch(limit) or not 0 < float(limit) <= _LIMIT_MOST):
        raise Refused(limit="error.limit")
    new = replace(
        old, name=values["name"], name_en=values["name_en"] or None, category=values["category"] or None,
        description=values["description"] or None, keywords=_keywords(old, values["keywords"]),
        limit_working_hours=float(limit) if limit else None, sensitive=bool(values["sensitive"]),
    )  # fmt: skip
    _require_words(new)
    try:
        services.put(here.place.code, new, actor=here.identity.actor)
    except RefusedByDatabase:  # what else it refuses is looked at above
        raise Refused(name="error.name") from None
    return led_on(here.url("services", done="service"))


def _keywords(old: Service, text: str) -> tuple[str, ...]:
    """Return the keywords that are written; those that were there stay whole, blanks in them and all."""
    return old.keywords if text.split() == " ".join(old.keywords).split() else tuple(text.split())


def _require_words(new: Service) -> None:
    """Raise Refused where words of a service can not be stored."""
    if not new.name:
        raise Refused(name="error.name")
    for name in ("name", "name_en", "category"):
        if len(getattr(new, name) or "") > _NAME_LENGTH:
            raise Refused(**{name: "error.words"})
    if len(new.description or "") > _DESCRIPTION_LENGTH:
        raise Refused(description="error.words")
    if len(new.keywords) > KEYWORDS_MOST or any(len(one) > _NAME_LENGTH for one in new.keywords):
        raise Refused(keywords="error.keywords")
    unfit = unfit_words(new)
    if unfit is not None:
        raise Refused(**{unfit[0]: "error.words"})
