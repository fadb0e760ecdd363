"""Where a number leads: to the desk's list that has exactly as many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from geoservice.domain.spans import Bucket, Period
from geoservice.pages.desk.address import VIEWS, DeskAddress
from geoservice.pages.figures.address import FiguresAddress
from geoservice.services.figures import Figures, Listed
from layers.incidents.span_figures import Key, Part

_LENGTH: dict[Bucket, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_WORDS: dict[Part, str] = {"grid": "grid", "service": "service", "source": "source"}


@dataclass(frozen=True)
class Links:
    """Leads from numbers to lists, for those who may open the desk."""

    asked: FiguresAddress
    figures: Figures
    opens_desk: bool

    def of(self, what: Listed, number: int | None, part: Part = "all", key: Key = None) -> str | None:
        """Return where a number leads; None: no list says the same."""
        if not self.opens_desk or not number or (part in _WORDS and key is None):
            return None
        if not self.figures.is_listed(what, part, key, number):
            return None
        said = {word: self.asked.said[word] for word in ("grid", "service", "source") if word in self.asked.said}
        if part in _WORDS:
            said[_WORDS[part]] = str(key)
        return DeskAddress(self.asked.jurisdiction, said | self._view(what, part, key), self.asked.language).url()

    def _view(self, what: Listed, part: Part, key: Key) -> dict[str, str]:
        if what == "in_hand":
            return VIEWS["hand"]
        if what == "late":
            return VIEWS["late"]
        period = self._of_bucket(key) if part == "bucket" and isinstance(key, datetime) else self.figures.period
        since, until = _instant(period.since), _instant(period.until)
        if what == "received":
            return {"since": since, "until": until, "sort": "new"}
        return {"status": "closed", "closed_since": since, "closed_until": until, "sort": "new"}

    def _of_bucket(self, begins: datetime) -> Period:
        """Return when an hour, day or week of the span was."""
        zone, whole = ZoneInfo(self.figures.jurisdiction.time_zone), self.figures.period
        ends = begins + _LENGTH[self.figures.span.bucket]
        since, until = (one.replace(tzinfo=zone).astimezone(UTC) for one in (begins, ends))
        return Period(max(since, whole.since), min(until, whole.until))


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
