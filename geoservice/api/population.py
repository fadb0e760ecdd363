"""Population: /v1/statistics/population. Who lives in each grid over time, as counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.domain.small_counts import K_MINIMUM
from geoservice.services.population import Counted, PopulationFigures, PopulationService, grids_of
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Instant, InvalidInput, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="population", description="Who lives in each grid over time, as counts")
SMALL = (
    f"To the nearest {K_MINIMUM}. null: fewer than {K_MINIMUM} and more than none; a total, where a part of it is null;"
    " arrivals and departures of a grid together"
)


class PopulationQuery(StrictModel):
    """Whose, and when: at an instant, or from one to another."""

    jurisdiction: Code
    at: Instant | None = Field(None, description="Now when nothing is said of when")
    since: Instant | None = Field(None, alias="from")
    until: Instant | None = Field(None, alias="to")
    every: Literal["month"] | None = Field(None, description="Also at the beginning of each month between them")


class GridPopulationOut(BaseModel):
    """Who lives in a grid."""

    grid_code: str | None = Field(description="null: no grid owned the place")
    households: int | None = Field(description=SMALL)
    residents: int | None = Field(description=SMALL)
    floating: int | None = Field(description=f"Of the residents, those registered elsewhere. {SMALL}")


class PopulationAtOut(BaseModel):
    """Who lived there at an instant, as it is known for then."""

    at: datetime
    households: int | None = Field(description=SMALL)
    residents: int | None = Field(description=SMALL)
    floating: int | None = Field(description=SMALL)
    per_grid: list[GridPopulationOut]


class GridFlowOut(BaseModel):
    """Who came into a grid and left it."""

    grid_code: str | None
    arrivals: int | None = Field(description=SMALL)
    departures: int | None = Field(description=SMALL)


class FlowsOut(BaseModel):
    """Who came and went, by count: what households grew and shrank by when they were written."""

    arrivals: int | None = Field(description=SMALL)
    departures: int | None = Field(description=SMALL)
    per_grid: list[GridFlowOut]


class PopulationOut(BaseModel):
    """Population by grid at some instants, and what came and went between the first and the last."""

    jurisdiction: str
    instants: list[PopulationAtOut]
    flows: FlowsOut | None = Field(description="null: one instant was asked about")
    k_minimum: int = Field(
        description="Smaller counts are null, and others rounded to its multiples, but to whoever may see single"
        " households"
    )
    suppressed: int = Field(description="How many counts of grids are null for that")


def population_blueprint(population: PopulationService) -> APIBlueprint:
    """Return the route."""
    blueprint = APIBlueprint("population", __name__, url_prefix="/v1/statistics", abp_tags=[TAG])

    @blueprint.get("/population", summary="Population", responses={200: PopulationOut, **problem_responses(404)})
    @guard("read_grids")
    def over_time(query: PopulationQuery) -> Response:
        """Count households, residents and floating population per grid, at an instant or from one to another.

        Counts are rounded to fives, and fewer are null, but to administrators, and to officers those of their grids.
        """
        since, until = _period(query)
        found = population.figures(
            query.jurisdiction, since, until, monthly=query.every is not None, identity=current_identity()
        )
        return render(_population_out(query.jurisdiction, found))

    return blueprint


def _period(query: PopulationQuery) -> tuple[datetime, datetime | None]:
    now = datetime.now(UTC)
    detail = None
    if (query.since is None) != (query.until is None) or (query.at is not None and query.since is not None):
        detail = "give at, or from and to"
    elif query.since is not None and query.until is not None and query.since >= query.until:
        detail = "from is before to"
    elif max(query.at or now, query.until or now) > now:
        detail = "nobody knows yet who will live there"
    elif query.every is not None and query.since is None:
        detail = "every goes with from and to"
    if detail is not None:
        raise InvalidInput([{"pointer": "at, from, to", "code": "period", "detail": detail}])
    return query.since or query.at or now, query.until


def _population_out(jurisdiction: str, found: PopulationFigures) -> PopulationOut:
    instants = [
        PopulationAtOut(at=at, **_totals(one), per_grid=[GridPopulationOut(**row) for row in _rows(one)])
        for at, one in found.instants
    ]
    flows = None
    if found.flows is not None:
        flows = FlowsOut(**_totals(found.flows), per_grid=[GridFlowOut(**one) for one in _rows(found.flows)])
    every = [*(counted for _, counted in found.instants), *([found.flows] if found.flows is not None else [])]
    return PopulationOut(
        jurisdiction=jurisdiction, instants=instants, flows=flows, k_minimum=K_MINIMUM,
        suppressed=sum(one.hidden for one in every),
    )  # fmt: skip


def _totals(counted: Counted) -> dict[str, Any]:
    return {name: told.total for name, told in counted.figures.items()}


def _rows(counted: Counted) -> list[dict[str, Any]]:
    return [
        {"grid_code": grid} | {name: told.by_grid.get(grid, 0) for name, told in counted.figures.items()}
        for grid in grids_of(tuple(counted.figures.values()))
    ]
