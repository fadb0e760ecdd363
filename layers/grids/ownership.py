"""Ask the database which grid owns a position. The rule is geoservice.owner_of in migrations/schema/ownership.sql."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, Connection, Float, Row, bindparam, text

from layers.crs import Position
from layers.grids.knowledge import wait_for_publications
from layers.grids.model import Candidate, Ownership

_OWNER = text("""
    SELECT o.* FROM geoservice.owner_of(
        st_setsrid(st_makepoint(:lon, :lat), 4326), coalesce(:at, now()), :accuracy_m, :jurisdiction_id,
        CAST(coalesce(:known_at, 'infinity') AS timestamptz)) AS o
""")

_OWNERS = text("""
    SELECT o.*
      FROM unnest(:lons, :lats) WITH ORDINALITY AS p (lon, lat, place)
     CROSS JOIN LATERAL geoservice.owner_of(
        st_setsrid(st_makepoint(p.lon, p.lat), 4326), coalesce(:at, now()), :accuracy_m, :jurisdiction_id) AS o
     ORDER BY p.place
""").bindparams(bindparam("lons", type_=ARRAY(Float(53))), bindparam("lats", type_=ARRAY(Float(53))))


def owner_of(
    connection: Connection,
    position: Position,
    *,
    at: datetime | None = None,
    accuracy_m: float | None = None,
    jurisdiction_id: int | None = None,
    known_at: datetime | None = None,
) -> Ownership:
    """Return who owns a position.

    Parameters
    ----------
    at
        The edition valid at this instant is asked; None asks the one valid now.
    accuracy_m
        The sender's error, 0 to 1000; None takes the jurisdiction's default.
    jurisdiction_id
        Ask this jurisdiction only; None asks all.
    known_at
        As it was known then, which stays what it is; None: as it is known now.

    Raises
    ------
    RefusedByDatabase
        `known_at` is an instant to come.
    """
    asked = {"lon": position.lon, "lat": position.lat, "at": at, "accuracy_m": accuracy_m,
             "jurisdiction_id": jurisdiction_id, "known_at": known_at}  # fmt: skip
    wait_for_publications(connection, known_at, jurisdiction_id)
    return _ownership(connection.execute(_OWNER, asked).one())


def owners_of(
    connection: Connection,
    positions: Sequence[Position],
    *,
    at: datetime | None = None,
    accuracy_m: float | None = None,
    jurisdiction_id: int | None = None,
) -> list[Ownership]:
    """Return who owns each of many positions, in their order; parameters as for `owner_of`."""
    asked = {"lons": [p.lon for p in positions], "lats": [p.lat for p in positions], "at": at,
             "accuracy_m": accuracy_m, "jurisdiction_id": jurisdiction_id}  # fmt: skip
    return [_ownership(row) for row in connection.execute(_OWNERS, asked)]


def _ownership(row: Row[tuple[object, ...]]) -> Ownership:
    return Ownership(
        jurisdiction_id=row.jurisdiction_id,
        edition_id=row.edition_id,
        grid_code=row.grid_code,
        grid_name=row.grid_name,
        method=row.method,
        distance_to_border_m=row.distance_to_border_m,
        near_border=row.near_border,
        candidates=tuple(Candidate(c["grid_code"], c["distance_m"]) for c in row.candidates or ()),
        unowned_reason=row.unowned_reason,
    )
