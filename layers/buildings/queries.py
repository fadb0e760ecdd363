"""Reads of table building."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from layers.crs import Position

#: A place inside the footprint, and not one of several buildings.
_PLACE = text("""
    SELECT b.code, st_x(p.geom) AS lon, st_y(p.geom) AS lat
      FROM geoservice.building AS b, LATERAL (SELECT st_pointonsurface(b.geom) AS geom) AS p
     WHERE b.jurisdiction_id = :jurisdiction_id AND (b.code = :code OR b.address = :address)
     LIMIT 2
""")
#: Ways of writing buildings, each with those that it may mean.
_SPELLINGS = text("""
    SELECT s.spelling, array_agg(DISTINCT b.code ORDER BY b.code) AS codes
      FROM geoservice.building AS b, LATERAL (VALUES (b.code), (b.name), (b.address)) AS s (spelling)
     WHERE b.jurisdiction_id = :jurisdiction_id AND s.spelling IS NOT NULL
     GROUP BY s.spelling ORDER BY s.spelling
""")
_JURISDICTION_MEANT = text("""
    SELECT j.code FROM geoservice.building_meant(:code, st_setsrid(st_makepoint(:lon, :lat), 4326), NULL) AS b
      JOIN geoservice.jurisdiction AS j ON j.id = b.jurisdiction_id WHERE b.within_tolerance
""")


class Spellings(NamedTuple):
    """How the buildings of a jurisdiction are written."""

    #: Codes by code, name and address, as far as one means a single building.
    codes: Mapping[str, str]
    #: Those that mean several.
    ambiguous: tuple[str, ...]


def building_spellings(connection: Connection, jurisdiction_id: int) -> Spellings:
    """Return how the buildings of a jurisdiction are written."""
    found = connection.execute(_SPELLINGS, {"jurisdiction_id": jurisdiction_id}).all()
    return Spellings(
        {row.spelling: row.codes[0] for row in found if len(row.codes) == 1},
        tuple(row.spelling for row in found if len(row.codes) > 1),
    )


def jurisdiction_meant(connection: Connection, code: str, position: Position) -> str | None:
    """Return the jurisdiction of the building that a report of a position means by a code; None when far from it."""
    asked = {"code": code, "lon": position.lon, "lat": position.lat}
    found: str | None = connection.execute(_JURISDICTION_MEANT, asked).scalar_one_or_none()
    return found


def building_place(
    connection: Connection, *, jurisdiction_id: int, code: str | None = None, address: str | None = None
) -> tuple[str, Position] | None:
    """Return the code of the one building meant and a place inside it; None when there is none, or several."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code, "address": address}
    rows = connection.execute(_PLACE, asked).all()
    return (rows[0].code, Position(rows[0].lon, rows[0].lat)) if len(rows) == 1 else None


#: The degrees find the candidates by index: rather too far anywhere that people live (to 63 degrees of latitude).
_NEAREST = text("""
    SELECT b.code, b.name, b.address, st_distance(b.geom::geography, p.geom::geography) AS distance_m
      FROM (SELECT st_setsrid(st_makepoint(:lon, :lat), 4326) AS geom) AS p
      JOIN geoservice.building AS b ON st_dwithin(b.geom, p.geom, :degrees)
     WHERE b.jurisdiction_id = :jurisdiction_id
       AND st_distance(b.geom::geography, p.geom::geography) <= :within_m
     ORDER BY distance_m, b.code LIMIT :limit
""")


class NearBuilding(NamedTuple):
    """A building beside a place."""

    code: str
    name: str | None
    address: str | None
    #: 0: the place is inside.
    distance_m: float


def buildings_near(
    connection: Connection, place: Position, *, jurisdiction_id: int, within_m: float, limit: int
) -> tuple[NearBuilding, ...]:  # fmt: skip
    """Return the buildings of a jurisdiction within so many metres of a place, the nearest first."""
    asked = {"jurisdiction_id": jurisdiction_id, "lon": place.lon, "lat": place.lat, "within_m": within_m,
             "degrees": within_m / 50_000, "limit": limit}  # fmt: skip
    return tuple(NearBuilding(*row) for row in connection.execute(_NEAREST, asked))


_PLACES = text("""
    SELECT st_asbinary(st_pointonsurface(b.geom)) FROM geoservice.building AS b
     WHERE b.jurisdiction_id = :jurisdiction_id AND b.kind <> 'ancillary' AND b.in_use ORDER BY b.code
""")


def building_places(connection: Connection, jurisdiction_id: int) -> NDArray[Any]:
    """Return (n,) points, EPSG:4326, one in each building in use; sheds and garages are none."""
    found = connection.execute(_PLACES, {"jurisdiction_id": jurisdiction_id}).scalars()
    return shapely.from_wkb(np.array([bytes(one) for one in found], dtype=object))
