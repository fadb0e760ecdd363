"""Tell what a town still lacks."""

from __future__ import annotations

from geoservice.records.calendars.queries import working_hours
from geoservice.services.lookups import get_jurisdiction
from layers.db.session import Database
from layers.summaries.town_lacks import Lack, lacks_of

TIMEOUT_S = 60.0


def check_town(database: Database, jurisdiction_code: str) -> tuple[Lack, ...]:
    """Return what a jurisdiction lacks, in the order in which it is best mended; raise JurisdictionUnknown."""
    with database.transaction(timeout_s=TIMEOUT_S) as connection:
        j = get_jurisdiction(connection, jurisdiction_code).id
        found = lacks_of(connection, j)
        if working_hours(connection, jurisdiction_id=j):
            return found
        return (*found, Lack("no-hours-of-work", 1, (jurisdiction_code,), ()))
