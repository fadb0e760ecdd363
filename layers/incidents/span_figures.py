"""How incidents were handled in a span and in the one before it, counted from their histories.

Each line of a history counts for the grid and the service that it had when it happened, whatever borders are in force
today. Received is what was reported in the span, wherever it was reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, TextClause, text

#: What numbers are told of: all of the scope, a grid, a service, a source, an hour, day or week, an hour of the week.
Part = Literal["all", "grid", "service", "source", "bucket", "hour"]
Key = str | datetime | tuple[int, int] | None


@dataclass(frozen=True)
class Took:
    """How long something took, in seconds of working time; None where nobody knows, or it never happened."""

    number: int = 0
    median_s: float | None = None
    ninth_decile_s: float | None = None


@dataclass(frozen=True)
class Tally:
    """What was counted of a part."""

    received: int = 0
    #: Became closed; once more when it was reopened in between.
    closed: int = 0
    #: At the end: neither closed, nor merged, nor cancelled.
    in_hand: int = 0
    #: Of these: found late, and not resolved.
    late: int = 0
    #: Found late in the span.
    became_late: int = 0
    reopened: int = 0
    #: From the report to when somebody accepted, and resolved, for the first time.
    to_accept: Took = field(default_factory=Took)
    to_resolve: Took = field(default_factory=Took)
    #: Mean of 1 to 5, and how many; None without any.
    rating: float | None = None
    ratings: int = 0


@dataclass(frozen=True)
class CountedScope:
    """Which incidents are counted; None: all."""

    grids: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SpanQuery:
    """What is counted, and when."""

    jurisdiction_id: int
    scope: CountedScope
    since: datetime
    until: datetime
    #: The span before.
    before_since: datetime
    before_until: datetime
    #: IANA name, and hour, day or week.
    time_zone: str
    bucket: str

    @property
    def values(self) -> dict[str, Any]:
        """Return them as statements take them."""
        scope = {one.name: None if (got := getattr(self.scope, one.name)) is None else list(got)
                 for one in fields(self.scope)}  # fmt: skip
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "scope"} | scope


@dataclass(frozen=True)
class Counts:
    """What was counted of a span, by parts; a part of which nothing was counted is not there."""

    parts: Mapping[Part, Mapping[Key, Tally]]
    #: All of the span before.
    before: Tally
    #: By service, in the span before.
    services_before: Mapping[Key, Tally]

    def of(self, part: Part, key: Key) -> Tally:
        """Return what was counted of one."""
        return self.parts[part].get(key, Tally())


_WITHIN = """({at} >= :since AND {at} < :until OR {at} >= :before_since AND {at} < :before_until)
           AND {at} >= least(:since, :before_since) AND {at} < :until"""
_SCOPE = """(CAST(:grids AS text[]) IS NULL OR {grid} = ANY (CAST(:grids AS text[])))
           AND (CAST(:services AS text[]) IS NULL OR {service} = ANY (CAST(:services AS text[])))
           AND (CAST(:sources AS text[]) IS NULL OR {source} = ANY (CAST(:sources AS text[])))"""
_OF_LINES = _SCOPE.format(grid="e.to_grid_code", service="e.service_code", source="e.source")
#: The first line of each incident that was reported then says whose it was.
_RECEIVED_SQL = """
    WITH counted AS (
        SELECT e.reported_at >= :since AS present, e.to_grid_code AS grid, e.service_code AS service, e.source,
               date_trunc(:bucket, e.reported_at AT TIME ZONE :time_zone) AS bucket,
               extract(isodow FROM e.reported_at AT TIME ZONE :time_zone)::integer AS weekday,
               extract(hour FROM e.reported_at AT TIME ZONE :time_zone)::integer AS hour
          FROM geoservice.incident_event AS e
         WHERE e.jurisdiction_id = :jurisdiction_id AND e.rule = 'reported' AND {within}
           AND {scope}
    )
    SELECT present, grid, service, source, bucket, weekday, hour,
           grouping(grid, service, source, bucket, hour) AS parts, count(*) AS received
      FROM counted
     GROUP BY GROUPING SETS (
               (present), (present, grid), (present, service), (present, source), (present, bucket),
               (present, weekday, hour))
