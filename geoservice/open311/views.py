"""The routes of GeoReport v2: /open311/v2. Each says in its description what the standard calls it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, may
from geoservice.open311 import reading, records
from geoservice.open311.refusing import PREFIX, Refused
from geoservice.open311.writing import JSON, XML, body_of, instant
from geoservice.services.errors import NotServed, ReportUnknown
from geoservice.services.handling import HandlingService
from geoservice.services.incidents import IncidentService, NewReport
from geoservice.services.keys import KeyService
from geoservice.services.viewing import ViewingService
from geoservice.web.guard import current_identity, guard
from geoservice.web.streaming import streams
from layers.crs import declared_position
from layers.incidents.model import Incident, Service

TAG = Tag(name="open311", description="Open311 GeoReport v2: service requests for programs that speak it")
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-26T00:00:00Z"
_PERSONAL = ("email", "first_name", "last_name", "phone", "name")
_NOTICE_PERSONAL = "Names, telephone numbers and addresses of e-mail are not kept. 本服务不保存姓名、电话和邮箱。"


class FormPath(BaseModel):
    """In which format."""

    form: str = Field(description="xml or json")


class ServicePath(FormPath):
    """Which service."""

    service_code: str


class RequestPath(FormPath):
    """Which service request."""

    service_request_id: str


class TokenPath(FormPath):
    """Which token."""

    token: str


class JurisdictionQuery(BaseModel):
    """Of which jurisdiction."""

    jurisdiction_id: str | None = Field(None, description="Needed only where there are several")


class RequestsQuery(JurisdictionQuery):
    """Which service requests; an empty value counts as absent."""

    service_request_id: str | None = Field(None, description="Several with commas; overrides everything else")
    service_code: str | None = Field(None, description="Several with commas")
    start_date: str | None = Field(None, description="Requested from then on; with zone. Default: 90 days ago")
    end_date: str | None = Field(None, description="Requested before; at most 90 days after start_date")
    status: str | None = Field(None, description="open, closed, or both with a comma")
    updated_after: str | None = Field(None, description="Changed from then on; with zone")
    updated_before: str | None = Field(None, description="Changed before; with zone")
    updated_datetime: str | None = Field(None, description="The same as updated_after")
    page: str | None = Field(None, description="From 1")
    page_size: str | None = Field(None, description="At most 1,000, the default")
    extensions: str | None = Field(None, description="true: notes and answers to attributes as well")


class UpdatesQuery(JurisdictionQuery):
    """Changes of status between two times."""

    start_date: str | None = None
    end_date: str | None = None


_CONTENT: dict[str, Any] = {kind.partition(";")[0]: {} for kind in (JSON, XML)}
_ANSWERS: dict[str | int, Any] = {
    str(status): {"description": said, "content": _CONTENT}
    for status, said in (
        (200, "As GeoReport v2 writes it"), (400, "A list of errors"), (403, "A list of errors: the key"),
        (404, "A list of errors: nothing there"), (503, "A list of errors: try again"),
    )
}  # fmt: skip
_FORM_FIELDS = (
    "service_code", "lat", "long", "crs", "address_id", "address_string", "description", "api_key", "jurisdiction_id",
    "device_id", "media_url",
)  # fmt: skip
_FORM_SCHEMA = {"type": "object", "properties": {name: {"type": "string"} for name in _FORM_FIELDS}}
_POST_BODY = {"content": {kind: {"schema": _FORM_SCHEMA} for kind in reading.FORM_TYPES}}
_POSTED = {"requestBody": _POST_BODY}


class Endpoint:
    """The standard's methods on our use cases."""

    def __init__(
        self, viewing: ViewingService, incidents: IncidentService, handling: HandlingService, keys: KeyService
    ) -> None:
        self._viewing, self._incidents, self._handling, self._keys = viewing, incidents, handling, keys

    def jurisdiction(self, code: str | None) -> str:
        """Return the jurisdiction that is meant: the stated one, else the only one."""
        codes = [one.code for one in self._viewing.jurisdictions()]
        if code:
            if code not in codes:
                raise Refused(404, "jurisdiction_id was not found")
            return code
        if len(codes) != 1:
            raise Refused(400, f"jurisdiction_id was not provided: one of {', '.join(codes)}")
        return codes[0]

    def service(self, jurisdiction: str, code: str | None) -> Service:
        """Return a service; refuse when there is none of this code."""
        if code is None:
            raise Refused(400, "service_code was not provided")
        found = next((one for one in self._incidents.services(jurisdiction) if one.code == code), None)
        if found is None:
            raise Refused(404, "service_code was not found")
        return found

    def services(self, jurisdiction: str) -> list[dict[str, Any]]:
        """Return the list of services."""
        return [records.service_record(one) for one in self._incidents.services(jurisdiction)]

    def requests(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the service requests that a query means, newest first."""
        jurisdiction = self.jurisdiction(query.get("jurisdiction_id"))
        limit, skip = reading.page_of(query)
        search = reading.search_of(query, datetime.now(UTC))
        found = self._incidents.incidents(search, jurisdiction_code=jurisdiction, limit=limit, skip=skip)
        return self._records(jurisdiction, found, extensions=query.get("extensions") == "true")

    def request(self, query: Mapping[str, str], request_id: str) -> list[dict[str, Any]]:
        """Return one service request, in a list as the standard has it."""
        jurisdiction = self.jurisdiction(query.get("jurisdiction_id"))
        search = reading.search_of({"service_request_id": request_id.partition(",")[0]}, datetime.now(UTC))
        found = self._incidents.incidents(search, jurisdiction_code=jurisdiction, limit=1)
        if not found:
            raise Refused(404, "service_request_id was not found")
        return self._records(jurisdiction, found, extensions=query.get("extensions") == "true")

    def _records(self, jurisdiction: str, found: tuple[Incident, ...], *, extensions: bool) -> list[dict[str, Any]]:
        names = {one.code: one.name for one in self._incidents.services(jurisdiction)}
        histories = self._incidents.histories([one.id for one in found]) if extensions else {}
        with_text = may(current_identity().role, Permission.READ_INCIDENTS)
        return [
            records.request_record(
                one, names[one.service_code], with_text=with_text,
                history=histories.get(one.id, ()) if extensions else None,
            )
            for one in found
        ]  # fmt: skip

    def updates(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return changes of status as FixMyStreet asks for them."""
        jurisdiction = self.jurisdiction(query.get("jurisdiction_id"))
        start, end = reading.span_of(query, datetime.now(UTC))
        lines = self._incidents.status_changes(jurisdiction, since=start, until=end, limit=reading.ROWS_MAX)
        return [
            {
                "update_id": str(number), "service_request_id": str(incident_id),
                "status": records.UPDATE_STATES.get(line.rule, "OPEN"), "updated_datetime": instant(line.at),
                "description": "", "media_url": None,
            }
            for number, incident_id, line in lines
        ]  # fmt: skip

    def report(self, form: reading.Form) -> dict[str, Any]:
        """Store a posted service request and return what it is called from now on."""
        identity = self._reporter(form)
        jurisdiction = self.jurisdiction(form.get("jurisdiction_id"))
        service = self.service(jurisdiction, form.get("service_code"))
        answers = reading.check_answers(service, form.attributes)
        lat, lon, address_id, address = reading.place_fields(form)
        building = None
        if lat is None or lon is None:
            building, lon, lat = self._address(jurisdiction, address_id, address)
        place = declared_position(lon, lat, crs=form.get("crs") or "wgs84")
        report = NewReport(
            service.code, place, "resident", _description(form, address if building is None else None),
            building_code=building, jurisdiction_code=jurisdiction, attributes=answers,
        )  # fmt: skip
        try:
            incident, _ = self._incidents.report(report, identity=identity, only_where_served=True)
        except NotServed as exc:
            raise Refused(400, f"The place is not served: it lies outside {jurisdiction}") from exc
        return {"service_request_id": str(incident.id), "service_notice": _notice(form), "account_id": None}

    def _reporter(self, form: reading.Form) -> Identity:
        key = form.get("api_key")
        identity = current_identity() if key is None else self._keys.identify(key)
        if identity is None or not may(identity.role, Permission.REPORT_INCIDENT):
            raise Refused(403, "api_key is missing or not valid for reports")
        return identity

    def _address(self, jurisdiction: str, code: str | None, address: str | None) -> tuple[str, float, float]:
        found = self._incidents.building_place(jurisdiction, code=code, address=address)
        if found is None:
            raise Refused(400, "The address is not known here, or not of one building: give lat and long")
        return found[0], found[1].lon, found[1].lat

    def token(self, token: str) -> list[dict[str, Any]]:
        """Return the service request that a token stands for."""
        try:
            incident = self._handling.offer_to_reporter(token).incident
        except ReportUnknown as exc:
            raise Refused(404, "token was not found") from exc
        return [{"service_request_id": str(incident.id), "token": token}]


def _description(form: reading.Form, address: str | None) -> str:
    words = "\n".join(part for part in (form.get("description"), address) if part)
    if len(words) > 4000:
        raise Refused(400, "description has 4,000 characters at most")
    return words


def _notice(form: reading.Form) -> str | None:
    parts = [records.NOTICE_FILES] if form.media else []
    if form.get(*_PERSONAL) is not None:
        parts.append(_NOTICE_PERSONAL)
    return " ".join(parts) or None


def _discovery() -> dict[str, Any]:
    return {
        "changeset": CHANGESET,
        "contact": "The operator of this service.",
        "key_service": "Keys are handed out by the operator: geoservice key create --role reporter",
        "endpoints": [
            {
                "specification": SPECIFICATION, "url": f"{request.host_url.rstrip('/')}{PREFIX}",
                "changeset": CHANGESET,
                "type": "production", "formats": [XML.partition(";")[0], JSON.partition(";")[0]],
            }
        ],
    }  # fmt: skip


def open311_blueprint(endpoint: Endpoint) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("open311", __name__, url_prefix=PREFIX, abp_tags=[TAG], abp_responses=_ANSWERS)

    def said(form: str, root: str, value: Any) -> Response:
        body, content_type = body_of(form, root, value)
        return Response(body, 200, {"Content-Type": content_type, "Cache-Control": "no-store"})

    @blueprint.get("/discovery.<form>", summary="Service discovery")
    @guard("use_open311")
    def discovery(path: FormPath) -> Response:
        return said(reading.only(path.form), "discovery", _discovery())

    @blueprint.get("/services.<form>", summary="GET service list")
    @guard("use_open311")
    def services(path: FormPath, query: JurisdictionQuery) -> Response:
        form = reading.only(path.form)
        return said(form, "services", endpoint.services(endpoint.jurisdiction(query.jurisdiction_id)))

    @blueprint.get("/services/<service_code>.<form>", summary="GET service definition")
    @guard("use_open311")
    def definition(path: ServicePath, query: JurisdictionQuery) -> Response:
        form = reading.only(path.form)
        service = endpoint.service(endpoint.jurisdiction(query.jurisdiction_id), path.service_code)
        return said(form, "service_definition", records.definition_record(service))

    @blueprint.post("/requests.<form>", summary="POST service request", openapi_extensions=_POSTED)
    @guard("use_open311")
    @streams(*reading.FORM_TYPES)
    def report(path: FormPath) -> Response:
        form = reading.only(path.form)
        return said(form, "service_requests", [endpoint.report(reading.read_form())])

    @blueprint.get("/requests.<form>", summary="GET service requests")
    @guard("use_open311")
    def requests(path: FormPath, query: RequestsQuery) -> Response:
        form = reading.only(path.form)
        return said(form, "service_requests", endpoint.requests(_given(query)))

    @blueprint.get("/requests/<service_request_id>.<form>", summary="GET service request")
    @guard("use_open311")
    def one(path: RequestPath, query: RequestsQuery) -> Response:
        form = reading.only(path.form)
        return said(form, "service_requests", endpoint.request(_given(query), path.service_request_id))

    @blueprint.get("/tokens/<token>.<form>", summary="GET service_request_id from a token")
    @guard("use_open311")
    def token(path: TokenPath, query: JurisdictionQuery) -> Response:
        form = reading.only(path.form)
        endpoint.jurisdiction(query.jurisdiction_id)
        return said(form, "service_requests", endpoint.token(path.token))

    @blueprint.get("/servicerequestupdates.<form>", summary="GET service request updates, as FixMyStreet asks")
    @guard("use_open311")
    def updates(path: FormPath, query: UpdatesQuery) -> Response:
        form = reading.only(path.form)
        return said(form, "service_request_updates", endpoint.updates(_given(query)))

    return blueprint


def _given(query: BaseModel) -> dict[str, str]:
    """Return what has a value."""
    return {name: value for name, value in query.model_dump().items() if value}
