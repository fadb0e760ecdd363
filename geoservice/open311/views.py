"""The routes of GeoReport v2: /open311/v2. Each says in its description what the standard calls it."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.open311 import reading, records
from geoservice.open311.endpoint import Endpoint, discovery_record
from geoservice.open311.forms import FORM_TYPES, read_form
from geoservice.open311.refusing import PREFIX
from geoservice.open311.writing import JSON, XML, body_of
from geoservice.web.guard import guard
from geoservice.web.parsing import ReportKey, takes_long_list
from geoservice.web.streaming import streams

TAG = Tag(name="open311", description="Open311 GeoReport v2: service requests for programs that speak it")


class FormPath(BaseModel):
    """In which format."""

    form: str = Field(description="xml or json")


class ServicePath(FormPath):
    """Which service."""

    service_code: str


class RequestPath(FormPath):
    """Which service request."""

    service_request_id: str


class JurisdictionQuery(BaseModel):
    """Of which jurisdiction."""

    jurisdiction_id: str | None = Field(None, description="Needed only where there are several")


class RequestsQuery(JurisdictionQuery):
    """Which service requests; an empty value counts as absent."""

    service_request_id: str | None = Field(
        None,
        description="Several with commas, as many as an address of 65,000 bytes holds; overrides all but the page",
    )
    service_code: str | None = Field(None, description="Several with commas")
    start_date: str | None = Field(
        None, description="Requested from then on, with its offset from UTC. Default: 90 days ago"
    )
    end_date: str | None = Field(None, description="Requested before; at most 90 days after start_date")
    status: str | None = Field(None, description="open, closed, or both with a comma")
    updated_after: str | None = Field(None, description="Changed from then on, with its offset from UTC")
    updated_before: str | None = Field(None, description="Changed before, with its offset from UTC")
    updated_datetime: str | None = Field(None, description="The same as updated_after")
    page: str | None = Field(None, description="From 1; the header Link leads to the next one")
    page_size: str | None = Field(None, description="At most 1,000, the default; of a list of ids all come by default")
    after: str | None = Field(None, description="As the header Link of the page before has it")
    extensions: str | None = Field(None, description="true: notes and answers to attributes as well")


class UpdatesQuery(JurisdictionQuery):
    """Changes of status between two times."""

    start_date: str | None = Field(None, description="From then on, with its offset from UTC. Default: 90 days ago")
    end_date: str | None = Field(None, description="Before then; at most 90 days after start_date")
    page: str | None = Field(None, description="From 1. Without page and page_size all come at once, 20,000 at most")
    page_size: str | None = Field(None, description="At most 1,000")
    after: str | None = Field(None, description="As the header Link of the page before has it")


class KeyHeader(BaseModel):
    """How a report is known when it is sent again."""

    idempotency_key: ReportKey | None = Field(None, alias="Idempotency-Key")


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
_POST_BODY = {"content": {kind: {"schema": _FORM_SCHEMA} for kind in FORM_TYPES}}
_POSTED = {"requestBody": _POST_BODY}


def open311_blueprint(endpoint: Endpoint) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("open311", __name__, url_prefix=PREFIX, abp_tags=[TAG], abp_responses=_ANSWERS)

    @blueprint.get("/discovery.<form>", summary="Service discovery")
    @guard("use_open311")
    def discovery(path: FormPath) -> Response:
        """Tell where the endpoint is, in which formats, and how a key is had."""
        return _response(reading.only(path.form), "discovery", discovery_record(request.host_url))

    @blueprint.get("/services.<form>", summary="GET service list")
    @guard("use_open311")
    def services(path: FormPath, query: JurisdictionQuery) -> Response:
        """List what can be reported."""
        form = reading.only(path.form)
        return _response(form, "services", endpoint.services(endpoint.jurisdiction(query.jurisdiction_id)))

    @blueprint.get("/services/<service_code>.<form>", summary="GET service definition")
    @guard("use_open311")
    def definition(path: ServicePath, query: JurisdictionQuery) -> Response:
        """Tell which attributes a service asks for."""
        form = reading.only(path.form)
        service = endpoint.service(endpoint.jurisdiction(query.jurisdiction_id), path.service_code)
        return _response(form, "service_definition", records.definition_record(service))

    _about_requests(blueprint, endpoint)
    return blueprint


def _about_requests(blueprint: APIBlueprint, endpoint: Endpoint) -> None:
    @blueprint.post("/requests.<form>", summary="POST service request", openapi_extensions=_POSTED)
    @guard("use_open311")
    @streams(*FORM_TYPES)
    def report(path: FormPath, header: KeyHeader) -> Response:
        """Take a report; route and dispatch it at once. Files and names are dropped.

        Nobody knows whether it arrived? Send it again with the same `Idempotency-Key`: for 7 days it is stored once.
        """
        form = reading.only(path.form)
        told = endpoint.report(read_form(), key=header.idempotency_key)
        return _response(form, "service_requests", [told])

    @blueprint.get("/requests.<form>", summary="GET service requests")
    @guard("use_open311")
    @takes_long_list("service_request_id")
    def requests(path: FormPath, query: RequestsQuery) -> Response:
        """List service requests, newest first: of the last 90 days, and 1,000 at most, unless asked otherwise."""
        form = reading.only(path.form)
        listing = endpoint.requests(_query(query))
        return _response(form, "service_requests", listing.records, link=listing.link)

    @blueprint.get("/requests/<service_request_id>.<form>", summary="GET service request")
    @guard("use_open311")
    def one(path: RequestPath, query: RequestsQuery) -> Response:
        """Return one service request, in a list."""
        form = reading.only(path.form)
        return _response(form, "service_requests", endpoint.request(_query(query), path.service_request_id))

    @blueprint.get("/servicerequestupdates.<form>", summary="GET service request updates, as FixMyStreet asks")
    @guard("use_open311")
    def updates(path: FormPath, query: UpdatesQuery) -> Response:
        """List changes of status between two times, oldest first."""
        form = reading.only(path.form)
        listing = endpoint.updates(_query(query))
        return _response(form, "service_request_updates", listing.records, link=listing.link)


def _response(form: str, root: str, value: Any, *, link: str | None = None) -> Response:
    body, content_type = body_of(form, root, value)
    headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
    return Response(body, 200, headers if link is None else headers | {"Link": link})


def _query(query: BaseModel) -> dict[str, str]:
    """Return what has a value."""
    return {name: value for name, value in query.model_dump().items() if value}
