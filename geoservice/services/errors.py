"""Rules that stop a caller. They carry fields, know no HTTP, and their docstring is the sentence for people."""

from __future__ import annotations


class GeoserviceError(Exception):
    """The service can not do it."""

    def __init__(self, **fields: object) -> None:
        super().__init__(type(self).__doc__)
        self.fields = fields

    def __str__(self) -> str:
        """Return the sentence with the fields that say which."""
        which = ", ".join(f"{name}: {value}" for name, value in self.fields.items() if value is not None)
        return f"{type(self).__doc__} ({which})" if which else str(type(self).__doc__)


class NoDatabase(GeoserviceError):
    """No database is named and the embedded one does not run: set GEOSERVICE_DATABASE_URL, or run geoservice up."""


class NothingHeld(GeoserviceError):
    """Nothing is held in memory: the grids in force were not read yet, or are asked of the database each time."""


class JurisdictionUnknown(GeoserviceError):
    """There is no such jurisdiction."""


class JurisdictionNotStated(GeoserviceError):
    """Say which jurisdiction is meant: there are several, or the position lies in none."""


class GridUnknown(GeoserviceError):
    """There is no such grid in the edition in force."""


class EditionUnknown(GeoserviceError):
    """There is no such edition."""


class IncidentUnknown(GeoserviceError):
    """There is no such incident."""


class ServiceUnknown(GeoserviceError):
    """There is no such service in this jurisdiction."""


class LayerUnknown(GeoserviceError):
    """There is no such layer."""


class PersonalNumberRefused(GeoserviceError):
    """The text holds what looks like a mobile or identity number; the service keeps none. Leave it out."""
