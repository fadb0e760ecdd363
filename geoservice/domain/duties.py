"""Who serves a grid on a day, from postings kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from layers.staff.model import Officer, Posting

#: Grids and days that are kept; today's are asked again and again.
_MAX_KNOWN = 50_000


class Duties:
    """The postings of all jurisdictions that were not over on a day.

    Parameters
    ----------
    postings
        In the order in which a grid's officers are named.
    time_zones
        IANA names by jurisdiction id: a day begins when it begins there.
    since
        Days before this one are not known.
    """

    def __init__(self, postings: Iterable[Posting], time_zones: Mapping[int, str], since: date) -> None:
        self._zones = {number: ZoneInfo(name) for number, name in time_zones.items()}
        self._since = since
        self._by_grid: dict[tuple[int, str], list[Posting]] = {}
        for posting in postings:
            self._by_grid.setdefault((posting.jurisdiction_id, posting.grid_code), []).append(posting)
        self._known: dict[tuple[int, str, date], tuple[Officer, ...]] = {}

    def officers(self, jurisdiction_id: int, grid_code: str, at: datetime) -> tuple[Officer, ...] | None:
        """Return who serves a grid on the day of an instant; None when that is not known here."""
        zone = self._zones.get(jurisdiction_id)
        if zone is None:
            return None
        day = at.astimezone(zone).date()
        if day < self._since:
            return None
        known = self._known.get((jurisdiction_id, grid_code, day))
        if known is None:
            if len(self._known) > _MAX_KNOWN:
                self._known.clear()
            known = self._known[jurisdiction_id, grid_code, day] = self._serving(jurisdiction_id, grid_code, day)
        return known

    def _serving(self, jurisdiction_id: int, grid_code: str, day: date) -> tuple[Officer, ...]:
        return tuple(
            posting.officer
            for posting in self._by_grid.get((jurisdiction_id, grid_code), ())
            if posting.valid_from <= day and (posting.valid_to is None or day < posting.valid_to)
        )
