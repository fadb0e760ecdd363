"""Reads of table building."""

from __future__ import annotations

from sqlalchemy import Connection, text

from layers.crs import Position

#: A place inside the footprint, and not one of several buildings.
_PLACE = text("""
    SELECT b.code, st_x(p.geom) AS lon, st_y(p.geom) AS lat
      FROM geoservice.building AS b, LATERAL (SELECT st_pointonsurface(b.geom) AS geom) AS p
     WHERE b.jurisdiction_id = :jurisdiction_id AND (b.code = :code OR b.address = :address)
     LIMIT 2
""")


def building_place(
    connection: Connection, *, jurisdiction_id: int, code: str | None = None, address: str | None = None
) -> tuple[str, Position] | None:
    """Return the code of the one building meant and a place inside it; None when there is none, or several."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code, "address": address}
    rows = connection.execute(_PLACE, asked).all()
    return (rows[0].code, Position(rows[0].lon, rows[0].lat)) if len(rows) == 1 else None
