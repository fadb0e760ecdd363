"""Whether the service lives: /livez, /readyz, /metrics."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.health import HealthService
from geoservice.web.guard import guard
from geoservice.web.metrics import RequestMetrics
from geoservice.web.problems import documented
from geoservice.web.rendering import render
from layers.errors import SchemaMissing

TAG = Tag(name="health", description="For operators and their probes")
PLAIN = {"text/plain": {"schema": {"type": "string"}}}


class AliveOut(BaseModel):
    """The process answers."""

    alive: bool


class ReadyOut(BaseModel):
    """The service can work."""

    ready: bool
    schema_found: str | None = Field(description="Revision of the database")
    schema_needed: str = Field(description="Revision that this code needs")


def health_blueprint(health: HealthService, metrics: RequestMetrics) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("health", __name__, abp_tags=[TAG])

    @blueprint.get("/livez", summary="Alive", responses={200: AliveOut, **documented(400, 422)})
    @guard("see_health")
    def livez() -> Response:
        """Answer without asking the database."""
        return render(AliveOut(alive=True))

    @blueprint.get("/readyz", summary="Ready", responses={200: ReadyOut, **documented(400, 422, 503)})
    @guard("see_health")
    def readyz() -> Response:
        """Answer 200 when the database answers and its schema fits, else 503."""
        found = health.health()
        if not found.ready:
            raise SchemaMissing
        return render(ReadyOut(ready=True, schema_found=found.schema_found, schema_needed=found.schema_needed))

    @blueprint.get(
        "/metrics", summary="Figures for Prometheus", responses={200: {"content": PLAIN}, **documented(400, 422)}
    )
    @guard("see_health")
    def metrics_text() -> Response:
        """Return counts and times of requests of this worker."""
        return metrics.text()

    return blueprint
