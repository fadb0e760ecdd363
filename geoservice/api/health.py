"""Whether the service lives: /livez, /readyz, /metrics."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.errors import NothingLoaded
from geoservice.services.health import HealthService, SnapshotState
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


class LoadedEditionOut(BaseModel):
    """An edition that this process answers look-ups from."""

    jurisdiction: str | None = Field(description="null: of one that shows visitors nothing")
    edition: int
    content_hash: str = Field(description="Of outline, codes and shapes as held; equal content, equal hash")


class SnapshotOut(BaseModel):
    """What this process holds in memory for look-ups."""

    as_of: datetime = Field(description="When the database last confirmed it")
    age_s: float
    editions: list[LoadedEditionOut] = Field(description="In force now")
    failure: str | None = Field(description="Why the last attempt to renew it failed; null when it did not")
    engine: str = Field(description="What reads it: compiled, or numpy, which answers the same and takes longer")


class ReadyOut(BaseModel):
    """The service can work."""

    ready: bool
    schema_found: str | None = Field(description="Revision of the database")
    schema_needed: str = Field(description="Revision that this code needs")
    held: SnapshotOut | None = Field(description="Null before the first reading, and where nothing is held")


def health_blueprint(health: HealthService, metrics: RequestMetrics) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("health", __name__, abp_tags=[TAG])
    metrics.watch_jobs(health.job_ages)

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
        return render(
            ReadyOut(
                ready=True,
                schema_found=found.schema_found,
                schema_needed=found.schema_needed,
                held=_snapshot_out(health.snapshot_state()),
            )
        )

    @blueprint.get(
        "/readyz/lookups", summary="Ready for look-ups", responses={200: SnapshotOut, **documented(400, 422, 503)}
    )
    @guard("see_health")
    def readyz_lookups() -> Response:
        """Answer 200 when look-ups can be answered from memory, even while the database does not answer; else 503."""
        held = _snapshot_out(health.snapshot_state())
        if held is None:
            raise NothingLoaded
        return render(held)

    @blueprint.get(
        "/metrics", summary="Figures for Prometheus", responses={200: {"content": PLAIN}, **documented(400, 422)}
    )
    @guard("see_health")
    def metrics_text() -> Response:
        """Return counts and times of requests of this worker."""
        return metrics.text()

    return blueprint


def _snapshot_out(snapshot_state: SnapshotState | None) -> SnapshotOut | None:
    if snapshot_state is None:
        return None
    editions = [
        LoadedEditionOut(jurisdiction=one.jurisdiction, edition=one.edition, content_hash=one.content_hash)
        for one in snapshot_state.editions
    ]
    return SnapshotOut(
        as_of=snapshot_state.as_of,
        age_s=round(snapshot_state.age_s, 3),
        editions=editions,
        failure=snapshot_state.failure,
        engine=snapshot_state.engine,
    )
