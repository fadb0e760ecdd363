"""Reads of table territory: which grids are or were in force, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

from layers.features import periods, records
from layers.grids.knowledge import wait_for_publications
from layers.grids.layer import GRIDS

Kin = Literal["split", "merge", "redraw", "recode"]


#: As it was known at an instant; without one, as we know it now.
_KNOWN = "t.known @> CAST(coalesce(:known_at, 'infinity') AS timestamptz)"
_LINEAGE = text("""
    SELECT l.edition_id, p.valid_from, l.predecessor_code, l.successor_code, l.kind
      FROM geoservice.grid_lineage AS l
      JOIN (SELECT e.id, e.valid_from FROM geoservice.edition AS e
             WHERE e.jurisdiction_id = :jurisdiction_id AND geoservice.was_published(e.status)) AS p
        ON p.id = l.edition_id
     WHERE :code IN (l.predecessor_code, l.successor_code) AND l.predecessor_code <> l.successor_code
     ORDER BY p.valid_from, l.predecessor_code, l.successor_code
""")
_BETWEEN = text("""
    SELECT l.predecessor_code, l.successor_code, l.kind FROM geoservice.lineage_between(:then, :now) AS l
     ORDER BY l.predecessor_code, l.successor_code
""")
#: Of what differs between two editions, what has nothing of the other: ground that fell in or out.
_WITHOUT_KIN = text("""
    SELECT CASE WHEN c.old_geom IS NOT NULL THEN c.code END AS predecessor_code,
           CASE WHEN c.new_geom IS NOT NULL THEN c.code END AS successor_code
      FROM geoservice.changed_grids(:then, :now) AS c
     WHERE (c.old_geom IS NULL OR c.new_geom IS NULL)
       AND c.code <> ALL (CAST(:told AS text[])) ORDER BY c.code
""")
_SHAPE = text(
    f"""
    SELECT st_asgeojson(t.geom, 7) FROM geoservice.territory AS t
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.code = :code AND t.valid @> coalesce(:at, now()) AND {_KNOWN}
"""  # noqa: S608 - texts of this module only
)
_SHAPES = text("""
    SELECT t.code, st_asbinary(t.geom) FROM geoservice.territory AS t
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.valid @> CAST(:at AS timestamptz) AND upper_inf(t.known)
     ORDER BY t.code
""")
_NEIGHBOURS = text(
    f"""
    SELECT n.code, st_length(st_intersection(n.border, t.border)::geography) AS shared_m
      FROM geoservice.territory AS t
      JOIN geoservice.territory AS n
        ON n.jurisdiction_id = t.jurisdiction_id AND n.code <> t.code AND st_intersects(n.geom, t.geom)
       AND n.valid @> coalesce(:at, now()) AND upper_inf(n.known)
     WHERE t.jurisdiction_id = :jurisdiction_id AND t.code = :code AND t.valid @> coalesce(:at, now()) AND {_KNOWN}
     ORDER BY n.code
"""  # noqa: S608 - texts of this module only
)


@dataclass(frozen=True)
class Lineage:
    """That one grid came from another."""

    edition_id: int
    valid_from: datetime
    predecessor_code: str
    successor_code: str
    kind: Kin


@dataclass(frozen=True)
class Became:
    """What became of a grid between two editions."""

    #: None: the ground was nobody's; so with the next.
    predecessor_code: str | None
    successor_code: str | None
    #: None: it has no kin.
    kind: Kin | None


def lineage_between(connection: Connection, then: int, now: int) -> tuple[Became, ...]:
    """Return what became of the grids that differ between two editions, by code; those alike are left out."""
    kin = tuple(Became(**row._mapping) for row in connection.execute(_BETWEEN, {"then": then, "now": now}))
    told = {code for one in kin for code in (one.predecessor_code, one.successor_code) if code}
    rows = connection.execute(_WITHOUT_KIN, {"then": then, "now": now, "told": sorted(told)})
    return kin + tuple(Became(row.predecessor_code, row.successor_code, None) for row in rows)


def grids_in_force(
    connection: Connection,
    *,
    jurisdiction_id: int,
    at: datetime | None = None,
    known_at: datetime | None = None,
    code: str | None = None,
) -> tuple[Mapping[str, Any], ...]:
    """Return the grids in force at an instant (now when None), by code, as records of the layer GRIDS.

    code: only this one. known_at: as it was known then, which stays what it is; None: as we know it now. An instant to
    come raises RefusedByDatabase.
    """
    wait_for_publications(connection, known_at, jurisdiction_id)
    return records(connection, GRIDS, jurisdiction_id=jurisdiction_id, at=at, known_at=known_at, key=code)


def grid_history(connection: Connection, *, jurisdiction_id: int, code: str) -> tuple[Mapping[str, Any], ...]:
    """Return every period in which a code was in force with one shape and name, the oldest first, as records."""
    return periods(connection, GRIDS, jurisdiction_id=jurisdiction_id, key=code)


def grid_lineage(connection: Connection, *, jurisdiction_id: int, code: str) -> tuple[Lineage, ...]:
    """Return what a grid came from and what became of it, the oldest first."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code}
    return tuple(Lineage(**row._mapping) for row in connection.execute(_LINEAGE, asked))


def grid_shape(
    connection: Connection,
    *,
    jurisdiction_id: int,
    code: str,
    at: datetime | None = None,
    known_at: datetime | None = None,
) -> str:
    """Return the GeoJSON geometry of a grid in force; parameters as for `grids_in_force`."""
    wait_for_publications(connection, known_at, jurisdiction_id)
    asked = {"jurisdiction_id": jurisdiction_id, "code": code, "at": at, "known_at": known_at}
    return str(connection.execute(_SHAPE, asked).scalar_one())


def grid_shapes(connection: Connection, *, jurisdiction_id: int, at: datetime) -> dict[str, BaseGeometry]:
    """Return the shapes of the grids that were in force at an instant, as we know it now; by code, EPSG:4326."""
    rows = connection.execute(_SHAPES, {"jurisdiction_id": jurisdiction_id, "at": at})
    return {code: shapely.from_wkb(bytes(geom)) for code, geom in rows}


def neighbours(
    connection: Connection, *, jurisdiction_id: int, code: str, at: datetime | None = None
) -> tuple[tuple[str, float], ...]:
    """Return the codes of the grids that touch a grid, each with the metres of border they share (0 at a corner)."""
    asked = {"jurisdiction_id": jurisdiction_id, "code": code, "at": at, "known_at": None}
    return tuple((row.code, row.shared_m) for row in connection.execute(_NEIGHBOURS, asked))
