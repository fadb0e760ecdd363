"""Reads of tables edition, grid and finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import shapely
from sqlalchemy import Connection, Row, text

from layers.antimeridian import lies_across, whole
from layers.crs import Bbox
from layers.errors import NoRow
from layers.grids.model import Edition, EditionOutline, Finding, GridShape, ReassignedCode

_EDITIONS = text("""
    SELECT e.id, j.code AS jurisdiction_code, e.title, e.status, e.valid_from, e.valid_to, e.source, e.recorded_at,
           e.published_at, e.published_by, e.base_id, e.revision, e.note,
           CASE WHEN e.status = 'draft' AND e.asked_revision = e.revision THEN e.asked_by END AS asked_by,
           coalesce(f.errors, 0) AS errors, coalesce(f.warnings, 0) AS warnings,
           (SELECT count(*) FROM geoservice.grid AS g WHERE g.edition_id = e.id AND g.unowned_reason IS NULL) AS grids,
           CASE WHEN e.status = 'draft' THEN e.validated_hash IS NOT DISTINCT FROM geoservice.edition_hash(e.id)
                ELSE e.validated_hash IS NOT NULL END AS validated
      FROM geoservice.edition AS e
      JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
      LEFT JOIN (
        SELECT edition_id, count(*) FILTER (WHERE severity = 'error') AS errors,
               count(*) FILTER (WHERE severity = 'warning') AS warnings
          FROM geoservice.finding GROUP BY edition_id
      ) AS f ON f.edition_id = e.id
     WHERE (CAST(:edition_id AS bigint) IS NULL OR e.id = :edition_id)
       AND (CAST(:jurisdiction_id AS integer) IS NULL OR e.jurisdiction_id = :jurisdiction_id)
     ORDER BY j.code, coalesce(e.valid_from, e.recorded_at), e.id
""")
_LOCK = text("SELECT e.id FROM geoservice.edition AS e WHERE e.id = :edition_id FOR UPDATE")
_OUTLINE = text("SELECT st_asbinary(e.outline) AS outline FROM geoservice.edition AS e WHERE e.id = :edition_id")
_IS_OWN = text(
    "SELECT geoservice.is_own_draft(e, geoservice.actor()) FROM geoservice.edition AS e WHERE e.id = :edition_id"
)
_DRAWERS = text("SELECT e.drawn_by FROM geoservice.edition AS e WHERE e.id = :edition_id")
_BALLPARK = text("SELECT e.ballpark FROM geoservice.edition AS e WHERE e.id = :edition_id")
_OUTLINE_OF_DRAFT = text("""
    SELECT st_asbinary(e.outline) AS outline, e.outline_reason AS reason, e.outline_confirmed_by AS confirmed_by,
           st_asbinary(geoservice.outline_before(e.jurisdiction_id, e.base_id)) AS before
      FROM geoservice.edition AS e WHERE e.id = :edition_id
""")
_OUTLINE_BEFORE = text("""
    SELECT st_asbinary(geoservice.outline_before(:jurisdiction_id, geoservice.latest_edition(:jurisdiction_id)))
""")
_GRIDS = text("""
    SELECT g.code, g.name, g.name_en, g.parent_code, g.properties, g.unowned_reason,
           st_asbinary(g.geom) AS geom
      FROM geoservice.grid AS g WHERE g.edition_id = :edition_id ORDER BY g.code
""")
#: Near: their boxes meet a box, with a margin against rounding.
_GRIDS_NEAR = text("""
    SELECT g.code, g.name, g.name_en, g.parent_code, g.properties, g.unowned_reason,
           st_asbinary(g.geom) AS geom
      FROM geoservice.grid AS g
     WHERE g.edition_id = :edition_id
       AND g.geom && st_expand(st_makeenvelope(:west, :south, :east, :north, 4326), 1e-6)
     ORDER BY g.code
""")
_LIES_ACROSS = text("SELECT geoservice.lies_across(e.outline) FROM geoservice.edition AS e WHERE e.id = :edition_id")
_EXTENT = text("""
    SELECT st_xmin(b), st_ymin(b), st_xmax(b), st_ymax(b)
      FROM (SELECT st_extent(g.geom) AS b FROM geoservice.grid AS g
             WHERE g.edition_id = :edition_id AND g.code = ANY(:codes)) AS extent
""")
_CODES = text("SELECT g.code FROM geoservice.grid AS g WHERE g.edition_id = :edition_id")
_OWNED_CODES = text("""
    SELECT g.code FROM geoservice.grid AS g WHERE g.edition_id = :edition_id AND g.unowned_reason IS NULL
