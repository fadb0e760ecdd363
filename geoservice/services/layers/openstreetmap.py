"""A base map and buildings out of OpenStreetMap."""

from __future__ import annotations

from pathlib import Path

from geoservice.reading.limits import Limits
from geoservice.reading.osm import OpenStreetMap, read_openstreetmap
from geoservice.services.lookups import get_jurisdiction
from layers.db.session import Database
from layers.jurisdictions.queries import outline_at


class OpenStreetMapService:
    """Reads OpenStreetMap for jurisdictions; what was read is imported like any features."""

    def __init__(self, database: Database, *, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()

    def read(self, jurisdiction_code: str, path: Path) -> OpenStreetMap:
        """Return what a file tells of a jurisdiction; raise JurisdictionUnknown, and FileRefused, one of its kin."""
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            outline = outline_at(connection, jurisdiction.id)
        return read_openstreetmap(path, outline=outline, limits=self._limits)
