"""Reads of table household: counts at places, nothing of who lives there."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

#: A household lives where its building is.
_COUNTS = text("""
    SELECT st_x(place) AS lon, st_y(place) AS lat, count(*) AS households
      FROM (SELECT coalesce(st_pointonsurface(b.geom), h.geom) AS place
              FROM geoservice.household AS h
              LEFT JOIN geoservice.building AS b ON b.jurisdiction_id = h.jurisdiction_id AND b.code = h.building_code
             WHERE h.jurisdiction_id = :jurisdiction_id) AS h
     GROUP BY place
     ORDER BY lon, lat
""")


def household_counts(connection: Connection, jurisdiction_id: int) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return (n,) points, EPSG:4326, and (n,) how many households live at each."""
    rows = connection.execute(_COUNTS, {"jurisdiction_id": jurisdiction_id}).all()
    places = np.array([(row.lon, row.lat) for row in rows], dtype=float).reshape(-1, 2)
    return shapely.points(places), np.array([row.households for row in rows], dtype=np.int64)
