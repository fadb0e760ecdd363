"""What a jurisdiction still lacks so that every report finds somebody, and every figure is whole."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.catalogue import owned
from layers.db.periods import held_now

#: Of each kind so many are named.
NAMED = 10
#: Kinds of features that no grid owns begin so; the layer's id follows.
OF_NO_GRID = "of-no-grid:"
_quote = postgresql.dialect().identifier_preparer.quote_identifier


@dataclass(frozen=True)
class Lack:
    """Something that is missing, of how many, and where."""

    #: A code, for those who write it in words.
    kind: str
    count: int
    #: Codes of the first, in order.
    codes: tuple[str, ...]
    #: Of all: GeoJSON of a place each, where they have one.
    places: tuple[tuple[str, str], ...]


#: Of territory, called t.
_HELD = held_now("t")
_PER_KIND = {
    "nothing-in-force": f"""
        SELECT j.code, NULL::geometry FROM geoservice.jurisdiction AS j WHERE j.id = :j
           AND NOT EXISTS (SELECT FROM geoservice.territory AS t
                            WHERE t.jurisdiction_id = :j AND {_HELD})
    """,  # noqa: S608  texts of ours
    "outline-overlaps": """
        SELECT o.code, st_pointonsurface(st_intersection(own.outline, other.outline))
          FROM (SELECT geoservice.outline_at(:j, now()) AS outline) AS own
         CROSS JOIN geoservice.jurisdiction AS o
         CROSS JOIN LATERAL (SELECT geoservice.outline_at(o.id, now()) AS outline) AS other
         WHERE o.id <> :j AND st_intersects(own.outline, other.outline)
           AND st_relate(own.outline, other.outline, '2********')
    """,
    "grid-without-officer": f"""
        SELECT t.code, st_pointonsurface(t.geom) FROM geoservice.territory AS t
         WHERE t.jurisdiction_id = :j AND {_HELD}
           AND geoservice.officer_posted(:j, t.code, now()) IS NULL
    """,  # noqa: S608  texts of ours
    "grid-without-police": f"""
        SELECT t.code, st_pointonsurface(t.geom) FROM geoservice.territory AS t
         WHERE t.jurisdiction_id = :j AND {_HELD}
           AND NOT EXISTS (SELECT FROM geoservice.posting AS p
                             JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
                            WHERE p.jurisdiction_id = :j AND p.grid_code = t.code AND p.role = 'police_officer'
                              AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date)
    """,  # noqa: S608  texts of ours
    "posting-to-no-grid": f"""
        SELECT DISTINCT p.grid_code, NULL::geometry FROM geoservice.posting AS p
          JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
         WHERE p.jurisdiction_id = :j AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
           AND NOT EXISTS (SELECT FROM geoservice.territory AS t WHERE t.jurisdiction_id = :j AND {_HELD}
                              AND t.code = p.grid_code)
    """,  # noqa: S608  texts of ours
    "staff-without-posting": """
        SELECT s.code, NULL::geometry FROM geoservice.staff AS s
          JOIN geoservice.jurisdiction AS j ON j.id = s.jurisdiction_id
         WHERE s.jurisdiction_id = :j AND s.role <> 'dispatcher'
           AND NOT EXISTS (SELECT FROM geoservice.posting AS p WHERE p.jurisdiction_id = :j AND p.staff_code = s.code
                              AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date)
    """,
    "building-without-households": """
        SELECT b.code, st_pointonsurface(b.geom) FROM geoservice.building AS b
         WHERE b.jurisdiction_id = :j AND b.kind = 'residential' AND b.in_use
           AND NOT EXISTS (SELECT FROM geoservice.household AS h
                            WHERE h.jurisdiction_id = :j AND h.building_code = b.code)
    """,
    "camera-without-bearing": """
        SELECT c.code, c.geom FROM geoservice.camera AS c WHERE c.jurisdiction_id = :j AND c.sector IS NULL
    """,
    "no-service": """
        SELECT j.code, NULL::geometry FROM geoservice.jurisdiction AS j WHERE j.id = :j
           AND NOT EXISTS (SELECT FROM geoservice.service AS s WHERE s.jurisdiction_id = :j AND NOT s.retired)
    """,
    "service-without-limit": """
        SELECT s.code, NULL::geometry FROM geoservice.service AS s
         WHERE s.jurisdiction_id = :j AND s.limit_working_hours IS NULL AND NOT s.retired
    """,
}  # fmt: skip


def lacks_of(connection: Connection, jurisdiction_id: int) -> tuple[Lack, ...]:
    """Return what a jurisdiction lacks now, in the order in which it is best mended."""
    outside = {
        f"{OF_NO_GRID}{layer.id}": f"""
            SELECT f.code, st_pointonsurface(f.geom) FROM geoservice.{_quote(layer.table)} AS f
             WHERE f.jurisdiction_id = :j AND f.grid_code IS NULL
        """  # noqa: S608  quoted
        for layer in owned()
        if layer.is_written
    }
    found = []
    for kind, query in (_PER_KIND | outside).items():
        rows = connection.execute(
            text(f"SELECT l.code, st_asgeojson(l.place, 7) FROM ({query}) AS l (code, place) ORDER BY l.code"),  # noqa: S608
            {"j": jurisdiction_id},
        ).all()
        if rows:
            codes = tuple(row[0] for row in rows[:NAMED])
            found.append(Lack(kind, len(rows), codes, tuple((row[0], row[1]) for row in rows if row[1] is not None)))
    return tuple(found)
