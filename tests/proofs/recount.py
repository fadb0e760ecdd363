"""The incidents of a town and what was done with them, in bulk; and their numbers, counted in Python row by row.

Nothing of the recount asks the database to count, to sort, or to tell what is open: it reads whole tables.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import shapely
from psycopg import sql
from psycopg.rows import namedtuple_row

CLOSED = frozenset({"closed", "duplicate", "cancelled"})
#: As urgency_of has it: a double of so large a number tells instants apart by the fixed one that they are told from.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
#: A number from 0 to 1 that each incident has for good.
_CHANCE = sql.SQL("(('x' || substr(md5(id::text), 1, 7))::bit(28)::integer / 268435456.0)")
_COPY = "COPY geoservice.incident (id, jurisdiction_id, service_code, source, geom, accuracy_m, reported_at) FROM STDIN"
#: What becomes of incidents, one after the other.
_STORIES = (
    "SET status = 'accepted' WHERE status = 'dispatched' AND {chance} < 0.7",
    "SET status = 'returned', step_reason = 'not here' WHERE status = 'dispatched' AND {chance} < 0.75",
    "SET status = 'cancelled', step_reason = 'a joke' WHERE status = 'dispatched' AND {chance} < 0.8",
    "SET status = 'duplicate', duplicate_of = %(original)s WHERE status = 'dispatched' AND {chance} < 0.83",
    "SET status = 'dispatched', assigned_officer_code = %(officer)s, step_reason = 'he knows the place'"
    " WHERE status = 'accepted' AND {chance} > 0.66",
    "SET status = 'resolved' WHERE status = 'accepted' AND {chance} < 0.5",
    "SET status = 'closed' WHERE status = 'resolved' AND {chance} < 0.35",
    "SET rating = 1 + CAST(floor({chance} * 25) AS integer)"
    " WHERE status = 'closed' AND rating IS NULL AND closed_at > now() - interval '1 day' AND {chance} < 0.2",
    "SET status = 'dispatched', step_reason = 'it is back'"
    " WHERE status = 'closed' AND closed_at > now() - interval '1 day' AND {chance} < 0.02",
)
_UPDATE = sql.SQL("UPDATE geoservice.incident {story} AND id <> %(original)s")
_TABLES = {
    "incidents": "SELECT id, status, grid_code, officer_code, service_code, reported_at, expected_at, overdue_at"
    " FROM geoservice.incident",
    "events": "SELECT id, incident_id, rule, from_status, to_status, to_grid_code, officer_code, service_code, rating,"
    " at FROM geoservice.incident_event",
    "households": "SELECT grid_code, residents, floating FROM geoservice.household",
    "grids": "SELECT code FROM geoservice.grid",
    "postings": "SELECT staff_code, grid_code FROM geoservice.posting",
}


def happen(url: str, count: int) -> None:
    """Hand in incidents all over the town and a little beside it, and let officers do this and that.

    The demo community has one edition, and postings without an end.
    """
    rng = np.random.default_rng(20261129)
    with psycopg.connect(url, autocommit=True) as connection:
        town, outline = row_of(connection, "SELECT id, st_asbinary(outline) FROM geoservice.jurisdiction")
        services = [code for (code,) in connection.execute("SELECT code FROM geoservice.service ORDER BY code")]
        (officer,) = row_of(connection, "SELECT min(staff_code) FROM geoservice.posting WHERE role = 'police_officer'")
        west, south, east, north = shapely.from_wkb(bytes(outline)).buffer(5e-4).bounds
        places = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)]).tolist()
        ages_s = rng.uniform(0, 30 * 86400, count).tolist()
        now = datetime.now(UTC)
        with connection.cursor().copy(_COPY) as copy:
            for number, ((lon, lat), age_s) in enumerate(zip(places, ages_s, strict=True)):
                copy.write_row(
                    (UUID(int=number + 1), town, services[number % len(services)], "resident",
                     f"SRID=4326;POINT({lon!r} {lat!r})", 10.0, now - timedelta(seconds=age_s))
                )  # fmt: skip
        connection.execute("ANALYZE geoservice.incident")
        original = UUID(int=1)
        for story in _STORIES:
            statement = _UPDATE.format(story=sql.SQL(story).format(chance=_CHANCE))
            connection.execute(statement, {"original": original, "officer": officer})
        while row_of(connection, "SELECT geoservice.mark_overdue(20000)")[0]:
            pass
        connection.execute("VACUUM ANALYZE")


def row_of(connection: psycopg.Connection[Any], query: str) -> Any:
    """Return the one row that a query has."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


@dataclass(frozen=True)
class Counts:
    """How many incidents there are, of any number of rows."""

    received: int
    closed: int
    in_hand: int
    triage: int


