"""What the address of the page says: the words of GET /v1/audit, and days by the clocks of the jurisdiction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoservice.domain.languages import Language
from geoservice.records.audit.model import AuditSearch
from geoservice.web.language import page_address
from geoservice.web.parsing import InvalidInput

FILTERS = ("who", "what", "since", "until", "incident")
_WORDS = (*FILTERS, "before")
_WHAT = re.compile(r"[a-z][a-z_]{1,39}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_WHO_LENGTH_MAX = 200


@dataclass(frozen=True)
class AuditAddress:
    """Entries as the address of the page says them."""

    jurisdiction: str
    #: Words by their values.
    said: Mapping[str, str]
    language: Language

    @classmethod
    def of(cls, jurisdiction: str, arguments: Mapping[str, str], language: Language) -> AuditAddress:
        """Return what a request says; words that the page does not know, and those left empty, count for nothing."""
        said = {name: text for name in _WORDS if (text := arguments.get(name, "").strip())}
        return cls(jurisdiction, said, language)

    @property
    def before(self) -> int | None:
        """Return below which id the page begins; refuse what is no number."""
        if "before" not in self.said:
            return None
        return int(self._matching("before", _NUMBER, "the number that the page before gave"))

    def search(self, zone: ZoneInfo) -> AuditSearch:
        """Return which entries are asked for; refuse what can not be understood."""
        said = self.said
        if len(said.get("who", "")) > _WHO_LENGTH_MAX:
            raise _refused("who", f"at most {_WHO_LENGTH_MAX} characters")
        return AuditSearch(
            who=said.get("who"),
            what=self._matching("what", _WHAT, "a name such as incident_read") if "what" in said else None,
            since=self._instant("since", zone, timedelta()),
            until=self._instant("until", zone, timedelta(days=1)),
            incident=self._incident(),
        )

    def url(self, **changes: str | None) -> str:
        """Return the address of the same entries with other words; None takes one out."""
        return page_address(f"/audit/{self.jurisdiction}", self.language, **{**self.said, **changes})

    @property
    def is_narrowed(self) -> bool:
        """Return whether some entries are left out."""
        return any(name in self.said for name in FILTERS)

    def _instant(self, name: str, zone: ZoneInfo, after: timedelta) -> datetime | None:
        """Return an instant, or the beginning of a day; of the last day its end."""
        text = self.said.get(name)
        if text is None:
            return None
        try:
            if len(text) == len("2026-11-30"):
                return datetime.combine(date.fromisoformat(text) + after, time(), zone)
            instant = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            instant = None
        if instant is None or instant.tzinfo is None:
            raise _refused(name, "a day such as 2026-11-30, or an instant with its zone")
        return instant

    def _incident(self) -> UUID | None:
        text = self.said.get("incident")
        try:
            return None if text is None else UUID(text[:50])
        except ValueError:
            raise _refused("incident", "the id of an incident") from None

    def _matching(self, name: str, pattern: re.Pattern[str], wanted: str) -> str:
        if pattern.fullmatch(self.said[name]) is None:
            raise _refused(name, wanted)
        return self.said[name]


def _refused(name: str, wanted: str) -> InvalidInput:
    errors: list[dict[str, Any]] = [{"pointer": name, "code": name, "detail": wanted}]
    return InvalidInput(errors)
