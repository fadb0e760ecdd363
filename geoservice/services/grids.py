"""The grids in force: list, one with its shape, its history, its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geoservice.errors import EditionUnknown, GridUnknown
from geoservice.services.lookups import get_edition, get_jurisdiction
from layers.db.session import Database
from layers.grids.territory import (
    Became,
    Lineage,
    grid_history,
    grid_lineage,
    grid_shape,
    grids_in_force,
    lineage_between,
    neighbours,
)
from layers.staff.model import Officer
from layers.staff.queries import officers_on_duty

#: A grid by the columns of its layer, and `bbox`.
Record = Mapping[str, Any]


@dataclass(frozen=True)
class GridDetail:
    """A grid in force with its shape and who serves it."""

    grid: Record
    #: GeoJSON MultiPolygon, EPSG:4326.
    geometry: str
    officers: tuple[Officer, ...]


@dataclass(frozen=True)
class GridHistory:
    """What became of a code, the oldest first."""

    #: With one shape and name each.
    periods: tuple[Record, ...]
    #: What it came from and what came from it.
    lineage: tuple[Lineage, ...]


class GridService:
    """Reads of what is in force."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grids(
        self, jurisdiction_code: str, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> tuple[Record, ...]:
        """Return the grids of a jurisdiction in force at an instant (now when None), by code; as known then or now."""
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            return grids_in_force(connection, jurisdiction_id=jurisdiction.id, at=at, known_at=known_at)

    def grid(
        self, jurisdiction_code: str, code: str, *, at: datetime | None = None, known_at: datetime | None = None
    ) -> GridDetail:
        """Return one grid; raise GridUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            found = grids_in_force(connection, jurisdiction_id=j, at=at, known_at=known_at, code=code)
            if not found:
                raise GridUnknown(grid=code)
            return GridDetail(
                found[0],
                grid_shape(connection, jurisdiction_id=j, code=code, at=at, known_at=known_at),
                officers_on_duty(connection, jurisdiction_id=j, grid_code=code, at=at),
            )

    def history(self, jurisdiction_code: str, code: str) -> GridHistory:
        """Return every period of a code, the oldest first, and its kin; raise GridUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            found = GridHistory(
                grid_history(connection, jurisdiction_id=j, code=code),
                grid_lineage(connection, jurisdiction_id=j, code=code),
            )
        if not found.periods:
            raise GridUnknown(grid=code)
        return found

    def between(self, jurisdiction_code: str, then: int, now: int) -> tuple[Became, ...]:
        """Return what became of the grids that differ between two published editions; raise EditionUnknown."""
        with self._database.transaction(one_view=True) as connection:
            get_jurisdiction(connection, jurisdiction_code)
            for edition_id in (then, now):
                edition = get_edition(connection, edition_id)
                if edition.jurisdiction_code != jurisdiction_code or edition.status not in ("published", "superseded"):
                    raise EditionUnknown(edition=edition_id)
            return lineage_between(connection, then, now)

    def neighbours(
        self, jurisdiction_code: str, code: str, *, at: datetime | None = None
    ) -> tuple[tuple[str, float], ...]:
        """Return the touching grids with the metres of border shared; raise GridUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            if not grids_in_force(connection, jurisdiction_id=j, at=at, code=code):
                raise GridUnknown(grid=code)
            return neighbours(connection, jurisdiction_id=j, code=code, at=at)
