"""What the map pages ask of the viewing service, and the shape of what they get. No code runs here."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from layers.jurisdictions.model import Visitors


class StatisticsView(Protocol):
    """The figures of a jurisdiction, now."""

    @property
    def grids(self) -> int:
        """Grids of the published edition."""

    @property
    def households(self) -> int | None:
        """Households in its grids; None: not to be told, as with the two that follow."""

    @property
    def residents(self) -> int | None:
        """Residents, the floating population included."""

    @property
    def floating(self) -> int | None:
        """Residents whose registration is elsewhere."""

    @property
    def received(self) -> int:
        """Incidents reported so far."""

    @property
    def closed(self) -> int:
        """Of them, those closed."""

    @property
    def in_hand(self) -> int:
        """Of them, those not yet closed."""


class JurisdictionView(Protocol):
    """What a map page tells about a jurisdiction."""

    @property
    def code(self) -> str:
        """Its code, opaque text."""

    @property
    def name(self) -> str:
        """Its name in Chinese."""

    @property
    def name_en(self) -> str:
        """Its name in English, or empty."""

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """West, south, east, north in EPSG:4326."""

    @property
    def time_zone(self) -> str:
        """By whose clocks its instants are told, as the tz database names it."""

    @property
    def visitors(self) -> Visitors:
        """What whoever shows no key sees of it."""

    @property
    def attribution(self) -> str | None:
        """Whom maps of it name, plain text; None: nobody."""

    @property
    def statistics(self) -> StatisticsView:
        """Its figures."""


class Viewing(Protocol):
    """The service behind the pages."""

    def jurisdictions(self) -> tuple[JurisdictionView, ...]:
        """Return all jurisdictions, by code."""

    def jurisdiction_view(self, code: str) -> JurisdictionView:
        """Return one jurisdiction; raise JurisdictionUnknown."""

    def layer_geojson(self, jurisdiction_code: str, layer: str, *, on: date | None = None) -> bytes:
        """Return a layer as a FeatureCollection, EPSG:4326, of grids those of a day; raise JurisdictionUnknown."""