"""
_RECEIVED = text(_RECEIVED_SQL.format(within=_WITHIN.format(at="e.reported_at"), scope=_OF_LINES))
#: First by all parts at once, which are few, then by each: lines are looked at once.
_LINES_SQL = """
    WITH counted AS MATERIALIZED (
        SELECT e.at >= :since AS present, e.to_grid_code AS grid, e.service_code AS service, e.source,
               date_trunc(:bucket, e.at AT TIME ZONE :time_zone) AS bucket,
               count(*) FILTER (WHERE e.to_status = 'closed' AND e.from_status IS DISTINCT FROM 'closed') AS closed,
               count(*) FILTER (WHERE e.rule = 'overdue') AS became_late,
               count(*) FILTER (WHERE e.rule = 'reopened') AS reopened,
               sum(e.rating) FILTER (WHERE e.rule = 'rated') AS rating,
               count(e.rating) FILTER (WHERE e.rule = 'rated') AS ratings
          FROM geoservice.incident_event AS e
         WHERE e.jurisdiction_id = :jurisdiction_id AND {within}
           AND (e.rule IN ('overdue', 'reopened', 'rated') OR e.to_status = 'closed')
           AND {scope}
         GROUP BY 1, 2, 3, 4, 5
    )
    SELECT present, grid, service, source, bucket, grouping(grid, service, source, bucket) * 2 + 1 AS parts,
           CAST(sum(closed) AS bigint) AS closed, CAST(sum(became_late) AS bigint) AS became_late,
           CAST(sum(reopened) AS bigint) AS reopened,
           CAST(sum(rating) AS double precision) / nullif(CAST(sum(ratings) AS double precision), 0) AS rating,
           CAST(sum(ratings) AS bigint) AS ratings
      FROM counted
     GROUP BY GROUPING SETS ((present), (present, grid), (present, service), (present, source), (present, bucket))
"""
_LINES = text(_LINES_SQL.format(within=_WITHIN.format(at="e.at"), scope=_OF_LINES))
_TOOK_SQL = """
    WITH took AS (
        SELECT e.at >= :since AS present, e.to_grid_code AS grid, e.service_code AS service, e.source,
               CASE WHEN e.rule = 'accepted' THEN e.took_s END AS accept_s,
               CASE WHEN e.rule = 'resolved' THEN e.took_s END AS resolve_s
          FROM geoservice.incident_event AS e
         WHERE e.jurisdiction_id = :jurisdiction_id AND {within} AND e.took_s IS NOT NULL AND {scope}
    )
    SELECT present, grid, service, source, grouping(grid, service, source) * 4 + 3 AS parts,
           count(accept_s) AS accepts, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY accept_s) AS accept_s,
           count(resolve_s) AS resolves,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY resolve_s) AS resolve_s
      FROM took GROUP BY GROUPING SETS ((present), (present, grid), (present, service), (present, source))
"""
_TOOK = text(_TOOK_SQL.format(within=_WITHIN.format(at="e.at"), scope=_OF_LINES))
#: What was in hand at an instant, as `held`: what has no line since was then what it is now; of the rest the last line
#: before tells.
_HELD_SQL = """
    WITH changed AS MATERIALIZED (
        SELECT e.incident_id FROM geoservice.incident_event AS e
         WHERE e.jurisdiction_id = :jurisdiction_id AND e.at >= :instant
         GROUP BY e.incident_id
    ), began AS MATERIALIZED (
        SELECT e.incident_id FROM geoservice.incident_event AS e
         WHERE e.jurisdiction_id = :jurisdiction_id AND e.at >= :instant AND e.rule = 'reported'
    ), held AS (
        SELECT i.id, i.grid_code AS grid, i.service_code AS service, i.source, i.late
          FROM geoservice.incident AS i
         WHERE i.jurisdiction_id = :jurisdiction_id AND i.urgency < 2e11
           AND NOT EXISTS (SELECT FROM changed AS c WHERE c.incident_id = i.id)
           AND {scope}
        UNION ALL
        SELECT c.incident_id, l.to_grid_code, l.service_code, l.source,
               l.to_status <> 'resolved' AND coalesce(m.overdue > m.reopened, false)
          FROM (SELECT incident_id FROM changed EXCEPT ALL SELECT incident_id FROM began) AS c
         CROSS JOIN LATERAL (SELECT e.to_status, e.to_grid_code, e.service_code, e.source
                               FROM geoservice.incident_event AS e
                              WHERE e.incident_id = c.incident_id AND e.at < :instant ORDER BY e.id DESC LIMIT 1) AS l
         CROSS JOIN LATERAL (SELECT max(e.id) FILTER (WHERE e.rule = 'overdue') AS overdue,
                                    coalesce(max(e.id) FILTER (WHERE e.rule = 'reopened'), 0) AS reopened
                               FROM geoservice.incident_event AS e
                              WHERE e.incident_id = c.incident_id AND e.at < :instant) AS m
         WHERE geoservice.is_open(l.to_status)
           AND {scope_then}
    )
