"""What jurisdictions show to visitors, and what several of them do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from layers.jurisdictions.model import Visitors

#: From the least to the most.
_ORDER: tuple[Visitors, ...] = ("closed", "grids", "open")


@dataclass(frozen=True)
class Shown:
    """What each jurisdiction shows to visitors."""

    by_code: Mapping[str, Visitors] = field(default_factory=dict)
    #: What the one that shows least does.
    least: Visitors = "open"
    #: Codes of those that show nothing.
    closed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, by_code: Mapping[str, Visitors]) -> Shown:
        """Return what jurisdictions show, by code."""
        least: Visitors = min(by_code.values(), key=_ORDER.index, default="open")
        return cls(by_code, least, frozenset(code for code, shown in by_code.items() if shown == "closed"))

    def by(self, jurisdictions: Collection[str]) -> Visitors:
        """Return what all of some jurisdictions show.

        One that is not there shows as little as any does: else it could be told from one that is closed.
        """
        return min((self.by_code.get(code, self.least) for code in jurisdictions), key=_ORDER.index, default="open")

    def hides_from(self, homes: Collection[str | None]) -> bool:
        """Return whether some jurisdiction is closed to whoever is known in some alone (None: everywhere)."""
        return None not in homes and bool(self.closed.difference(homes))
