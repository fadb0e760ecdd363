"""Whether the service can work: the database answers and its schema is the one this code needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from geoservice.services import schema
from geoservice.services.keeper import Keeper
from layers.db.session import Database
from layers.schedule.queries import job_ages


@dataclass(frozen=True)
class EditionHeld:
    """An edition that look-ups are answered from."""

    jurisdiction: str
    edition: int
    #: Fingerprint of outline, codes and shapes, worked out from what this process holds.
    content_hash: str


@dataclass(frozen=True)
class Holding:
    """What this process holds in memory for look-ups."""

    #: When the database last confirmed it, and how long ago that was in seconds.
    as_of: datetime
    age_s: float
    #: In force now.
    editions: tuple[EditionHeld, ...]
    #: Why the last attempt to renew it failed; None when it did not.
    failure: str | None


@dataclass(frozen=True)
class Health:
    """What a readiness probe wants to know."""

    ready: bool
    #: Revision found and needed.
    schema_found: str | None
    schema_needed: str


class HealthService:
    """Looks at the database and at what is held in memory."""

    def __init__(self, database: Database, keeper: Keeper | None = None) -> None:
        self._database = database
        self._keeper = keeper
        self._needed = schema.head()

    def health(self) -> Health:
        """Return the state of the database; raise DatabaseUnavailable, TooBusy, SchemaMissing."""
        with self._database.transaction() as connection:
            found = connection.execute(
                text("SELECT version_num FROM public.geoservice_schema_version")
            ).scalar_one_or_none()
        return Health(found == self._needed, found, self._needed)

    def holding(self) -> Holding | None:
        """Return what look-ups are answered from; None while this process holds nothing. Never waits."""
        confirmed = None if self._keeper is None else self._keeper.confirmed
        if self._keeper is None or confirmed is None:
            return None
        held = confirmed.held
        editions = tuple(
            EditionHeld(one.jurisdiction_code, one.edition_id, one.content_hash)
            for one in held.snapshot.in_force(held.now()) or ()
        )
        return Holding(confirmed.at, confirmed.age_s, editions, self._keeper.failure)

    def job_ages(self) -> dict[str, float | None]:
        """Return for each scheduled job how many seconds ago it was done last; None: never. Raise LayerError."""
        with self._database.transaction() as connection:
            return job_ages(connection)
