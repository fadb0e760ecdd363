"""Reads of table household: counts at places, nothing of who lives there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from layers.households.model import HouseholdPlace

#: A household lives where its building is. All as one value: 200,000 rows cost the driver more than all that is done
#: with them.
_COUNTS = text("""
    SELECT string_agg(float8send(st_x(h.place)) || float8send(st_y(h.place)) || int8send(h.households), '')
      FROM (SELECT st_pointonsurface(b.geom) AS place, housed.households
              FROM (SELECT building_code, sum(households) AS households
                      FROM geoservice.household
                     WHERE jurisdiction_id = :jurisdiction_id AND building_code IS NOT NULL
                     GROUP BY building_code) AS housed
              JOIN geoservice.building AS b
                ON b.jurisdiction_id = :jurisdiction_id AND b.code = housed.building_code
            UNION ALL
            SELECT geom, households FROM geoservice.household
             WHERE jurisdiction_id = :jurisdiction_id AND building_code IS NULL) AS h
""")
#: As PostgreSQL sends numbers: the highest byte first.
_PLACE = np.dtype([("lon", ">f8"), ("lat", ">f8"), ("households", ">i8")])


def household_counts(connection: Connection, jurisdiction_id: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return (n,) points, EPSG:4326, in any order, and (n,) how many households live at each."""
    stored = connection.execute(_COUNTS, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    places = np.frombuffer(b"" if stored is None else stored, dtype=_PLACE)
    lonlats = np.column_stack([places["lon"], places["lat"]]).astype(float)
    return shapely.points(lonlats), places["households"].astype(np.int64)


#: Of buildings as of those that are in none: what is told of each by itself is said by the database alone.
_HOUSED = text("""
    SELECT n.building_code AS key, n.grid_code, st_x(p.place) AS lon, st_y(p.place) AS lat, n.households, n.residents,
           n.told
      FROM geoservice.housed_building AS n
      JOIN geoservice.building AS b ON b.jurisdiction_id = n.jurisdiction_id AND b.code = n.building_code,
           LATERAL (SELECT st_pointonsurface(b.geom)) AS p (place)
     WHERE n.jurisdiction_id = :jurisdiction_id
    UNION ALL
    SELECT h.id::text, h.grid_code, st_x(h.geom), st_y(h.geom), h.households, h.residents, false
      FROM geoservice.household AS h WHERE h.jurisdiction_id = :jurisdiction_id AND h.building_code IS NULL
""")


def housed_places(connection: Connection, jurisdiction_id: int) -> tuple[HouseholdPlace, ...]:
    """Return where households live, in any order."""
    rows = connection.execute(_HOUSED, {"jurisdiction_id": jurisdiction_id})
    return tuple(
        HouseholdPlace(key, grid, lon, lat, int(households), int(residents), told)
        for key, grid, lon, lat, households, residents, told in rows
    )


_BESIDE = text("""
    SELECT coalesce(sum(h.households), 0) FROM geoservice.household AS h
     WHERE h.jurisdiction_id = :jurisdiction_id AND h.building_code = ANY(:buildings) AND NOT h.code = ANY(:keys)
""")


def households_beside(
    connection: Connection, jurisdiction_id: int, buildings: Collection[str | None], keys: Collection[str]
) -> int:
    """Return how many households are stored of some buildings under other keys than these."""
    asked = {"jurisdiction_id": jurisdiction_id, "buildings": [one for one in buildings if one], "keys": list(keys)}
    found: int = connection.execute(_BESIDE, asked).scalar_one()
    return found
