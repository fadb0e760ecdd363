"""Audit: /v1/audit. Who did what, for those who look after that."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.records.audit.model import AuditEntry, AuditSearch
from geoservice.services.audit.service import AuditService
from geoservice.web.guard import guard
from geoservice.web.parsing import Code, Id, Instant, Name, QueryInteger, RowNumber, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="audit", description="Who did what")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class AuditQuery(StrictModel):
    """Which entries, the latest first."""

    jurisdiction: Code | None = None
    who: Name | None = Field(None, description="As entries name him, such as dispatcher:desk-1")
    what: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")] | None = Field(
        None, description="Such as incident_read"
    )
    since: Instant | None = Field(None, description="From this instant on")
    until: Instant | None = Field(None, description="Before this instant")
    incident: Id | None = Field(None, description="That name this incident; lists name none")
    limit: Annotated[QueryInteger, Field(ge=1, le=1000)] = 100
    before: RowNumber | None = Field(None, description="`next` of the page before")


class AuditEntryOut(BaseModel):
    """One thing that somebody did."""

    id: int
    seq: int | None = Field(description="Its place in the chain; null: it is sealed within the next minute")
    at: datetime
    who: str
    role: str | None
    jurisdiction: str | None = Field(description="null: of none, or of all")
    what: str
    purpose: str | None = Field(description="The permission that the door asked for, the command, or sql")
    touched: dict[str, Any] = Field(description="Ids, codes, names of columns and counts; no words of anybody")
    request: str | None = Field(description="As the service's log names the request")


class AuditOut(BaseModel):
    """A page of entries."""

    entries: list[AuditEntryOut]
    next: int | None = Field(description="Give it as `before` for the next page; null at the end")
    total: int | None = Field(description="How many there are in all; told with the first page")


def audit_blueprint(audit: AuditService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("audit", __name__, url_prefix="/v1", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get("/audit", summary="Who did what", responses={200: AuditOut, **problem_responses(401, 403, 404)})
    @guard("read_audit")
    def entries(query: AuditQuery) -> Response:
        """List what was done, the latest first; whoever looks at that leaves an entry, too."""
        search = AuditSearch(
            who=query.who, what=query.what, since=query.since, until=query.until, incident=query.incident
        )
        found, total = audit.page(search, jurisdiction_code=query.jurisdiction, before=query.before, limit=query.limit)
        more = found[-1].id if len(found) == query.limit else None
        return render(AuditOut(entries=[_entry_out(one) for one in found], next=more, total=total))

    return blueprint


def _entry_out(one: AuditEntry) -> AuditEntryOut:
    return AuditEntryOut(
        id=one.id, seq=one.seq, at=one.at, who=one.who, role=one.role, jurisdiction=one.jurisdiction_code,
        what=one.what, purpose=one.purpose, touched=dict(one.touched),
        request=None if one.request is None else str(one.request),
    )  # fmt: skip
