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

    @classmethod
    def of(cls, by_code: Mapping[str, Visitors]) -> Shown:
        """Return what jurisdictions show, by code."""
        return cls(by_code, min(by_code.values(), key=_ORDER.index, default="open"))

    def by(self, jurisdictions: Collection[str]) -> Visitors:
        """Return what all of some jurisdictions show; one that is not there hides nothing."""
        return min((self.by_code.get(code, "open") for code in jurisdictions), key=_ORDER.index, default="open")
