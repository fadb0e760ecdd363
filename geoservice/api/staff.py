"""Staff: /v1/staff. By code and call sign, never by name."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from geoservice.services.staff.members import StaffService
from geoservice.web.guard import current_identity, guard
from geoservice.web.parsing import Code, Name, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render

TAG = Tag(name="staff", description="Staff by code and call sign")
SECURITY: list[dict[str, list[str]]] = [{"key": []}]


class StaffQuery(StrictModel):
    """Whose."""

    jurisdiction: Code


class StaffPath(StrictModel):
    """Whom."""

    code: Code


class StaffBody(StrictModel):
    """A member of staff."""

    role: Literal["grid_officer", "police_officer", "dispatcher"]
    call_sign: Name | None = Field(None, description="Never a name. Left out: as it is, or the next one of the role")


class StaffOut(BaseModel):
    """A member of staff."""

    code: str
    call_sign: str
    role: str = Field(description="grid_officer, police_officer or dispatcher")


class StaffListOut(BaseModel):
    """The staff of a jurisdiction, by code."""

    staff: list[StaffOut]


def staff_blueprint(staff: StaffService) -> APIBlueprint:
    """Return the routes."""
    blueprint = APIBlueprint("staff", __name__, url_prefix="/v1/staff", abp_tags=[TAG], abp_security=SECURITY)

    @blueprint.get("", summary="All staff", responses={200: StaffListOut, **problem_responses(401, 403, 404)})
    @guard("read_staff")
    def every(query: StaffQuery) -> Response:
        """List the staff of a jurisdiction by code."""
        found = [StaffOut(**one._asdict()) for one in staff.members(query.jurisdiction)]
        return render(StaffListOut(staff=found))

    @blueprint.get("/<code>", summary="One of the staff", responses={200: StaffOut, **problem_responses(401, 403, 404)})
    @guard("read_staff")
    def one(path: StaffPath, query: StaffQuery) -> Response:
        """Return a member of staff."""
        return render(StaffOut(**staff.member(query.jurisdiction, path.code)._asdict()))

    @blueprint.put("/<code>", summary="Write", responses={200: StaffOut, **problem_responses(401, 403, 404, 413, 415)})
    @guard("manage_staff")
    def put(path: StaffPath, query: StaffQuery, body: StaffBody) -> Response:
        """Write a member of staff, new or changed. A name is refused."""
        found = staff.put(
            query.jurisdiction, path.code, role=body.role, call_sign=body.call_sign, actor=current_identity().actor
        )
        return render(StaffOut(**found._asdict()))

    return blueprint
