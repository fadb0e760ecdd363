"""What the address of the desk says: the words of GET /v1/incidents, so that a list has one address everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from geoservice.api.incidents import IncidentsQuery, search_of
from geoservice.domain.languages import Language
from geoservice.services.desk import DeskQuery
from geoservice.web.language import page_address
from geoservice.web.validation import validated
from layers.incidents.model import Search

_IN_HAND = "reported,dispatched,accepted,returned"
#: Each view by its name, as the address says it; the first is where the desk begins.
VIEWS: dict[str, dict[str, str]] = {
    "queue": {"status": "reported", "sort": "due"},
    "late": {"status": _IN_HAND, "overdue": "true", "sort": "due"},
    "verify": {"status": "resolved", "sort": "due"},
    "returned": {"status": "returned", "sort": "due"},
    "border": {"status": _IN_HAND, "near_border": "true", "sort": "due"},
    "hand": {"status": f"{_IN_HAND},resolved", "sort": "due"},
    "all": {"sort": "new"},
}
#: Views whose sizes are told: all that is not of what is done with.
COUNTED = tuple(name for name in VIEWS if name != "all")
#: What a view says, and what narrows it.
_OF_VIEW = ("status", "overdue", "near_border")
FILTERS = ("grid", "service", "source", "officer")
#: Words of when a report was made, or closed: from then on, and before then.
PERIODS = {"reported": ("since", "until"), "closed": ("closed_since", "closed_until")}
_WORDS = (
    *_OF_VIEW,
    *FILTERS,
    "words",
    *(word for words in PERIODS.values() for word in words),
    "sort",
    "limit",
    "after",
)
#: Rows at once, and rows of a file.
ROWS, ROWS_MOST, ROWS_OF_FILE = 50, 200, 5000
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def search_of_view(name: str) -> Search:
    """Return which incidents a view means."""
    return search_of(IncidentsQuery.model_validate(VIEWS[name]))


@dataclass(frozen=True)
class DeskAddress:
    """A list as the address of the desk says it."""

    jurisdiction: str
    #: Words of GET /v1/incidents by their values.
    said: Mapping[str, str]
    language: Language

    @classmethod
    def of(cls, jurisdiction: str, arguments: Mapping[str, str], language: Language) -> DeskAddress:
        """Return what a request says; words that the desk does not know, and those left empty, count for nothing."""
        return cls(jurisdiction, {name: arguments[name] for name in _WORDS if arguments.get(name)}, language)

    @property
    def asked(self) -> DeskQuery:
        """Return which list it is; refuse what can not be understood of it, raise InvalidCursor."""
        query = validated(IncidentsQuery, dict(self.said))
        limit = min(query.limit, ROWS_MOST) if "limit" in self.said else ROWS
        return DeskQuery(search_of(query), query.sort, limit, {name: search_of_view(name) for name in COUNTED})

    @property
    def asked_of_file(self) -> DeskQuery:
        """Return the same, as many rows as a file holds and without the counts of views."""
        return replace(self.asked, limit=ROWS_OF_FILE, views={})

    @property
    def query(self) -> IncidentsQuery:
        """Return the list as the interface asks for it, with the rows that are shown at once."""
        return validated(IncidentsQuery, {**self.said, "limit": str(self.asked.limit)})

    @property
    def view(self) -> str | None:
        """Return the name of the view that it is, filters aside; None of a list that is none."""
        meant = {name: _set_of(self.said.get(name)) for name in _OF_VIEW}
        for name, view in VIEWS.items():
            if meant == {one: _set_of(view.get(one)) for one in _OF_VIEW}:
                return name
        return None

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """Return what narrows the view: values by word."""
        return {name: tuple(self.said[name].split(",")) for name in FILTERS if name in self.said}

    @property
    def periods(self) -> dict[str, tuple[str, str]]:
        """Return what narrows the list to a time: instants by what happened then, empty where it has no end."""
        return {name: (self.said.get(since, ""), self.said.get(until, "")) for name, (since, until) in PERIODS.items()
                if since in self.said or until in self.said}  # fmt: skip

    def day(self, zone: ZoneInfo) -> str:
        """Return the one day of which the list is, by the clocks there; empty: it is of none, or of another time."""
        since, until = (self.said.get(word, "") for word in PERIODS["reported"])
        try:
            first = datetime.fromisoformat(since).astimezone(zone)
        except ValueError:
            return ""
        return first.date().isoformat() if (since, until) == _day(first.date(), zone) else ""

    def of_day(self, text: str, zone: ZoneInfo) -> DeskAddress:
        """Return the list of a day, by the clocks there; what names no day counts for nothing."""
        try:
            since, until = _day(date.fromisoformat(text), zone)
        except (ValueError, OverflowError):
            return self
        return replace(self, said={**self.said, "since": since, "until": until})

    def url(self, part: str = "", **changes: str | None) -> str:
        """Return the address of the same list with other words; None takes one out.

        Parameters
        ----------
        part
            What comes behind the jurisdiction in the path.
        """
        words: dict[str, str | None] = {**self.said, **changes}
        told = {name: value or None for name, value in words.items()}
        return page_address(f"/desk/{self.jurisdiction}{part}", self.language, **told)

    def url_of_view(self, name: str) -> str:
        """Return the address of a view, narrowed as this list is."""
        kept = {one: self.said[one] for one in (*FILTERS, "words") if one in self.said}
        return DeskAddress(self.jurisdiction, VIEWS[name] | kept, self.language).url()

    def without_period(self, name: str) -> str:
        """Return the address of the list of any time."""
        return self.url("", after=None, **dict.fromkeys(PERIODS[name]))

    def without(self, word: str, value: str) -> str:
        """Return the address of the list without one of its filters."""
        left = [one for one in self.filters[word] if one != value]
        changes: dict[str, str | None] = {word: ",".join(left) or None, "after": None}
        return self.url("", **changes)


def _day(day: date, zone: ZoneInfo) -> tuple[str, str]:
    """Return when a day begins and ends there, as an address says it."""
    begins, ends = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return begins.astimezone(UTC).strftime(_INSTANT), ends.astimezone(UTC).strftime(_INSTANT)


def _set_of(value: str | None) -> frozenset[str]:
    return frozenset() if value is None else frozenset(value.split(","))
