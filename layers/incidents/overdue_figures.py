"""For how long what is late at the end of a span has been late: since it was found late for the last time."""

from __future__ import annotations

from sqlalchemy import Connection, text

from layers.incidents.span_figures import HELD, SpanQuery

#: Where the next class begins, in days of 24 hours; before the first is a class, too.
LATE_DAYS = (1, 3, 7, 30)
_LATE = text(f"""{HELD}
    SELECT width_bucket(extract(epoch FROM :instant - coalesce(o.at, :instant)), CAST(:edges_s AS numeric[])) AS class,
           count(*) AS late
      FROM held AS h
      LEFT JOIN LATERAL (SELECT max(e.at) AS at FROM geoservice.incident_event AS e
                          WHERE e.incident_id = h.id AND e.rule = 'overdue' AND e.at < :instant) AS o ON true
     WHERE h.late
     GROUP BY 1
""")  # noqa: S608  texts of these modules


def late_counts(connection: Connection, asked: SpanQuery) -> tuple[int, ...]:
    """Return how many are late at the end of a span, by how long; together they are the `late` of its figures."""
    values = asked.values | {"instant": asked.until, "edges_s": [days * 86_400 for days in LATE_DAYS]}
    found = {row[0]: row[1] for row in connection.execute(_LATE, values)}
    return tuple(found.get(number, 0) for number in range(len(LATE_DAYS) + 1))
