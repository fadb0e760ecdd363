"""Whole editions as they are in force, for those who answer look-ups from memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy import Connection, Row, text

from layers.errors import NoRow
from layers.grids.model import Unowned


@dataclass(frozen=True)
class PublishedEdition:
    """An edition that was, is or will be in force, without its grids, and the defaults of its jurisdiction."""

    jurisdiction_id: int
    jurisdiction_code: str
    #: Metres.
    snap_tolerance_m: float
    accuracy_m: float
    edition_id: int
    valid_from: datetime
    #: None: until further notice.
    valid_to: datetime | None
    #: Nothing was in force in this jurisdiction before.
    is_first: bool
    #: Fingerprint of outline, codes and shapes: geoservice.edition_hash.
    content_hash: str
    #: Since when all this about the jurisdiction is known: its last publication.
    known_at: datetime
    #: How many grids and pieces of unowned ground it has.
    faces: int
    #: West, south, east, north of its outline, in degrees.
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True)
class Shapes:
    """The grids of one edition, column by column, in byte order of their codes, and the rest of what it says."""

    #: What they partition, together with the ground that belongs to nobody; EPSG:4326.
    outline: MultiPolygon
    #: By code.
    unowned: tuple[Unowned, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    #: (n,) MultiPolygons, EPSG:4326.
    geoms: NDArray[np.object_]
    #: Worked out from what was read, to be compared with what the database keeps.
    content_hash: str


_PUBLISHED = text("""
    SELECT j.id AS jurisdiction_id, j.code AS jurisdiction_code, j.snap_tolerance_m, j.accuracy_m, e.id AS edition_id,
           e.valid_from, e.valid_to, e.is_first, e.validated_hash AS content_hash,
           geoservice.known_since(j.id) AS known_at,
           (SELECT count(*) FROM geoservice.grid AS g WHERE g.edition_id = e.id) AS faces,
           ARRAY[st_xmin(e.outline), st_ymin(e.outline), st_xmax(e.outline), st_ymax(e.outline)] AS bounds
      FROM (
        SELECT e.*,
               row_number() OVER (PARTITION BY e.jurisdiction_id ORDER BY e.valid_from) = 1 AS is_first,
               row_number() OVER (
                   PARTITION BY e.jurisdiction_id, e.valid_to <= now() ORDER BY e.valid_from DESC) AS back
          FROM geoservice.edition AS e WHERE geoservice.was_published(e.status)
      ) AS e
      JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
     WHERE e.valid_to IS NULL OR e.valid_to > now() OR e.back <= :over
     ORDER BY j.code, e.valid_from
""")
_IN_FORCE = text("""
    SELECT j.id AS jurisdiction_id, j.code AS jurisdiction_code, j.snap_tolerance_m, j.accuracy_m, e.id AS edition_id,
           e.valid_from, e.valid_to, false AS is_first, e.validated_hash AS content_hash,
           geoservice.known_since(j.id) AS known_at,
           (SELECT count(*) FROM geoservice.grid AS g WHERE g.edition_id = e.id) AS faces,
           ARRAY[st_xmin(e.outline), st_ymin(e.outline), st_xmax(e.outline), st_ymax(e.outline)] AS bounds
      FROM geoservice.edition AS e JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
     WHERE e.jurisdiction_id = :jurisdiction_id AND geoservice.was_published(e.status)
       AND tstzrange(e.valid_from, e.valid_to) @> coalesce(:at, now())
""")
_SHAPES = text("""
    SELECT t.code, t.name, st_asbinary(t.geom) AS geom, t.unowned_reason
      FROM geoservice.grid AS t WHERE t.edition_id = :edition_id ORDER BY t.code
""")
_OUTLINE = text("SELECT st_asbinary(e.outline) FROM geoservice.edition AS e WHERE e.id = :edition_id")


def published_editions(connection: Connection, *, over: int) -> tuple[PublishedEdition, ...]:
    """Return the editions in force and to come, and of each jurisdiction the last few that are over."""
    return tuple(_published_edition(row) for row in connection.execute(_PUBLISHED, {"over": over}))


def published_edition_at(
    connection: Connection, *, jurisdiction_id: int, at: datetime | None = None
) -> PublishedEdition | None:
    """Return the edition of a jurisdiction in force at an instant (now when None), or None."""
    row = connection.execute(_IN_FORCE, {"jurisdiction_id": jurisdiction_id, "at": at}).one_or_none()
    return None if row is None else _published_edition(row)


def shapes_of(connection: Connection, edition_id: int) -> Shapes:
    """Return the grids of an edition that is or was in force; raise NoRow."""
    outline = connection.execute(_OUTLINE, {"edition_id": edition_id}).scalar_one_or_none()
    if outline is None:
        raise NoRow
    rows = connection.execute(_SHAPES, {"edition_id": edition_id}).all()
    owned = [row for row in rows if row.unowned_reason is None]
    left = [row for row in rows if row.unowned_reason is not None]
    return Shapes(
        codes=tuple(row.code for row in owned),
        names=tuple(row.name for row in owned),
        geoms=shapely.from_wkb(np.array([bytes(row.geom) for row in owned], dtype=object)),
        outline=shapely.from_wkb(bytes(outline)),
        unowned=tuple(Unowned(row.unowned_reason, shapely.from_wkb(bytes(row.geom))) for row in left),
        content_hash=_content_hash(bytes(outline), rows),
    )


def _content_hash(outline: bytes, rows: Any) -> str:
    """Return what geoservice.edition_hash makes of the same content."""
    grids = ",".join(f"{row.code}:{_md5(bytes(row.geom))}{_told(row.unowned_reason)}" for row in rows)
    return _md5((_md5(outline) + grids).encode())


def _told(unowned_reason: str | None) -> str:
    return "" if unowned_reason is None else f":{_md5(unowned_reason.encode())}"


def _md5(content: bytes) -> str:
    # To notice a mistake, not an attacker: the same function as in the database.
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _published_edition(row: Row[Any]) -> PublishedEdition:
    return PublishedEdition(**{**row._mapping, "bounds": tuple(row.bounds)})