@dataclass(frozen=True)
class Recount:
    """Tables, whole, and what they hold."""

    incidents: Sequence[Any]
    events: Sequence[Any]
    households: Sequence[Any]
    grids: Sequence[Any]
    postings: Sequence[Any]

    @classmethod
    def of(cls, url: str) -> Recount:
        """Read the tables."""
        with psycopg.connect(url, row_factory=namedtuple_row) as connection:
            return cls(**{name: connection.execute(query).fetchall() for name, query in _TABLES.items()})

    def counts(self, grid: str | None = None) -> Counts:
        """Count the incidents of a grid; of all when None."""
        some = [one for one in self.incidents if grid is None or one.grid_code == grid]
        in_hand = [one for one in some if one.status not in CLOSED]
        closed = sum(one.status == "closed" for one in some)
        return Counts(len(some), closed, len(in_hand), sum(one.grid_code is None for one in in_hand))

    def by_status(self) -> dict[str, int]:
        """Count the incidents of each status."""
        return dict(Counter(one.status for one in self.incidents))

    def people(self, grid: str | None = None) -> tuple[int, int, int]:
        """Count households, residents and floating population of a grid; of all when None."""
        some = [one for one in self.households if grid is None or one.grid_code == grid]
        return len(some), sum(one.residents for one in some), sum(one.floating for one in some)

    def own_of(self, staff: str, statuses: Sequence[str]) -> list[UUID]:
        """Return what a member of staff has, of some statuses, the most urgent first."""
        grids = {one.grid_code for one in self.postings if one.staff_code == staff}
        own = (one for one in self.incidents if one.grid_code in grids or one.officer_code == staff)
        return [one.id for one in most_urgent(one for one in own if one.status in statuses)]

    def handled(self, key: str, since: datetime, until: datetime) -> dict[str | None, dict[str, Any]]:
        """Count what was handled in a period by a column of the histories: see HandledOut."""
        reported = {one.id: one.reported_at for one in self.incidents}
        found: dict[str | None, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        seen: set[tuple[UUID, str]] = set()
        last: dict[UUID, Any] = {}
        for line in sorted(self.events, key=lambda line: line.id):
            first = (line.incident_id, line.rule) not in seen
            seen.add((line.incident_id, line.rule))
            if line.at < until:
                last[line.incident_id] = line
            if not since <= line.at < until:
                continue
            told = found[getattr(line, key)]
            after_s = (line.at - reported[line.incident_id]).total_seconds()
            told["received"] += [1] * (line.rule == "reported")
            told["closed"] += [1] * (line.to_status == "closed" and line.from_status != "closed")
            told["overdue"] += [1] * (line.rule == "overdue")
            told["accept"] += [after_s] * (first and line.rule == "accepted")
            told["resolve"] += [after_s] * (first and line.rule == "resolved")
            told["ratings"] += [line.rating] if line.rule == "rated" and line.rating is not None else []
        for line in last.values():
            found[getattr(line, key)]["in_hand"] += [1] * (line.to_status not in CLOSED)
        told_of = {code: _figures(told) for code, told in found.items()}
        empty = _figures(defaultdict(list))
        in_period = {getattr(line, key) for line in self.events if since <= line.at < until}
        return {code: told for code, told in told_of.items() if told != empty or code in in_period}


def _figures(told: dict[str, list[float]]) -> dict[str, Any]:
    return {
        "received": len(told["received"]), "closed": len(told["closed"]), "in_hand": len(told["in_hand"]),
        "overdue": len(told["overdue"]),
        "median_to_accept_s": statistics.median(told["accept"]) if told["accept"] else None,
        "median_to_resolve_s": statistics.median(told["resolve"]) if told["resolve"] else None,
        "rating": statistics.fmean(told["ratings"]) if told["ratings"] else None, "ratings": len(told["ratings"]),
    }  # fmt: skip


def most_urgent(incidents: Iterable[Any]) -> list[Any]:
    """Return incidents as lists have them: late, due soon, the rest by how long they wait, the closed at the end."""
    return sorted(incidents, key=lambda one: (_urgency(one), one.id.int))


def newest(incidents: Iterable[Any]) -> list[Any]:
    """Return incidents, the newest first."""
    return sorted(incidents, key=lambda one: (one.reported_at, one.id), reverse=True)


def _urgency(one: Any) -> float:
    """Return the number by which what is in hand is ordered, the least first: of seconds, as a double has them."""
    if one.status in CLOSED:
        return float(3 * 10**11 - Fraction(_microseconds(one.reported_at), 10**6))
    if one.status != "resolved" and one.overdue_at is not None:
        return float(Fraction(_microseconds(one.expected_at or one.overdue_at), 10**6) - 10**11)
    if one.status != "resolved" and one.expected_at is not None:
        return float(Fraction(_microseconds(one.expected_at), 10**6))
    return float(Fraction(_microseconds(one.reported_at), 10**6) + 10**11)


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)
