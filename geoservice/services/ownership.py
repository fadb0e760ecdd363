"""Which grid owns a place: one at a time, or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from geoservice.services import known
from layers.crs import DeclaredPosition, Position
from layers.db.session import Database
from layers.grids.ownership import Ownership, owner_of, owners_of
from layers.staff.queries import Officer, officers_on_duty


@dataclass(frozen=True)
class OwnerAnswer:
    """Who owns a place, and who serves there."""

    place: DeclaredPosition
    ownership: Ownership
    officers: tuple[Officer, ...]


class OwnershipService:
    """Answers by the rule of ownership that the database keeps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owner_of(
        self,
        place: DeclaredPosition,
        *,
        at: datetime | None = None,
        accuracy_m: float | None = None,
        jurisdiction_code: str | None = None,
    ) -> OwnerAnswer:
        """Return the owner of a place at an instant (now when None), with the officers of that day."""
        with self._database.transaction() as connection:
            jurisdiction_id = known.jurisdiction_id(connection, jurisdiction_code)
            ownership = owner_of(
                connection, place.position, at=at, accuracy_m=accuracy_m,
                jurisdiction_id=jurisdiction_id,
            )  # fmt: skip
            officers: tuple[Officer, ...] = ()
            if ownership.grid_code is not None and ownership.jurisdiction_id is not None:
                officers = officers_on_duty(
                    connection, jurisdiction_id=ownership.jurisdiction_id, grid_code=ownership.grid_code, at=at
                )
        return OwnerAnswer(place, ownership, officers)

    def owners_of(
        self,
        positions: Sequence[Position],
        *,
        at: datetime | None = None,
        accuracy_m: float | None = None,
        jurisdiction_code: str | None = None,
    ) -> list[Ownership]:
        """Return the owner of each position, in order."""
        with self._database.transaction() as connection:
            jurisdiction_id = known.jurisdiction_id(connection, jurisdiction_code)
            return owners_of(
                connection, positions, at=at, accuracy_m=accuracy_m,
                jurisdiction_id=jurisdiction_id,
            )  # fmt: skip
