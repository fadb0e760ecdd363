"""Jurisdictions, their figures and what can be reported in them: /v1/jurisdictions, /v1/statistics, /v1/services."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.domain.small_counts import K_MINIMUM
from geoservice.services.incidents import HandlingFigures, IncidentService
from geoservice.services.viewing import JurisdictionView, ViewingService
from geoservice.web.guard import guard, shown_here
from geoservice.web.parsing import Code, Instant, QueryFlag, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="jurisdictions", description="Areas served as one whole")


class JurisdictionPath(BaseModel):
    """Which jurisdiction."""

    jurisdiction: Code


class JurisdictionQuery(StrictModel):
    """Which jurisdiction."""

    jurisdiction: Code


class ServicesQuery(JurisdictionQuery):
    """Which services."""

    retired: QueryFlag = Field(False, description="Those that are retired, too")


class RetentionOut(BaseModel):
    """For how many days something is kept; null: for good."""

    words: int | None = Field(description="What was written of a report, after it was closed")
    deliveries: int | None = Field(description="Messages of webhooks, after the event")
    report_keys: int | None = Field(description="By what a report is known that is sent again, after it came")
    sessions: int | None = Field(description="Sessions, after their end")


class JurisdictionOut(BaseModel):
    """A jurisdiction."""

    code: str
    name: str
    name_en: str
    bbox: list[float] = Field(description="west, south, east, north in degrees, WGS 84; west is above east across 180")
    attribution: str | None = Field(description="Whom everything that shows its data names, plain text; null: nobody")
    visitors: Literal["closed", "grids", "open"] = Field(description="What whoever shows no key sees of it")
    four_eyes: bool = Field(description="Whether who drew a draft can neither publish it nor confirm its outline")
    retention: RetentionOut = Field(description="For how many days what people write is kept; null: for good")


#: What null means to whoever reads figures.
SMALL = f"null: from 1 to {K_MINIMUM - 1}, told to those alone who may see single households"
PART_SMALL = "null: a grid's is not told, and the total would give it away"


class JurisdictionsOut(BaseModel):
    """Every jurisdiction."""

    jurisdictions: list[JurisdictionOut]


class GridFiguresOut(BaseModel):
    """The figures of a grid."""

    code: str
    name: str
    households: int | None = Field(description=SMALL)
    residents: int | None = Field(description=SMALL)
    floating: int | None = Field(description=SMALL)
    received: int
    closed: int
    in_hand: int


class StatisticsOut(BaseModel):
    """The figures of a jurisdiction, now."""

    jurisdiction: str
    grids: int
    households: int | None = Field(description=PART_SMALL)
    residents: int | None = Field(description=PART_SMALL)
    floating: int | None = Field(description=f"Of the residents, those registered elsewhere. {PART_SMALL}")
    received: int
    closed: int
    in_hand: int
    triage: int = Field(description="Of those in hand, the ones that no grid owns")
    per_grid: list[GridFiguresOut]


class HandlingQuery(StrictModel):
    """Which jurisdiction, by what, and from when to when."""

    jurisdiction: Code
    by: Literal["grid", "officer", "service"] = "grid"
    since: Instant | None = Field(None, description="30 days before `until` when absent")
    until: Instant | None = Field(None, description="Now when absent; itself no longer in the period")


class HandledOut(BaseModel):
    """What one grid, officer or service handled; of whoever had it when it happened."""

    code: str | None = Field(description="null: no grid, or nobody")
    received: int
    closed: int
    in_hand: int = Field(description="At the end of the period")
    overdue: int = Field(description="Found late in the period")
    median_to_accept_s: float | None = Field(description="From the report until somebody first accepted it")
    median_to_resolve_s: float | None
    rating: float | None = Field(description="Mean of 1 to 5")
    ratings: int


class HandlingOut(BaseModel):
    """How incidents were handled in a period."""

    jurisdiction: str
    by: str
    since: datetime
    until: datetime
    handled: list[HandledOut]


class ServiceOut(BaseModel):
    """A kind of incident."""

    code: str
    name: str
    name_en: str | None
    description: str | None
    category: str | None
    keywords: list[str]
    limit_working_hours: float | None
    attributes: list[dict[str, Any]] = Field(description="What a report is asked for, as GeoReport v2 defines it")
    sensitive: bool = Field(description="Its reports are told to those alone who may read incidents")
    retired: bool = Field(description="Nothing new is reported of it")


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
        shown = shown_here(viewing.jurisdictions())
        return render(JurisdictionsOut(jurisdictions=[_jurisdiction_out(one) for one in shown]))

    @blueprint.get(
        "/jurisdictions/<jurisdiction>", summary="A jurisdiction",
        responses={200: JurisdictionOut, **problem_responses(404)},
    )  # fmt: skip
    @guard("read_grids")
    def jurisdiction(path: JurisdictionPath) -> Response:
        """Tell how a jurisdiction is called, where it lies and whom its data are of."""
        return render(_jurisdiction_out(viewing.jurisdiction_view(path.jurisdiction)))

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

    @blueprint.get(
        "/statistics/handling",
        summary="How incidents were handled",
        responses={200: HandlingOut, **problem_responses(401, 403, 404)},
        security=[{"key": []}],
    )
    @guard("read_incidents")
    def handling(query: HandlingQuery) -> Response:
        """Count by grid, officer or service what was received, closed and rated in a period, and how long it took."""
        until = query.until or datetime.now(UTC)
        since = query.since or until - timedelta(days=30)
        found = incidents.handling_figures(query.jurisdiction, by=query.by, since=since, until=until)
        handled = [HandledOut(code=one.key, **_figures_of(one)) for one in found]
        told = HandlingOut(jurisdiction=query.jurisdiction, by=query.by, since=since, until=until, handled=handled)
        return render(told)

    @blueprint.get("/services", summary="What can be reported", responses={200: ServicesOut, **problem_responses(404)})
    @guard("read_grids")
    def services(query: ServicesQuery) -> Response:
        """List the services of a jurisdiction; those that are retired name what was reported before."""
        found = incidents.services(query.jurisdiction, with_retired=query.retired)
        return render(ServicesOut.model_validate({"services": found}, from_attributes=True))

    return blueprint


def _jurisdiction_out(view: JurisdictionView) -> JurisdictionOut:
    west, south, east, north = view.bbox
    return JurisdictionOut(
        code=view.code,
        name=view.name,
        name_en=view.name_en,
        bbox=[west, south, east - 360 if east > 180 else east, north],
        attribution=view.attribution,
        visitors=view.visitors,
        four_eyes=view.four_eyes,
        retention=RetentionOut(**asdict(view.retention)),
    )


def _figures_of(handled: HandlingFigures) -> dict[str, Any]:
    return {name: getattr(handled, name) for name in HandledOut.model_fields if name != "code"}
