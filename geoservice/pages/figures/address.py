"""What the address of the figures says: which span, and of which incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, get_args

from pydantic import Field, model_validator

from geoservice.api.incidents import IncidentsQuery, search_of
from geoservice.domain.languages import Language
from geoservice.domain.spans import MOST_DAYS, Span, SpanName
from geoservice.services.figures import FiguresQuery
from geoservice.web.language import page_address
from geoservice.web.parsing import Day, StrictModel
from geoservice.web.validation import validated
from layers.incidents.span_figures import CountedScope

SPANS: tuple[SpanName, ...] = get_args(SpanName)
#: Without one the address means this span.
USUAL: SpanName = "week"
SCOPE = ("grid", "service", "source")
_DAYS = ("from", "to")


class SpanWords(StrictModel):
    """A span as an address says it: by its name, or by its first and last day."""

    span: SpanName = USUAL
    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("from and to go together: write the first and the last day, as in 2026-11-01")
        if self.first is not None and self.last is not None:
            if self.first > self.last:
                raise ValueError("the last day is before the first: exchange from and to")
            if (self.last - self.first).days >= MOST_DAYS:
                raise ValueError(f"{MOST_DAYS} days are counted at once: choose fewer")
            if self.first.year < 1970 or self.last.year > 9000:
                raise ValueError("days are told from 1970 to 9000")
        return self


@dataclass(frozen=True)
class FiguresAddress:
    """Figures as their address says them."""

    jurisdiction: str
    said: Mapping[str, str]
    language: Language

    @classmethod
    def of(cls, jurisdiction: str, arguments: Mapping[str, str], language: Language) -> FiguresAddress:
        """Return what a request says; words that the page does not know, and those left empty, count for nothing."""
        words = ("span", *_DAYS, *SCOPE)
        return cls(jurisdiction, {name: arguments[name] for name in words if arguments.get(name)}, language)

    @property
    def asked(self) -> FiguresQuery:
        """Return which figures they are; refuse what can not be understood of it."""
        scope = search_of(validated(IncidentsQuery, {name: self.said[name] for name in SCOPE if name in self.said}))
        found = validated(SpanWords, {name: self.said[name] for name in ("span", *_DAYS) if name in self.said})
        span: SpanName | Span = found.span
        if found.first is not None and found.last is not None:
            span = Span(found.first, found.last)
        return FiguresQuery(span, CountedScope(scope.grid_codes, scope.service_codes, scope.sources))

    @property
    def named(self) -> str | None:
        """Return the name of the span; None of one that is told by its days."""
        return None if "from" in self.said else self.said.get("span", USUAL)

    def chosen(self, word: str) -> tuple[str, ...]:
        """Return the values of a word of the scope."""
        return tuple(self.said[word].split(",")) if word in self.said else ()

    def url(self, part: str = "", **changes: str | None) -> str:
        """Return the address of the same figures with other words; None takes one out."""
        words: dict[str, str | None] = {**self.said, **changes}
        if words.get("span") == USUAL:
            words["span"] = None
        told = {name: value or None for name, value in words.items()}
        return page_address(f"/figures/{self.jurisdiction}{part}", self.language, **told)

    def url_of_span(self, name: str) -> str:
        """Return the address of a span by its name, of the same incidents."""
        return self.url("", span=name, **dict.fromkeys(_DAYS))

    def url_of_all(self) -> str:
        """Return the address of the same span of all incidents."""
        return self.url("", **dict.fromkeys(SCOPE))
