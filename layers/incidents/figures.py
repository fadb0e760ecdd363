"""How incidents were handled in a period, counted from their histories alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

By = Literal["grid", "officer", "service"]


@dataclass(frozen=True)
class HandlingFigures:
    """What was handled in a period by one grid, officer or service; of whoever had it when it happened."""

    #: A code; None: no grid, or nobody.
    key: str | None
    received: int
    closed: int
    #: At the end of the period: neither closed, nor merged, nor cancelled.
    in_hand: int
    #: Found late in the period.
    overdue: int
    #: From the report to the first time somebody accepted, or resolved, seconds; None without any.
    median_to_accept_s: float | None
    median_to_resolve_s: float | None
    #: Mean of 1 to 5, and how many; None without any.
    rating: float | None
    ratings: int


_KEYS: dict[By, str] = {"grid": "to_grid_code", "officer": "officer_code", "service": "service_code"}
#: The period is looked for by index; what is in hand at its end depends on everything before.
_FIGURES = """
    WITH first AS MATERIALIZED (  -- one pass, also while the planner knows nothing of the table
        SELECT e.id FROM geoservice.incident_event AS e
         WHERE e.jurisdiction_id = :jurisdiction_id AND e.at >= :since AND e.at < :until
           AND e.rule IN ('accepted', 'resolved')
           AND NOT EXISTS (SELECT FROM geoservice.incident_event AS b
                            WHERE b.incident_id = e.incident_id AND b.rule = e.rule AND b.id < e.id)
    ), happened AS (
        SELECT e.{key} AS key, e.rule, e.from_status, e.to_status, e.rating,
               extract(epoch FROM e.at - i.reported_at) AS after_s,
               f.id IS NOT NULL AS first_time
          FROM geoservice.incident_event AS e
          JOIN geoservice.incident AS i ON i.id = e.incident_id
          LEFT JOIN first AS f ON f.id = e.id
         WHERE e.jurisdiction_id = :jurisdiction_id AND e.at >= :since AND e.at < :until
    ), counted AS (
        SELECT h.key, count(*) FILTER (WHERE h.rule = 'reported') AS received,
               count(*) FILTER (WHERE h.to_status = 'closed' AND h.from_status IS DISTINCT FROM 'closed') AS closed,
               count(*) FILTER (WHERE h.rule = 'overdue') AS overdue,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY h.after_s)
                   FILTER (WHERE h.rule = 'accepted' AND h.first_time) AS median_to_accept_s,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY h.after_s)
                   FILTER (WHERE h.rule = 'resolved' AND h.first_time) AS median_to_resolve_s,
               CAST(avg(h.rating) FILTER (WHERE h.rule = 'rated') AS double precision) AS rating,
               count(h.rating) FILTER (WHERE h.rule = 'rated') AS ratings
          FROM happened AS h GROUP BY h.key
    ), held AS (
        SELECT l.key, count(*) AS in_hand
          FROM (SELECT DISTINCT ON (e.incident_id) e.{key} AS key, e.to_status
                  FROM geoservice.incident_event AS e
                 WHERE e.jurisdiction_id = :jurisdiction_id AND e.at < :until
                 ORDER BY e.incident_id, e.id DESC) AS l
         WHERE geoservice.is_open(l.to_status) GROUP BY l.key
    )
    SELECT coalesce(c.key, h.key) AS key, coalesce(c.received, 0), coalesce(c.closed, 0), coalesce(h.in_hand, 0),
           coalesce(c.overdue, 0), c.median_to_accept_s, c.median_to_resolve_s, c.rating, coalesce(c.ratings, 0)
      FROM counted AS c FULL JOIN held AS h ON coalesce(h.key, '') = coalesce(c.key, '')  -- no code is empty
     ORDER BY 1 NULLS LAST
"""
_ASKED = {by: text(_FIGURES.format(key=key)) for by, key in _KEYS.items()}


def handling_figures(
    connection: Connection, *, jurisdiction_id: int, by: By, since: datetime, until: datetime
) -> tuple[HandlingFigures, ...]:
    """Return what was handled from an instant to another, by code; what was nobody's comes last."""
    asked = {"jurisdiction_id": jurisdiction_id, "since": since, "until": until}
    return tuple(HandlingFigures(*row) for row in connection.execute(_ASKED[by], asked))
