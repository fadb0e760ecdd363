"""The figures of managers: how a span was handled, beside the one before, and which of its numbers a list shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoservice.domain.spans import Month, Period, Span, SpanName, periods
from geoservice.errors import JurisdictionUnknown
from geoservice.services import lookups
from geoservice.services.desk import Names, names_of
from layers.db.scope import EVERYWHERE, asked_by_present, enter, sees_all_of
from layers.db.session import Database
from layers.grids.queries import editions_of
from layers.grids.territory import grids_in_force
from layers.incidents.model import Search
from layers.incidents.queries import COUNTED_MOST, OPEN_COUNTED_MOST, OPEN_STATUSES, count_by_part
from layers.incidents.span_figures import CountedScope, Counts, Key, Part, SpanQuery, histories_began, span_counts
from layers.jurisdictions.model import Jurisdiction

#: Numbers that a list of incidents may show one by one.
Listed = Literal["received", "closed", "in_hand", "late"]
_TO_DO = tuple(sorted(OPEN_STATUSES - {"resolved"}))


@dataclass(frozen=True)
class FiguresQuery:
    """Which span, by its name, its days or its month, and of which incidents."""

    span: SpanName | Span | Month
    scope: CountedScope


@dataclass(frozen=True)
class Figures:
    """What is told of a span."""

    jurisdiction: Jurisdiction
    names: Names
    span: Span
    period: Period
    before: Period
    counts: Counts
    #: How many incidents the lists have that are about the same as a number; by number, then by part.
    listed: Mapping[Listed, Mapping[tuple[Part, Key], int]]
    #: Since when anything is known; None: nothing is.
    began: datetime | None
    #: When borders changed within the span or the one before.
    borders_changed: tuple[datetime, ...]
    now: datetime

    def is_known(self, period: Period) -> bool:
        """Return whether anything can be known of a period: zero is a number, nothing is none."""
        return self.began is not None and period.since < period.until and self.began < period.until

    @property
    def is_up_to_now(self) -> bool:
        """Return whether the span goes on: what is in hand at its end is in hand now."""
        return self.period.until >= self.now

    def is_listed(self, what: Listed, part: Part, key: Key, number: int) -> bool:
        """Return whether a list shows exactly as many incidents as a number tells."""
        most = OPEN_COUNTED_MOST if what in ("in_hand", "late") else COUNTED_MOST
        return what in self.listed and self.listed[what].get((part, key), 0) == number <= most


class FiguresService:
    """Counts for managers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, jurisdiction_code: str, query: FiguresQuery, *, now: datetime | None = None) -> Figures:
        """Return the figures of a span; raise JurisdictionUnknown.

        Parameters
        ----------
        now
            When it is told; this very instant when None.
        """
        with self._database.transaction(one_view=True) as connection:
            return read_figures(connection, jurisdiction_code, query, now or datetime.now(UTC))


def read_figures(connection: Connection, jurisdiction_code: str, query: FiguresQuery, now: datetime) -> Figures:
    """Return the figures of a span, read in a transaction of one view; raise JurisdictionUnknown."""
    jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
    if not sees_all_of(jurisdiction.id):
        raise JurisdictionUnknown(jurisdiction=jurisdiction_code)
    # He sees all of these rows: it is asked once, as to ask it of each line costs more than to count.
    enter(connection, asked_by_present(EVERYWHERE))
    zone = ZoneInfo(jurisdiction.time_zone)
    span = _span(query.span, now.astimezone(zone).date())
    period, before = periods(span, zone, now)
    counts = span_counts(connection, span_query(jurisdiction, query.scope, span, period, before))
    return Figures(
        jurisdiction, _names(connection, jurisdiction, counts, period), span, period, before, counts,
        _listed(connection, jurisdiction, query.scope, span, period, is_now=period.until >= now),
        histories_began(connection, jurisdiction.id),
        _borders_changed(connection, jurisdiction.id, before.since, period.until), now,
    )  # fmt: skip


def span_query(
    jurisdiction: Jurisdiction, scope: CountedScope, span: Span, period: Period, before: Period
) -> SpanQuery:  # fmt: skip
    """Return what is counted of a span, as statements take it."""
    return SpanQuery(
        jurisdiction.id, scope, period.since, period.until, before.since, before.until, jurisdiction.time_zone,
        span.bucket,
    )  # fmt: skip


def _span(asked: SpanName | Span | Month, today: date) -> Span:
    if isinstance(asked, Month):
        return asked.span(today)
    return asked if isinstance(asked, Span) else Span.named(asked, today)


def _listed(
    connection: Connection, jurisdiction: Jurisdiction, scope: CountedScope, span: Span, period: Period, *, is_now: bool
) -> dict[Listed, dict[tuple[Part, Key], int]]:  # fmt: skip
    """Count what the lists have; of what is in hand they know only now."""
    whole = Search(jurisdiction_id=jurisdiction.id, grid_codes=scope.grids, service_codes=scope.services,
                   sources=scope.sources)  # fmt: skip
    within = (period.since, period.until)
    searches: dict[Listed, Search] = {
        "received": replace(whole, reported=within), "closed": replace(whole, statuses=("closed",), closed=within),
    }  # fmt: skip
    if is_now:
        searches["in_hand"] = replace(whole, statuses=tuple(sorted(OPEN_STATUSES)))
        searches["late"] = replace(whole, statuses=_TO_DO, overdue=True)
    found: dict[Listed, dict[tuple[Part, Key], int]] = {}
    for name, search in searches.items():
        counted: Counter[tuple[Part, Key]] = Counter()
        by_part = count_by_part(connection, search, bucket=span.bucket, time_zone=jurisdiction.time_zone)
        for (grid, service, source, bucket), number in by_part.items():
            parts: tuple[tuple[Part, Key], ...] = (
                ("all", None), ("grid", grid), ("service", service), ("source", source), ("bucket", bucket)
            )  # fmt: skip
            counted.update(dict.fromkeys(parts, number))
        found[name] = counted
    return found


def _names(connection: Connection, jurisdiction: Jurisdiction, counts: Counts, period: Period) -> Names:
    """Return what codes are called: grids that are no longer in force as they were when the span began."""
    names = names_of(connection, jurisdiction.id)
    if all(code is None or code in names.grids for code in counts.parts["grid"]):
        return names
    then = grids_in_force(connection, jurisdiction_id=jurisdiction.id, at=period.since)
    former = {str(one["code"]): (one["name"], one["name_en"]) for one in then}
    return replace(names, former=former)


def _borders_changed(
    connection: Connection, jurisdiction_id: int, since: datetime, until: datetime
) -> tuple[datetime, ...]:
    starts = (one.valid_from for one in editions_of(connection, jurisdiction_id) if one.published_at is not None)
    return tuple(one for one in starts if one is not None and since < one < until)
