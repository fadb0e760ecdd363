"""Erasing what people wrote of a report, on request: by a steward, or by whoever holds the report's token."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.api.following import ReportOut, TokenHeader, report_out
from geoservice.api.incidents import IncidentPath
from geoservice.services.handling import HandlingService
from geoservice.services.retention.retention import RetentionService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="erasure", description="Erase what people wrote of a report; place, time and steps stay")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class ErasureBody(StrictModel):
    """Why. Words of its own would be words again."""

    because: Literal["request", "third-person", "mistake", "authority"] = Field(
        "request", description="Somebody asked; they are of somebody else; a mistake; an authority ordered it"
    )


class OwnErasureBody(StrictModel):
    """That it is meant: it can not be undone."""

    sure: Literal[True]


class ErasureOut(BaseModel):
    """That words were erased."""

    id: str
    words_gone_at: datetime


def erasure_blueprint(retention: RetentionService, handling: HandlingService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("erasure", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.post(
        "/incidents/<id>/erase", summary="Erase the words of a report", security=SECURITY,
        responses={200: ErasureOut, **problem_responses(401, 403, 404, 413, 415, 503)},
    )  # fmt: skip
    @guard("erase_words")
    def erase(path: IncidentPath, body: ErasureBody) -> Response:
        """Erase what anybody wrote of a report and of its steps; who listens is told. It can not be undone."""
        at = retention.erase(path.id, because=body.because, identity=current_identity())
        return render(ErasureOut(id=str(path.id), words_gone_at=at))

    @blueprint.post(
        "/report/erase", summary="Erase the words of one's own report",
        responses={200: ReportOut, **problem_responses(404, 413, 415, 503)},
    )  # fmt: skip
    @guard("follow_report")
    def erase_own(header: TokenHeader, body: OwnErasureBody) -> Response:
        """Erase what was written of one's own report, whoever wrote it. It can not be undone."""
        retention.erase_as_reporter(header.token)
        return render(report_out(handling.offer_to_reporter(header.token)))

    return blueprint
