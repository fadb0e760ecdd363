"""Which of what is in hand a map shows, and by when each matter is due: the rule of matters.js, for maps on paper."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from layers.incidents.in_hand import InHand

#: Resolved waits for nobody's clock: done.
Due = Literal["late", "soon", "open", "stands", "done", "none"]


@dataclass(frozen=True)
class Narrowing:
    """What has to be so of a matter for a map to show it; None and empty: whatever it is."""

    statuses: Collection[str] | None = None
    service: str = ""
    source: str = ""
    officer: str = ""
    #: Reported more than so many days ago.
    age_days: int | None = None
    #: Late; due soon. Both: either of the two.
    late: bool = False
    soon: bool = False

    @property
    def is_any(self) -> bool:
        """Return whether it leaves anything out."""
        return self != Narrowing()

    def lets(self, one: InHand, due: Due, now: datetime) -> bool:
        """Return whether a matter is shown."""
        return (
            (self.statuses is None or one.status in self.statuses)
            and self.service in ("", one.service_code)
            and self.source in ("", one.source)
            and self.officer in ("", one.officer_code)
            and (self.age_days is None or one.reported_at < now - timedelta(days=self.age_days))
            and (not (self.late or self.soon) or (self.late and due == "late") or (self.soon and due == "soon"))
        )


def due_of(one: InHand, now: datetime, soon_before: Mapping[str, datetime]) -> Due:
    """Return by when a matter is due: late, soon, or whichever else."""
    if one.status == "resolved":
        return "done"
    if one.stands:
        return "stands"
    if one.expected_at is None:
        return "late" if one.late else "none"
    if one.expected_at <= now:
        return "late"
    soon = soon_before.get(one.service_code)
    return "soon" if soon is not None and one.expected_at < soon else "open"
