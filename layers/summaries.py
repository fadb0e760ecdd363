"""Queries that join layers: figures per grid, households per building, what the map shows of both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from layers.db.features import feature_collection


@dataclass(frozen=True)
class GridFigures:
    """The figures of one grid, now."""

    code: str
    name: str
    name_en: str | None
    households: int
    residents: int
    #: Of the residents, those registered elsewhere.
    floating: int
    received: int
    closed: int
    in_hand: int


@dataclass(frozen=True)
class Figures:
    """The figures of a jurisdiction, now. Incidents without a grid wait in the triage queue."""

    grids: int
    households: int
    residents: int
    floating: int
    received: int
    closed: int
    in_hand: int
    triage: int
    per_grid: tuple[GridFigures, ...]


#: In hand: neither closed nor ended otherwise.
_PER_GRID = text("""
    SELECT t.code, t.name, t.name_en,
           coalesce(h.households, 0) AS households, coalesce(h.residents, 0) AS residents,
           coalesce(h.floating, 0) AS floating,
           coalesce(i.received, 0) AS received, coalesce(i.closed, 0) AS closed, coalesce(i.in_hand, 0) AS in_hand
      FROM geoservice.territory AS t
      LEFT JOIN (SELECT grid_code, count(*) AS households, sum(residents) AS residents, sum(floating) AS floating
                   FROM geoservice.household WHERE jurisdiction_id = :jurisdiction_id GROUP BY grid_code) AS h
             ON h.grid_code = t.code
      LEFT JOIN (SELECT grid_code, count(*) AS received, count(*) FILTER (WHERE status = 'closed') AS closed,
                        count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand
                   FROM geoservice.incident WHERE jurisdiction_id = :jurisdiction_id GROUP BY grid_code) AS i
             ON i.grid_code = t.code
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.valid @> now() AND upper_inf(t.known)
     ORDER BY t.code
""")
_TOTALS = text("""
    SELECT (SELECT count(*) FROM geoservice.territory AS t
             WHERE t.jurisdiction_id = :jurisdiction_id AND t.valid @> now() AND upper_inf(t.known)) AS grids,
           h.households, h.residents, h.floating, i.received, i.closed, i.in_hand, i.triage
      FROM (SELECT count(*) AS households, coalesce(sum(residents), 0) AS residents,
                   coalesce(sum(floating), 0) AS floating
              FROM geoservice.household WHERE jurisdiction_id = :jurisdiction_id) AS h,
           (SELECT count(*) AS received, count(*) FILTER (WHERE status = 'closed') AS closed,
                   count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand,
                   count(*) FILTER (WHERE grid_code IS NULL
                                      AND geoservice.is_open(status)) AS triage
              FROM geoservice.incident WHERE jurisdiction_id = :jurisdiction_id) AS i
""")
_GRIDS = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT t.code, t.name, t.name_en,
                   coalesce(h.households, 0) AS households, coalesce(h.residents, 0) AS residents,
                   coalesce(h.floating, 0) AS floating, o.officer, coalesce(o.police_officers, 0) AS police_officers,
                   coalesce(i.in_hand, 0) AS in_hand, coalesce(i.closed, 0) AS closed, t.geom
              FROM geoservice.territory AS t
                      LEFT JOIN (SELECT grid_code, count(*) AS households, sum(residents) AS residents,
                                sum(floating) AS floating
                           FROM geoservice.household WHERE jurisdiction_id = :jurisdiction_id GROUP BY grid_code) AS h
                     ON h.grid_code = t.code
              LEFT JOIN (SELECT grid_code, count(*) FILTER (WHERE status = 'closed') AS closed,
                                count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand
                           FROM geoservice.incident WHERE jurisdiction_id = :jurisdiction_id GROUP BY grid_code) AS i
                     ON i.grid_code = t.code
              LEFT JOIN (SELECT p.grid_code, min(s.call_sign) FILTER (WHERE p.role = 'grid_officer') AS officer,
                                count(*) FILTER (WHERE p.role = 'police_officer') AS police_officers
                           FROM geoservice.posting AS p
                           JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
                           JOIN geoservice.staff AS s
                             ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
                          WHERE p.jurisdiction_id = :jurisdiction_id
                            AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
                          GROUP BY p.grid_code) AS o
                     ON o.grid_code = t.code
             WHERE t.jurisdiction_id = :jurisdiction_id AND t.valid @> now() AND upper_inf(t.known)
             ORDER BY t.code) AS r
""")
_BUILDINGS = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT b.code, b.name, b.kind, b.floors, b.address, b.grid_code, count(h.id) AS households, b.geom
              FROM geoservice.building AS b
              LEFT JOIN geoservice.household AS h
                     ON h.jurisdiction_id = b.jurisdiction_id AND h.building_code = b.code
             WHERE b.jurisdiction_id = :jurisdiction_id
             GROUP BY b.id ORDER BY b.code) AS r
""")
#: One point a building: how many households, nothing of who lives in them.
_HOUSEHOLDS = text("""
    SELECT st_asgeojson(r, 'geom', 7)
      FROM (SELECT b.code AS building_code, b.grid_code, count(*) AS households, st_pointonsurface(b.geom) AS geom
              FROM geoservice.household AS h
              JOIN geoservice.building AS b ON b.jurisdiction_id = h.jurisdiction_id AND b.code = h.building_code
             WHERE h.jurisdiction_id = :jurisdiction_id
             GROUP BY b.id ORDER BY b.code) AS r
""")


def figures(connection: Connection, *, jurisdiction_id: int) -> Figures:
    """Return the figures of a jurisdiction and of each of its grids."""
    asked = {"jurisdiction_id": jurisdiction_id}
    per_grid = tuple(GridFigures(**row._mapping) for row in connection.execute(_PER_GRID, asked))
    return Figures(per_grid=per_grid, **connection.execute(_TOTALS, asked).one()._mapping)


def grid_features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return the grids in force with their figures and officers, as GeoJSON."""
    return feature_collection(connection, _GRIDS, {"jurisdiction_id": jurisdiction_id})


def building_features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return buildings with their number of households, as GeoJSON."""
    return feature_collection(connection, _BUILDINGS, {"jurisdiction_id": jurisdiction_id})


def household_features(connection: Connection, *, jurisdiction_id: int) -> bytes:
    """Return one point a building with its number of households, as GeoJSON."""
    return feature_collection(connection, _HOUSEHOLDS, {"jurisdiction_id": jurisdiction_id})
