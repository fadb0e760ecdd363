"""Whose a thing is that an address names by its number: who holds grants that differ by place acts there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from geoservice.records.webhooks.queries import find_webhook
from layers.changes.queries import find_changes
from layers.db.session import Database
from layers.grids.queries import find_edition
from layers.incidents.queries import find_incident
from layers.staff.queries import jurisdiction_of_posting

Thing = Literal["edition", "incident", "webhook", "posting", "change"]


class LocatingService:
    """Where things are. Nothing else is told of them; whether somebody may know of them, guards and rows say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def jurisdictions_of(self, thing: Thing, number: str) -> frozenset[str]:
        """Return the jurisdictions that a thing belongs to, by code; none, where there is no such thing."""
        with self._database.transaction() as connection:
            try:
                return frozenset(one for one in _FINDING[thing](connection, number) if one is not None)
            except ValueError:  # no number
                return frozenset()


def _of_edition(connection: Connection, number: str) -> list[str | None]:
    found = find_edition(connection, _small(number))
    return [] if found is None else [found.jurisdiction_code]


def _of_incident(connection: Connection, number: str) -> list[str | None]:
    found = find_incident(connection, UUID(number))
    return [] if found is None else [found.jurisdiction_code]


def _of_webhook(connection: Connection, number: str) -> list[str | None]:
    found = find_webhook(connection, _small(number))
    return [] if found is None else [found.jurisdiction_code]


def _of_posting(connection: Connection, number: str) -> list[str | None]:
    return [jurisdiction_of_posting(connection, _small(number))]


def _of_change(connection: Connection, number: str) -> list[str | None]:
    return [
        one.jurisdiction for found in find_changes(connection, ids=[_small(number)], limit=1) for one in found.counts
    ]


#: What the database counts things with: eight bytes.
_GREATEST = 2**63 - 1


def _small(number: str) -> int:
    value = int(number)
    if not 0 <= value <= _GREATEST:
        raise ValueError(number[:20])
    return value


_FINDING: Mapping[Thing, Callable[[Connection, str], list[str | None]]] = {
    "edition": _of_edition, "incident": _of_incident, "webhook": _of_webhook, "posting": _of_posting,
    "change": _of_change,
}  # fmt: skip
