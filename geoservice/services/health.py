"""Whether the service can work: the database answers and its schema is the one this code needs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from geoservice.services import schema
from layers.db.session import Database


@dataclass(frozen=True)
class Health:
    """What a readiness probe wants to know."""

    ready: bool
    #: Revision found and needed.
    schema_found: str | None
    schema_needed: str


class HealthService:
    """Looks at the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._needed = schema.head()

    def health(self) -> Health:
        """Return the state of the database; raise DatabaseUnavailable, TooBusy, SchemaMissing."""
        with self._database.transaction() as connection:
            found = connection.execute(
                text("SELECT version_num FROM public.geoservice_schema_version")
            ).scalar_one_or_none()
        return Health(found == self._needed, found, self._needed)
