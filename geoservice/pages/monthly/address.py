"""What the address of a monthly report says: which month."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from geoservice.domain.languages import Language
from geoservice.domain.spans import Month
from geoservice.web.language import page_address
from geoservice.web.parsing import StrictModel
from geoservice.web.validation import validated

#: As the figures take days, from 1970 on; far enough from the end of the calendar to have a month after it.
_MONTH = re.compile(r"(19[7-9][0-9]|[2-8][0-9]{3})-(0[1-9]|1[0-2])")


def _month(value: object) -> Month | None:
    """Return a month as 2026-11 says it; None: none is named."""
    if value is None:
        return None
    if not isinstance(value, str) or not _MONTH.fullmatch(value):
        raise ValueError("write a month from 1970-01 to 8999-12, as in 2026-11")
    return Month(date.fromisoformat(f"{value}-01"))


class MonthWords(StrictModel):
    """A month as an address says it."""

    month: Annotated[Month | None, BeforeValidator(_month)] = None


@dataclass(frozen=True)
class MonthAddress:
    """A monthly report as its address says it."""

    jurisdiction: str
    said: str
    language: Language

    @classmethod
    def of(cls, jurisdiction: str, arguments: Mapping[str, str], language: Language) -> MonthAddress:
        """Return what a request says; words that the page does not know count for nothing."""
        return cls(jurisdiction, arguments.get("month", ""), language)

    @property
    def asked(self) -> Month | None:
        """Return which month it is, None: none is named; refuse what is none."""
        return validated(MonthWords, {"month": self.said or None}).month

    def url(self, part: str = "", month: Month | None = None) -> str:
        """Return the address of the report, or of a file of it, of a month."""
        name = self.said if month is None else month.name
        return page_address(f"/figures/{self.jurisdiction}/report{part}", self.language, month=name or None)
