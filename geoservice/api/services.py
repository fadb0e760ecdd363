"""Services written one by one: /v1/services/{code}."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from geoservice.api.jurisdictions import ServiceOut
from geoservice.domain.importing.services import KEYWORDS_MOST, attributes_of, unfit_words
from geoservice.domain.importing.values import NotAValue
from geoservice.services.service_lists import ServiceListService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, InvalidInput, Name, StrictModel, Text
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render
from layers.incidents.model import Service

TAG = Tag(name="services", description="What can be reported")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class ServicePath(StrictModel):
    """Which service."""

    code: Code


class ServiceQuery(StrictModel):
    """Whose."""

    jurisdiction: Code


class ServiceBody(StrictModel):
    """A service; what is left out is nothing."""

    name: Name
    name_en: Name | None = None
    description: Text | None = None
    category: Name | None = Field(None, description="Open311 calls it group")
    keywords: Annotated[list[Name], Field(max_length=KEYWORDS_MOST)] = Field([])
    limit_working_hours: Annotated[float, Field(gt=0, le=100_000)] | None = Field(
        None, description="How long a matter may take"
    )
    attributes: Annotated[list[dict[str, Any]], Field(max_length=50)] = Field(
        [], description="What a report is asked for, as GeoReport v2 defines it"
    )
    sensitive: bool = Field(False, description="Its reports are told to those alone who may read incidents")
    retired: bool = Field(False, description="Nothing new is reported of it")


def services_blueprint(services: ServiceListService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("services", __name__, url_prefix="/v1/services", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.put(
        "/<code>", summary="Write", responses={200: ServiceOut, **problem_responses(401, 403, 404, 413, 415)}
    )
    @guard("manage_services")
    def put(path: ServicePath, query: ServiceQuery, body: ServiceBody) -> Response:
        """Write a service, new or changed. Reports that are there keep the limit that they had."""
        written = services.put(query.jurisdiction, _service(path.code, body), actor=current_identity().actor)
        return render(ServiceOut.model_validate(written, from_attributes=True))

    return blueprint


def _service(code: str, body: ServiceBody) -> Service:
    told = body.model_dump() | {"keywords": tuple(body.keywords)}
    unfit = unfit_words(Service(code, **told | {"attributes": ()}))
    if unfit is None:
        try:
            return Service(code, **told | {"attributes": attributes_of(body.attributes)})
        except NotAValue as exc:
            unfit = "attributes", str(exc)
    name, why = unfit
    raise InvalidInput([{"pointer": f"#/{name}", "code": "value", "detail": f"{name} {why}"}])