"""
HELD = _HELD_SQL.format(
    scope=_SCOPE.format(grid="i.grid_code", service="i.service_code", source="i.source"),
    scope_then=_SCOPE.format(grid="l.to_grid_code", service="l.service_code", source="l.source"),
)
_STATE = text(f"""{HELD}
    SELECT :present AS present, grid, service, source, grouping(grid, service, source) * 4 + 3 AS parts,
           count(*) AS in_hand, count(*) FILTER (WHERE late) AS late
      FROM held GROUP BY GROUPING SETS ((), (grid), (service), (source))
""")  # noqa: S608  texts of this module
_BEGAN = text("""
    SELECT least((SELECT e.at FROM geoservice.incident_event AS e
                   WHERE e.jurisdiction_id = :jurisdiction_id ORDER BY e.at LIMIT 1),
                 (SELECT e.reported_at FROM geoservice.incident_event AS e
                   WHERE e.jurisdiction_id = :jurisdiction_id AND e.rule = 'reported' ORDER BY e.reported_at LIMIT 1))
""")
#: By the bits of grouping(grid, service, source, bucket, hour): which of them a row is not told by.
_PART_OF: dict[int, Part] = {
    0b11111: "all", 0b01111: "grid", 0b10111: "service", 0b11011: "source", 0b11101: "bucket", 0b11110: "hour",
}  # fmt: skip


def span_counts(connection: Connection, asked: SpanQuery) -> Counts:
    """Return what was counted of a span and of the one before."""
    found: dict[tuple[bool, Part], dict[Key, Tally]] = {}
    values = asked.values
    ends = {True: asked.until, False: asked.before_until}
    states = (values | {"instant": instant, "present": present} for present, instant in ends.items())
    for statement, bound in (
        (_RECEIVED, values),
        (_LINES, values),
        (_TOOK, values),
        *((_STATE, state) for state in states),
    ):
        _add(found, connection, statement, bound)
    every: tuple[Part, ...] = get_args(Part)
    parts = {part: found.get((True, part), {}) for part in every}
    return Counts(parts, found.get((False, "all"), {}).get(None, Tally()), found.get((False, "service"), {}))


def histories_began(connection: Connection, jurisdiction_id: int) -> datetime | None:
    """Return since when anything is known of a jurisdiction's incidents; None: nothing is."""
    began: datetime | None = connection.execute(_BEGAN, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    return began


def _add(
    found: dict[tuple[bool, Part], dict[Key, Tally]], connection: Connection, statement: TextClause,
    values: Mapping[str, Any],
) -> None:  # fmt: skip
    """Add what a statement counts to what others counted of the same parts."""
    for row in connection.execute(statement, values):
        told = dict(row._mapping)
        part = _PART_OF[told.pop("parts")]
        keys = {name: told.pop(name, None) for name in ("grid", "service", "source", "bucket")} | {
            "all": None, "hour": (told.pop("weekday", None), told.pop("hour", None))
        }  # fmt: skip
        tallies = found.setdefault((told.pop("present"), part), {})
        if "accept_s" in told:
            told["to_accept"] = _took(told.pop("accepts"), told.pop("accept_s"))
            told["to_resolve"] = _took(told.pop("resolves"), told.pop("resolve_s"))
        key = keys[part]
        tallies[key] = replace(tallies.get(key, Tally()), **told)


def _took(number: int, deciles_s: list[float | None] | None) -> Took:
    return Took(number, *(deciles_s or (None, None)))
