"""The figures of a span, counted in Python line by line, over whole tables; nothing of it is asked of SQL."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, quantiles
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import namedtuple_row

DONE_WITH = frozenset({"closed", "duplicate", "cancelled"})
Found = dict[tuple[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Town:
    """Tables, whole."""

    incidents: Mapping[UUID, Any]
    #: In the order in which they were written.
    histories: Mapping[UUID, Sequence[Any]]
    #: Stretches of work: when each opens and closes.
    work: Sequence[tuple[datetime, datetime]]

    @classmethod
    def of(cls, url: str) -> Town:
        """Read the tables."""
        with psycopg.connect(url, row_factory=namedtuple_row) as connection:
            incidents = connection.execute("SELECT * FROM geoservice.incident").fetchall()
            lines = connection.execute("SELECT * FROM geoservice.incident_event ORDER BY id").fetchall()
            work = connection.execute("SELECT opens, closes FROM geoservice.working_span ORDER BY opens").fetchall()
        histories = defaultdict(list)
        for line in lines:
            histories[line.incident_id].append(line)
        return cls({one.id: one for one in incidents}, histories, [(one.opens, one.closes) for one in work])

    def worked(self, since: datetime, until: datetime) -> float | None:
        """Return the seconds of work between two instants, stretch by stretch; None before the first one."""
        if since < self.work[0][0]:
            return None
        first = max(0, bisect_right(self.work, (since, since)) - 1)
        spent = timedelta()
        for opens, closes in self.work[first:]:
            if opens > until:
                break
            spent += max(timedelta(), min(closes, until) - max(opens, since))
        return spent.total_seconds()


@dataclass(frozen=True)
class Wanted:
    """What is counted: instants, what only, and how time is grouped."""

    since: datetime
    until: datetime
    grids: tuple[str, ...] | None
    services: tuple[str, ...] | None
    sources: tuple[str, ...] | None
    zone: ZoneInfo
    bucket: str

    def meant(self, incident: Any, line: Any) -> bool:
        """Return whether a line is of what is counted."""
        wanted = ((self.grids, line.to_grid_code), (self.services, line.service_code), (self.sources, incident.source))
        return all(some is None or one in some for some, one in wanted)

    def begins(self, instant: datetime) -> datetime:
        """Return the hour, day or week of an instant, by its beginning."""
        there = instant.astimezone(self.zone).replace(tzinfo=None, minute=0, second=0, microsecond=0)
        if self.bucket == "hour":
            return there
        day = there.replace(hour=0)
        return day if self.bucket == "day" else day - timedelta(days=day.weekday())


def recount(town: Town, wanted: Wanted) -> Found:
    """Return what is counted, by part and key."""
    found: dict[tuple[str, Any], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for incident_id, lines in town.histories.items():
        incident = town.incidents[incident_id]
        _count_report(found, wanted, incident, lines)
        _count_lines(found, wanted, town, incident, lines)
        _count_state(found, wanted, incident, [one for one in lines if one.at < wanted.until])
    return {key: _told(lists) for key, lists in found.items()}


def _count_report(found: Any, wanted: Wanted, incident: Any, lines: Sequence[Any]) -> None:
    (first,) = (one for one in lines if one.rule == "reported")
    if wanted.since <= incident.reported_at < wanted.until and wanted.meant(incident, first):
        there = incident.reported_at.astimezone(wanted.zone)
        hour = ("hour", (there.isoweekday(), there.hour))
        for part in (*_parts(first), ("bucket", wanted.begins(incident.reported_at)), hour):
            found[part]["received"].append(1)


def _count_lines(found: Any, wanted: Wanted, town: Town, incident: Any, lines: Sequence[Any]) -> None:
    seen: set[str] = set()
    for line in lines:
        first = line.rule not in seen
        seen.add(line.rule)
        if not wanted.since <= line.at < wanted.until or not wanted.meant(incident, line):
            continue
        told: list[tuple[str, Any]] = []
        if line.to_status == "closed" and line.from_status != "closed":
            told.append(("closed", 1))
        told += [
            (name, 1) for rule, name in (("overdue", "became_late"), ("reopened", "reopened")) if line.rule == rule
        ]
        if line.rule == "rated" and line.rating is not None:
            told.append(("rating", line.rating))
        if first and line.rule in ("accepted", "resolved"):
            worked_s = town.worked(incident.reported_at, line.at)
            for part in _parts(line) if worked_s is not None else ():
                found[part][line.rule].append(worked_s)
        for part in (*_parts(line), ("bucket", wanted.begins(line.at))):
            for name, value in told:
                found[part][name].append(value)


def _count_state(found: Any, wanted: Wanted, incident: Any, before: Sequence[Any]) -> None:
    if not before or before[-1].to_status in DONE_WITH or not wanted.meant(incident, before[-1]):
        return
    late = False
    for line in before:
        late = True if line.rule == "overdue" else False if line.rule == "reopened" else late
    for part in _parts(before[-1]):
        found[part]["in_hand"].append(1)
        if late and before[-1].to_status != "resolved":
            found[part]["late"].append(1)


def _parts(line: Any) -> tuple[tuple[str, Any], ...]:
    return ("all", None), ("grid", line.to_grid_code), ("service", line.service_code), ("source", line.source)


def _told(lists: Mapping[str, list[Any]]) -> dict[str, Any]:
    counts = ("received", "closed", "in_hand", "late", "became_late", "reopened")
    rating, ratings = (fmean(lists["rating"]) if lists.get("rating") else None), len(lists.get("rating", ()))
    took = {
        name: _deciles(lists.get(rule, ())) for name, rule in (("to_accept", "accepted"), ("to_resolve", "resolved"))
    }
    return {name: len(lists.get(name, ())) for name in counts} | took | {"rating": rating, "ratings": ratings}


def _deciles(values: Iterable[float]) -> tuple[int, float | None, float | None]:
    some = sorted(values)
    if len(some) < 2:
        return len(some), *((some * 2) or (None, None))  # type: ignore[return-value]
    tenths = quantiles(some, n=10, method="inclusive")
    return len(some), tenths[4], tenths[8]
