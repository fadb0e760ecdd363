"""Whether the service can work: the database answers and its schema is the one this code needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from geoservice.records.schedule.queries import job_ages
from geoservice.services import schema
from geoservice.services.clock import JOBS
from geoservice.services.snapshot_cache import SnapshotCache
from layers.db.session import Database

#: What was not done for so many of its periods is late.
_LATE_PERIODS = 3


@dataclass(frozen=True)
class LoadedEditionState:
    """An edition that look-ups are answered from."""

    #: None: of one that shows visitors nothing; whoever probes is not asked who he is.
    jurisdiction: str | None
    edition: int
    #: Fingerprint of outline, codes and shapes, worked out from what this process holds.
    content_hash: str


@dataclass(frozen=True)
class SnapshotState:
    """What this process holds in memory for look-ups."""

    #: When the database last confirmed it, and how long ago that was in seconds.
    as_of: datetime
    age_s: float
    #: In force now.
    editions: tuple[LoadedEditionState, ...]
    #: Why the last attempt to renew it failed; None when it did not.
    failure: str | None
    #: What reads it: compiled or numpy.
    engine: str


@dataclass(frozen=True)
class Health:
    """What a readiness probe wants to know."""

    ready: bool
    #: Revision found and needed.
    schema_found: str | None
    schema_needed: str


@dataclass(frozen=True)
class JobState:
    """How long ago something was done that the worker does now and then."""

    name: str
    #: None: never.
    age_s: float | None
    #: It should have been done several times since.
    is_late: bool


class HealthService:
    """Looks at the database and at what is held in memory."""

    def __init__(self, database: Database, cache: SnapshotCache | None = None) -> None:
        self._database = database
        self._cache = cache
        self._needed = schema.head()

    def health(self) -> Health:
        """Return the state of the database; raise DatabaseUnavailable, TooBusy, SchemaMissing."""
        with self._database.transaction() as connection:
            found = connection.execute(
                text("SELECT version_num FROM public.geoservice_schema_version")
            ).scalar_one_or_none()
        return Health(found == self._needed, found, self._needed)

    def snapshot_state(self) -> SnapshotState | None:
        """Return what look-ups are answered from; None while this process holds nothing. Never waits."""
        confirmed = None if self._cache is None else self._cache.confirmed
        if self._cache is None or confirmed is None:
            return None
        snapshot = confirmed.snapshot
        closed = snapshot.shown.closed
        editions = tuple(
            LoadedEditionState(
                None if one.jurisdiction_code in closed else one.jurisdiction_code, one.edition_id, one.content_hash
            )
            for one in snapshot.editions.in_force(snapshot.now()) or ()
        )
        return SnapshotState(confirmed.at, confirmed.age_s, editions, self._cache.failure, self._cache.engine.name)

    def jobs(self) -> tuple[JobState, ...]:
        """Return how each scheduled job stands, in their order. Raise LayerError."""
        ages = self.job_ages()
        return tuple(
            JobState(one.name, age_s, age_s is None or age_s > _LATE_PERIODS * one.period_s)
            for one in JOBS for age_s in (ages.get(one.name),)
        )  # fmt: skip

    def job_ages(self) -> dict[str, float | None]:
        """Return for each scheduled job how many seconds ago it was done last; None: never. Raise LayerError."""
        with self._database.transaction() as connection:
            return job_ages(connection)
