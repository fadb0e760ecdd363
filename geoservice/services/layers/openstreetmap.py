"""A base map and buildings out of OpenStreetMap, and the credit that its makers ask for."""

from __future__ import annotations

from pathlib import Path

from geoservice.reading.limits import Limits
from geoservice.reading.osm import OpenStreetMap, read_openstreetmap
from geoservice.services.lookups import get_jurisdiction
from layers.db.session import Database
from layers.jurisdictions.edits import set_attribution
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

    def credit(self, jurisdiction_code: str, attribution: str, *, actor: str) -> str:
        """Have everything that shows a jurisdiction's data name somebody, beside whom it names already.

        Returns
        -------
        str
            All that it names.

        Raises
        ------
        JurisdictionUnknown
        RefusedByDatabase
            That is more than a line holds.
        """
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            named = jurisdiction.attribution
            if named is not None and attribution in named:
                return named
            both = attribution if named is None else f"{named}; {attribution}"
            set_attribution(connection, jurisdiction.id, both)
            return both
