"""Reads of table basemap_feature."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

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
