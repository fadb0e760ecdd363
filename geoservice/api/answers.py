"""How the owner of a place is told: the same words from Flask and from the fast path in front of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from geoservice.services.ownership import OwnerAnswer

Method = Literal["covers", "nearest", "building", "manual", "none"]


class GridName(BaseModel):
    """A grid by code and name."""

    code: str
    name: str


class CandidateOut(BaseModel):
    """A grid near enough to be meant."""

    grid_code: str
    distance_m: float


class OfficerOut(BaseModel):
    """Who serves the grid on that day; a call sign, never a name."""

    code: str
    call_sign: str
    role: str


class OwnerOut(BaseModel):
    """Which grid owns the place, and how that was found."""

    grid: GridName | None
    method: Method
    edition: int | None
    distance_to_border_m: float | None = Field(description="To the nearest border; null when none lies within reach")
    near_border: bool = Field(description="The border is nearer than the accuracy: see the candidates")
    candidates: list[CandidateOut]
    unowned_reason: str | None = Field(description="Why nobody owns it, where the edition leaves the place to nobody")
    officers: list[OfficerOut]
    position: list[float] = Field(description="[lon, lat] as looked up, WGS 84")
    at: datetime = Field(description="The instant that was asked about")
    known_at: datetime | None = Field(
        description="Since when this is known: asked again with `at` and `known_at` from here, the grid is the same,"
        " whatever is published later; null where no edition has anything to say"
    )
    as_of: datetime = Field(description="When the database last confirmed this; old only while it does not answer")


def owner_out(answer: OwnerAnswer) -> dict[str, Any]:
    """Return an answer in the shape of OwnerOut. A plain dict: this is asked more often than anything else."""
    found = answer.ownership
    return {
        "grid": None if found.grid_code is None else {"code": found.grid_code, "name": found.grid_name},
        "method": found.method,
        "edition": found.edition_id,
        "distance_to_border_m": None if found.distance_to_border_m is None else round(found.distance_to_border_m, 3),
        "near_border": found.near_border,
        "candidates": [{"grid_code": one.grid_code, "distance_m": one.distance_m} for one in found.candidates],
        "unowned_reason": found.unowned_reason,
        "officers": [{"code": one.code, "call_sign": one.call_sign, "role": one.role} for one in answer.officers],
        "position": [round(answer.position.lon, 7), round(answer.position.lat, 7)],
        "at": answer.at,
        "known_at": answer.known_at,
        "as_of": answer.as_of,
    }


def age_header(age_s: float) -> tuple[str, str]:
    """Return the header that says how old an answer is, in whole seconds (RFC 9111, 5.1)."""
    return "Age", str(int(age_s))
