"""What a row of the desk's list tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from geoservice.domain.languages import Language
from geoservice.pages.shell.telling import moment, span
from geoservice.services.desk import DeskList, Names
from layers.incidents.in_hand import SOON
from layers.incidents.layer import METHODS, SOURCES, STATUSES
from layers.incidents.model import Incident
from layers.title import Title


@dataclass(frozen=True)
class Due:
    """By when something is due, as people are told it."""

    #: late, very-late, soon, stands, open, none or done.
    kind: str
    text: str


@dataclass(frozen=True)
class Row:
    """A row."""

    id: str
    version: int
    status: str
    status_word: str
    service: str
    grid: str
    words: str
    source: str
    reported: str
    officer: str
    due: Due
    lon: float
    lat: float
    near_border: bool
    #: Whether the list still means it; one that it does not stays until its reader moves on.
    fits: bool


@dataclass(frozen=True)
class Speaker:
    """Tells of incidents in a language, by the clocks of a jurisdiction."""

    language: Language
    words: Mapping[str, str]
    names: Names
    zone: ZoneInfo
    now: datetime

    def service(self, code: str) -> str:
        """Return what a service is called; its code where it is no longer offered."""
        found = self.names.services.get(code)
        return code if found is None else (self._english(found.name_en) or found.name)

    def grid(self, code: str | None) -> str:
        """Return what a grid is called; its code where it is no longer in force."""
        if code is None:
            return self.words["no_grid"]
        name, name_en = self.names.grids.get(code, (None, None))
        return self._english(name_en) or name or code

    def officer(self, code: str | None) -> str:
        """Return the call sign of a member of staff with the code."""
        if code is None:
            return self.words["nobody"]
        found = self.names.staff.get(code)
        return code if found is None or found.call_sign == code else f"{found.call_sign} {code}"

    def status(self, status: str) -> str:
        """Return what a status is called."""
        return self._titled(STATUSES, status)

    def source(self, source: str) -> str:
        """Return what a source is called."""
        return self._titled(SOURCES, source)

    def method(self, method: str) -> str:
        """Return how a grid was found."""
        return self._titled(METHODS, method)

    def moment(self, instant: datetime) -> str:
        """Return an instant as the jurisdiction's clocks show it."""
        return moment(instant, self.zone, self.now)

    def due(self, incident: Incident, left_s: float | None) -> Due:
        """Return by when an incident is due, in working time from now on."""
        if incident.status in ("closed", "duplicate", "cancelled", "resolved"):
            return Due(
                "done", self.status(incident.status) if incident.status == "resolved" else self.words["done_with"]
            )
        if incident.status == "returned" or incident.waiting_since is not None:
            return Due("stands", self.words["clock_stands"])
        if left_s is None or incident.expected_at is None:
            return Due("none", self.words["no_limit"])
        service = self.names.services.get(incident.service_code)
        limit_s = (service.limit_working_hours or 0.0) * 3600 if service else 0.0
        if incident.expected_at <= self.now:
            text = self.words["late"].format(time=span(left_s, self.words))
            return Due("very-late" if limit_s and -left_s > limit_s else "late", text)
        text = self.words["left"].format(time=span(left_s, self.words))
        return Due("soon" if left_s < SOON * limit_s else "open", text)

    def told(self, thing: Mapping[str, object], field: str) -> str:
        """Return what something of a service is told as in a field, in this language where it has that."""
        english = thing.get(f"{field}_en")
        return str((self._english(str(english)) if english else None) or thing.get(field) or "")

    def _english(self, name: str | None) -> str | None:
        return name if self.language == "en" and name else None

    def _titled(self, titles: Mapping[str, Title], value: str) -> str:
        title = titles.get(value)
        return value if title is None else title.text(self.language)


def speaker_of(told: DeskList, language: Language, words: Mapping[str, str]) -> Speaker:
    """Return who tells of a list."""
    return Speaker(language, words, told.names, ZoneInfo(told.jurisdiction.time_zone), told.now)


def rows_of(told: DeskList, speaker: Speaker) -> list[Row]:
    """Return the rows of a list in its order."""
    return [
        _row(one, told.left_s.get(one.id), speaker, fits=one.id not in told.strangers) for one in told.page.incidents
    ]


def _row(one: Incident, left_s: float | None, speaker: Speaker, *, fits: bool) -> Row:
    return Row(
        id=str(one.id), version=one.version, status=one.status, status_word=speaker.status(one.status),
        service=speaker.service(one.service_code), grid=speaker.grid(one.grid_code),
        words=one.description or speaker.words["no_words"], source=speaker.source(one.source),
        reported=speaker.moment(one.reported_at), officer=speaker.officer(one.officer_code),
        due=speaker.due(one, left_s), lon=one.position.lon, lat=one.position.lat, near_border=one.near_border,
        fits=fits,
    )  # fmt: skip