""")
_CODES_EVER = text("""
    SELECT DISTINCT t.code FROM geoservice.territory AS t
      JOIN geoservice.edition AS e ON e.jurisdiction_id = t.jurisdiction_id WHERE e.id = :edition_id
""")
_CODES_UNLIKE = text("""
    SELECT c.code FROM unnest(CAST(:codes AS text[])) AS c (code) WHERE NOT geoservice.has_form(c.code, :pattern)
""")
_REUSED_CODES = text("SELECT w.code FROM geoservice.reused_codes(:edition_id) AS w ORDER BY w.code")
_REASSIGNED_CODES = text("""
    SELECT r.code, r.reason, r.accepted_by FROM geoservice.reassigned_code AS r
     WHERE r.edition_id = :edition_id ORDER BY r.code
""")
_FINDINGS = text("""
    SELECT f.rule, f.severity, f.grid_codes, f.message, f.size, f.unit, st_asbinary(f.geom) AS geom
      FROM geoservice.finding AS f WHERE f.edition_id = :edition_id ORDER BY f.severity, f.id
""")


def editions_of(connection: Connection, jurisdiction_id: int | None) -> tuple[Edition, ...]:
    """Return the editions of a jurisdiction, or of all, the oldest first."""
    asked = {"edition_id": None, "jurisdiction_id": jurisdiction_id}
    return tuple(_edition(row) for row in connection.execute(_EDITIONS, asked))


def find_edition(connection: Connection, edition_id: int) -> Edition | None:
    """Return an edition, or None."""
    row = connection.execute(_EDITIONS, {"edition_id": edition_id, "jurisdiction_id": None}).one_or_none()
    return None if row is None else _edition(row)


def edition_by_id(connection: Connection, edition_id: int) -> Edition:
    """Return an edition; raise NoRow."""
    edition = find_edition(connection, edition_id)
    if edition is None:
        raise NoRow(edition=edition_id)
    return edition


def lock_edition(connection: Connection, edition_id: int) -> None:
    """Keep every other connection from changing an edition and its grids until this transaction ends.

    The database's guard of table grid shares this lock, so what is read after it is what is there at commit.
    """
    connection.execute(_LOCK, {"edition_id": edition_id})


def outline_of_edition(connection: Connection, edition_id: int) -> shapely.MultiPolygon:
    """Return the outline that the grids of an edition are to partition, EPSG:4326."""
    return _outline(connection.execute(_OUTLINE, {"edition_id": edition_id}).scalar_one())


def outline_beside(connection: Connection, edition_id: int) -> EditionOutline:
    """Return the outline of an edition, and the one that it was drawn from."""
    row = connection.execute(_OUTLINE_OF_DRAFT, {"edition_id": edition_id}).one()
    return EditionOutline(_outline(row.before), _outline(row.outline), row.reason, row.confirmed_by)


def outline_to_begin_with(connection: Connection, jurisdiction_id: int) -> shapely.MultiPolygon:
    """Return the outline that a new draft of a jurisdiction begins with, EPSG:4326."""
    return _outline(connection.execute(_OUTLINE_BEFORE, {"jurisdiction_id": jurisdiction_id}).scalar_one())


def grids_of(connection: Connection, edition_id: int) -> tuple[GridShape, ...]:
    """Return the grids of an edition, by code; whole where they lie across 180 degrees (`layers.antimeridian`)."""
    found = stored_grids_of(connection, edition_id)
    return _whole(found) if lies_across_180(connection, edition_id) else found


def stored_grids_of(connection: Connection, edition_id: int) -> tuple[GridShape, ...]:
    """Return the grids of an edition as they are stored, by code: cut at 180 degrees, to be shown or written."""
    return tuple(_grid(row) for row in connection.execute(_GRIDS, {"edition_id": edition_id}))


def grids_near(connection: Connection, edition_id: int, bounds: Bbox) -> tuple[GridShape, ...]:
    """Return the grids of an edition whose boxes meet a box, by code."""
    west, south, east, north = bounds
    asked = {"edition_id": edition_id, "west": west, "south": south, "east": east, "north": north}
    found = tuple(_grid(row) for row in connection.execute(_GRIDS_NEAR, asked))
    return _whole(found) if lies_across_180(connection, edition_id) else found


def extent_of(connection: Connection, edition_id: int, codes: Sequence[str]) -> Bbox | None:
    """Return the box around grids of an edition; None when it has none of them."""
    row = connection.execute(_EXTENT, {"edition_id": edition_id, "codes": list(codes)}).one()
    return None if row[0] is None else Bbox(*row)


def codes_of(connection: Connection, edition_id: int) -> frozenset[str]:
    """Return the codes that are taken in an edition: of its grids, and of ground that belongs to nobody."""
    return frozenset(connection.execute(_CODES, {"edition_id": edition_id}).scalars())


def owned_codes_of(connection: Connection, edition_id: int) -> frozenset[str]:
    """Return the codes of the grids of an edition."""
    return frozenset(connection.execute(_OWNED_CODES, {"edition_id": edition_id}).scalars())


def codes_ever(connection: Connection, edition_id: int) -> frozenset[str]:
    """Return the codes of every grid that was ever in force in the jurisdiction of an edition."""
    return frozenset(connection.execute(_CODES_EVER, {"edition_id": edition_id}).scalars())


def codes_unlike(connection: Connection, codes: Sequence[str], pattern: str) -> list[str]:
    """Return the codes that are not wholly of a form, a regular expression of PostgreSQL."""
    return list(connection.execute(_CODES_UNLIKE, {"codes": list(codes), "pattern": pattern}).scalars())


def drawers_of(connection: Connection, edition_id: int) -> tuple[str, ...]:
    """Return who had a hand in the draft of an edition, as histories name them."""
    return tuple(connection.execute(_DRAWERS, {"edition_id": edition_id}).scalar_one())


def is_own_draft(connection: Connection, edition_id: int) -> bool:
    """Return whether whoever acts had a hand in a draft whose jurisdiction wants four eyes: he does not publish it."""
    return bool(connection.execute(_IS_OWN, {"edition_id": edition_id}).scalar_one())


def ballpark_of_edition(connection: Connection, edition_id: int) -> str | None:
    """Return what is not sure of the datum of a file that an edition came from, a sentence; None when nothing is."""
    found: str | None = connection.execute(_BALLPARK, {"edition_id": edition_id}).scalar_one()
    return found


def reassigned_codes(connection: Connection, edition_id: int) -> tuple[ReassignedCode, ...]:
    """Return the codes that were accepted to name another place from an edition on, by code."""
    return tuple(ReassignedCode(*row) for row in connection.execute(_REASSIGNED_CODES, {"edition_id": edition_id}))


def reused_codes(connection: Connection, edition_id: int) -> list[str]:
    """Return the codes of a stored draft that the last grid of that code had at another place."""
    return list(connection.execute(_REUSED_CODES, {"edition_id": edition_id}).scalars())


def findings_of_edition(connection: Connection, edition_id: int) -> tuple[Finding, ...]:
    """Return what the last validation or import found, errors first."""
    return tuple(_finding(row) for row in connection.execute(_FINDINGS, {"edition_id": edition_id}))


def lies_across_180(connection: Connection, edition_id: int) -> bool:
    """Return whether the outline of an edition lies across 180 degrees; its grids are read whole then."""
    return bool(connection.execute(_LIES_ACROSS, {"edition_id": edition_id}).scalar_one())


def _outline(stored: bytes | memoryview) -> shapely.MultiPolygon:
    geom: shapely.MultiPolygon = shapely.from_wkb(bytes(stored))
    if lies_across([geom]):
        (geom,) = whole([geom])
    return geom


def _whole(grids: Sequence[GridShape]) -> tuple[GridShape, ...]:
    shapes = whole([grid.geom for grid in grids])
    return tuple(replace(grid, geom=shape) for grid, shape in zip(grids, shapes, strict=True))


def _grid(row: Row[Any]) -> GridShape:
    return GridShape(
        row.code, row.name, row.name_en, row.parent_code, shapely.from_wkb(bytes(row.geom)), row.properties,
        row.unowned_reason,
    )  # fmt: skip


def _edition(row: Row[Any]) -> Edition:
    return Edition(
        id=row.id,
        jurisdiction_code=row.jurisdiction_code,
        title=row.title,
        status=row.status,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
        grid_count=row.grids,
        validated=row.validated,
        error_count=row.errors,
        warning_count=row.warnings,
        recorded_at=row.recorded_at,
        published_at=row.published_at,
        published_by=row.published_by,
        base_id=row.base_id,
        revision=row.revision,
        note=row.note,
        asked_by=row.asked_by,
    )


def _finding(row: Row[Any]) -> Finding:
    geom = None if row.geom is None else shapely.from_wkb(bytes(row.geom))
    return Finding(row.rule, row.severity, tuple(row.grid_codes), row.message, row.size, row.unit, geom)
