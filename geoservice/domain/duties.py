"""Who serves a grid on a day, from postings kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from layers.staff.model import Officer, Posting


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

    def officers(self, jurisdiction_id: int, grid_code: str, at: datetime) -> tuple[Officer, ...] | None:
        """Return who serves a grid on the day of an instant; None when that is not known here."""
        zone = self._zones.get(jurisdiction_id)
        if zone is None:
            return None
        day = at.astimezone(zone).date()
        if day < self._since:
            return None
        return tuple(
            posting.officer
            for posting in self._by_grid.get((jurisdiction_id, grid_code), ())
            if posting.valid_from <= day and (posting.valid_to is None or day < posting.valid_to)
        )
