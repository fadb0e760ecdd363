"""Jurisdictions, their figures and what can be reported in them: /v1/jurisdictions, /v1/statistics, /v1/services."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.incidents import IncidentService
from geoservice.services.viewing import JurisdictionView, ViewingService
from geoservice.web.guard import guard
from geoservice.web.parsing import Code, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="jurisdictions", description="Areas served as one whole")


class JurisdictionQuery(StrictModel):
    """Which jurisdiction."""

    jurisdiction: Code


class JurisdictionOut(BaseModel):
    """A jurisdiction."""

    code: str
    name: str
    name_en: str
    bbox: list[float] = Field(description="west, south, east, north in degrees, WGS 84")


class JurisdictionsOut(BaseModel):
    """Every jurisdiction."""

    jurisdictions: list[JurisdictionOut]


class GridFiguresOut(BaseModel):
    """The figures of a grid."""

    code: str
    name: str
    households: int
    residents: int
    floating: int
    received: int
    closed: int
    in_hand: int


class StatisticsOut(BaseModel):
    """The figures of a jurisdiction, now."""

    jurisdiction: str
    grids: int
    households: int
    residents: int
    floating: int = Field(description="Of the residents, those registered elsewhere")
    received: int
    closed: int
    in_hand: int
    triage: int = Field(description="Of those in hand, the ones that no grid owns")
    per_grid: list[GridFiguresOut]


class ServiceOut(BaseModel):
    """A kind of incident."""

    code: str
    name: str
    name_en: str | None
    description: str | None
    category: str | None
    keywords: list[str]
    limit_working_hours: float | None


class ServicesOut(BaseModel):
    """What can be reported."""

    services: list[ServiceOut]


def jurisdictions_blueprint(viewing: ViewingService, incidents: IncidentService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("jurisdictions", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get(
        "/jurisdictions", summary="All jurisdictions", responses={200: JurisdictionsOut, **problem_responses()}
    )
    @guard("read_grids")
    def all_jurisdictions() -> Response:
        """List every jurisdiction by code."""
        return render(JurisdictionsOut(jurisdictions=[_jurisdiction_out(one) for one in viewing.jurisdictions()]))

    @blueprint.get("/statistics", summary="Figures", responses={200: StatisticsOut, **problem_responses(404)})
    @guard("read_grids")
    def statistics(query: JurisdictionQuery) -> Response:
        """Count grids, households, residents and incidents of a jurisdiction, whole and per grid."""
        view = viewing.jurisdiction_view(query.jurisdiction)
        figures = view.statistics
        return render(
            StatisticsOut.model_validate(
                {"jurisdiction": view.code}
                | {f: getattr(figures, f) for f in StatisticsOut.model_fields if hasattr(figures, f)},
                from_attributes=True,
            )
        )

    @blueprint.get("/services", summary="What can be reported", responses={200: ServicesOut, **problem_responses(404)})
    @guard("read_grids")
    def services(query: JurisdictionQuery) -> Response:
        """List the services of a jurisdiction."""
        found = incidents.services(query.jurisdiction)
        return render(ServicesOut.model_validate({"services": found}, from_attributes=True))

    return blueprint


def _jurisdiction_out(view: JurisdictionView) -> JurisdictionOut:
    return JurisdictionOut(code=view.code, name=view.name, name_en=view.name_en, bbox=list(view.bbox))
