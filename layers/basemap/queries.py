"""Reads of table basemap_feature."""

from __future__ import annotations

from typing import NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

from layers.crs import Bbox

_STREETS = text("""
    SELECT st_asbinary(f.geom) FROM geoservice.basemap_feature AS f
     WHERE f.jurisdiction_id = :jurisdiction_id AND f.kind = 'street'
       AND geometrytype(f.geom) IN ('LINESTRING', 'MULTILINESTRING')
     ORDER BY f.id
""")


def streets_of(connection: Connection, jurisdiction_id: int) -> list[BaseGeometry]:
    """Return the centre lines of the streets of a jurisdiction, EPSG:4326."""
    stored = connection.execute(_STREETS, {"jurisdiction_id": jurisdiction_id}).scalars()
    return [shapely.from_wkb(bytes(line)) for line in stored]


#: Pieces of one name are one street; a name's place in the list is that of the language that fits better.
_NAMED = text("""
    SELECT n.*, count(*) OVER () AS matched
      FROM (SELECT f.name, min(f.name_en) AS name_en,
                   min(CASE WHEN s.spelling = :words THEN 0
                            WHEN strpos(s.spelling, :words) = 1 THEN 1 ELSE 2 END) AS rank,
                   st_xmin(st_extent(f.geom)) AS west, st_ymin(st_extent(f.geom)) AS south,
                   st_xmax(st_extent(f.geom)) AS east, st_ymax(st_extent(f.geom)) AS north
              FROM geoservice.basemap_feature AS f, LATERAL (VALUES (f.name), (f.name_en)) AS n (name),
                   LATERAL (SELECT replace(lower(n.name), ' ', '')) AS s (spelling)
             WHERE f.jurisdiction_id = :jurisdiction_id AND f.kind = 'street' AND f.name IS NOT NULL
               AND strpos(s.spelling, :words) > 0
             GROUP BY f.name) AS n
     ORDER BY n.rank, char_length(n.name), n.name LIMIT :limit
""")


class NamedStreet(NamedTuple):
    """A street by its name, all of its pieces."""

    name: str
    name_en: str | None
    bbox: Bbox


def streets_named(
    connection: Connection, words: str, *, jurisdiction_id: int, limit: int
) -> tuple[tuple[NamedStreet, ...], int]:  # fmt: skip
    """Return the streets of a jurisdiction whose name holds words in small letters without blanks, and how many."""
    asked = {"words": words, "jurisdiction_id": jurisdiction_id, "limit": limit}
    rows = connection.execute(_NAMED, asked).all()
    found = tuple(NamedStreet(row.name, row.name_en, Bbox(row.west, row.south, row.east, row.north)) for row in rows)
    return found, rows[0].matched if rows else 0
