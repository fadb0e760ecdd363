"""How many live in each grid at an instant, and how many came and went between two: of what was known then.

Of households there are counts alone, so that who comes and who goes is told by count: of each row what it grew by, or
shrank by, when it was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from layers.changes.queries import building_then, versions_at
from layers.households.layer import BANDS, HOUSEHOLDS


@dataclass(frozen=True)
class Population:
    """Who lives in a grid."""

    #: None: no grid owned the place.
    grid_code: str | None
    households: int
    residents: int
    #: Of the residents, those registered elsewhere.
    floating: int


@dataclass(frozen=True)
class Flow:
    """How many came into a grid and left it."""

    grid_code: str | None
    arrivals: int
    departures: int


def _residents(of: str) -> str:
    return " + ".join(f"{of}.{band}" for band in BANDS)


#: What stands in one building is owned together: each is asked for once.
_POPULATION = text(f"""
    SELECT o.grid_code, sum(v.households)::bigint AS households, sum(v.residents)::bigint AS residents,
           sum(v.floating)::bigint AS floating
      FROM (SELECT h.jurisdiction_id, h.building_code, (array_agg(h.geom))[1] AS geom, sum(h.households) AS households,
                   sum({_residents("h")}) AS residents, sum(h.floating) AS floating
              FROM ({versions_at(HOUSEHOLDS, keyed=False)}) AS h
             GROUP BY h.jurisdiction_id, h.building_code, CASE WHEN h.building_code IS NULL THEN h.code END) AS v
      LEFT JOIN LATERAL geoservice.owner_of(geoservice.place_of({building_then(":at")}), :at, 0, :jurisdiction_id) AS o
             ON true
     GROUP BY o.grid_code ORDER BY o.grid_code
""")  # noqa: S608  columns and instants of ours
#: A version that takes over from another at the same place tells what it has more or less than that; one that does not
#: tells all that it has; one that nothing takes over from tells that it is gone.
_FLOWS = text(f"""
    WITH version AS (
        SELECT h.id, h.seq, h.since, h.until, h.jurisdiction_id, h.building_code, h.geom, {_residents("h")} AS residents
          FROM geoservice.household_history AS h WHERE h.jurisdiction_id = :jurisdiction_id AND h.since < h.until
        UNION ALL
        SELECT h.id, NULL, coalesce(c.at, h.recorded_at), 'infinity', h.jurisdiction_id, h.building_code, h.geom,
               {_residents("h")}
          FROM geoservice.household AS h LEFT JOIN geoservice.change AS c ON c.id = h.change_id
         WHERE h.jurisdiction_id = :jurisdiction_id
    ), beside AS (
        SELECT version.*, lag(residents) OVER was AS residents_before,
               coalesce(lag(until) OVER was = since AND lag(place) OVER was = place, false) AS takes_over,
               coalesce(lead(since) OVER was = until AND lead(place) OVER was = place, false) AS is_taken_over
          FROM (SELECT version.*, coalesce(building_code, st_asewkt(geom)) AS place FROM version) AS version
        WINDOW was AS (PARTITION BY id ORDER BY seq NULLS LAST)
    ), event AS (
        SELECT since AS at, jurisdiction_id, building_code, geom,
               residents - CASE WHEN takes_over THEN residents_before ELSE 0 END AS came
          FROM beside
        UNION ALL
        SELECT until, jurisdiction_id, building_code, geom, -residents FROM beside WHERE NOT is_taken_over
    ), v AS (
        SELECT at, jurisdiction_id, building_code, (array_agg(geom))[1] AS geom,
               sum(greatest(came, 0)) AS arrivals, sum(greatest(-came, 0)) AS departures
          FROM event WHERE at > :since AND at <= :until AND came <> 0
         GROUP BY at, jurisdiction_id, building_code, CASE WHEN building_code IS NULL THEN st_asewkt(geom) END
    )
    SELECT o.grid_code, sum(v.arrivals)::bigint AS arrivals, sum(v.departures)::bigint AS departures
      FROM v
      LEFT JOIN LATERAL
           geoservice.owner_of(geoservice.place_of({building_then("v.at")}), v.at, 0, :jurisdiction_id) AS o ON true
     GROUP BY o.grid_code ORDER BY o.grid_code
""")  # noqa: S608  columns and instants of ours


def population_at(connection: Connection, at: datetime, *, jurisdiction_id: int) -> tuple[Population, ...]:
    """Return who lived in each grid at an instant, by grid; grids without anybody are not there."""
    asked = {"jurisdiction_id": jurisdiction_id, "at": at, "after": None}
    return tuple(Population(**row._mapping) for row in connection.execute(_POPULATION, asked))


def flows_between(
    connection: Connection, since: datetime, until: datetime, *, jurisdiction_id: int
) -> tuple[Flow, ...]:  # fmt: skip
    """Return how many came and went after an instant and up to another, by grid."""
    asked = {"jurisdiction_id": jurisdiction_id, "since": since, "until": until}
    return tuple(Flow(**row._mapping) for row in connection.execute(_FLOWS, asked))
