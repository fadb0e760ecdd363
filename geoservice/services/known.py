"""What a code names, or the error that nothing does."""

from __future__ import annotations

from sqlalchemy import Connection

from geoservice.services.errors import JurisdictionUnknown
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import find_jurisdiction


def known_jurisdiction(connection: Connection, code: str) -> Jurisdiction:
    """Return the jurisdiction of a code; raise JurisdictionUnknown."""
    jurisdiction = find_jurisdiction(connection, code)
    if jurisdiction is None:
        raise JurisdictionUnknown(jurisdiction=code)
    return jurisdiction


def jurisdiction_id(connection: Connection, code: str | None) -> int | None:
    """Return the id of a jurisdiction, None when none was named; raise JurisdictionUnknown."""
    return None if code is None else known_jurisdiction(connection, code).id
