"""The areas of the page, and where somebody is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import Language
from geoservice.pages.shell.frame import Place
from geoservice.pages.words.catalogue import words
from geoservice.services.administration.service import Administration
from geoservice.web.guard import current_identity
from geoservice.web.language import asked_language, page_address

#: In the order in which they are shown. Their addresses are /admin/{jurisdiction}/{area}.
AREAS = (
    ("accounts", Permission.MANAGE_ACCOUNTS), ("keys", Permission.MANAGE_KEYS),
    ("staff", Permission.MANAGE_STAFF), ("services", Permission.MANAGE_SERVICES),
    ("calendar", Permission.MANAGE_CALENDARS),
    ("layers", Permission.UNDO_CHANGES), ("retention", Permission.MANAGE_RETENTION),
    ("webhooks", Permission.MANAGE_WEBHOOKS), ("health", Permission.MANAGE_ACCOUNTS),
)  # fmt: skip


class Lead(NamedTuple):
    """A way to an area."""

    word: str
    url: str
    here: bool


@dataclass(frozen=True)
class Here:
    """Where somebody is: the jurisdiction, the area, the language, who it is."""

    place: Place
    area: str
    language: Language
    words: Mapping[str, str]
    identity: Identity
    #: Which day it is there.
    today: date

    @classmethod
    def of(
        cls, administration: Administration, jurisdiction: str, area: str, identity: Identity | None = None
    ) -> Here:  # fmt: skip
        """Return where a request is, or somebody in another jurisdiction; raise JurisdictionUnknown."""
        found, today = administration.place(jurisdiction)
        language = asked_language()
        name = found.name_en if language == "en" and found.name_en else found.name
        place = Place(found.code, name, found.time_zone)
        return cls(place, area, language, words("admin", language), identity or current_identity(), today)

    def url(self, *path: str, **arguments: str | None) -> str:
        """Return an address below the jurisdiction."""
        return page_address("/".join(("/admin", self.place.code, *path)), self.language, **arguments)

    @property
    def leads(self) -> tuple[Lead, ...]:
        """Return the ways to the areas that are open to who asks."""
        return tuple(
            Lead(self.words[f"area.{area}"], self.url(area), area == self.area)
            for area, needed in AREAS
            if permitted(self.identity, needed)
        )

    def when(self, instant: datetime | None, otherwise: str, time_zone: str | None = None) -> str:
        """Return an instant by the clocks there, or of a zone, or what is told where there is none."""
        return otherwise if instant is None else self._by_clock(instant, time_zone).strftime("%Y-%m-%d %H:%M")

    def last_day(self, instant: datetime | None, otherwise: str, time_zone: str | None = None) -> str:
        """Return the last day before an instant, by the clocks there, or of a zone."""
        if instant is None:
            return otherwise
        return self._by_clock(instant - timedelta(microseconds=1), time_zone).strftime("%Y-%m-%d")

    def _by_clock(self, instant: datetime, time_zone: str | None) -> datetime:
        return instant.astimezone(self.place.zone if time_zone is None else ZoneInfo(time_zone))

    def start_of(self, day: date) -> datetime:
        """Return when a day begins there."""
        return datetime.combine(day, time(), self.place.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """Return when a day is over there."""
        return datetime.combine(day + timedelta(days=1), time(), self.place.zone).astimezone(UTC)
