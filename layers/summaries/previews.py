"""What publishing a draft would move: rehearsed by the database, kept to be compared with what is so then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from layers.catalogue import owned
from layers.features import places

#: An open incident that stays, while somebody is asked whether it should.
UNDECIDED = "undecided"

_PREVIEW = text("""
    WITH rehearsed AS MATERIALIZED (
        SELECT geoservice.dry_run_publish(:edition_id, coalesce(CAST(:starts AS timestamptz), now())) AS moved
    )
    INSERT INTO geoservice.preview (edition_id, revision, actor, fingerprint, moves)
    SELECT e.id, e.revision, geoservice.actor(), geoservice.fingerprint_of(r.moved),
           (SELECT coalesce(jsonb_agg(jsonb_build_array(
                       m.kind, m.id, m.code, m.from_grid, m.to_grid, m.households,
                       m.residents, m.floating)
                       ORDER BY m.kind, m.id), '[]')
              FROM unnest(r.moved) AS m)
      FROM rehearsed AS r, geoservice.edition AS e WHERE e.id = :edition_id
    RETURNING id, edition_id, revision, at, fingerprint, moves
""")
_FIND = text("""
    SELECT p.id, p.edition_id, p.revision, p.at, p.fingerprint, p.moves
      FROM geoservice.preview AS p WHERE p.id = :preview_id AND p.edition_id = :edition_id
""")
_WORKLOAD = text("""
    SELECT c.code, coalesce(h.households, 0) AS households, coalesce(h.residents, 0) AS residents,
           coalesce(h.floating, 0) AS floating, coalesce(i.in_hand, 0) AS in_hand
      FROM unnest(CAST(:codes AS text[])) AS c (code)
      LEFT JOIN LATERAL (
        SELECT sum(h.households) AS households, sum(h.residents) AS residents, sum(h.floating) AS floating
          FROM geoservice.household AS h WHERE h.jurisdiction_id = :jurisdiction_id AND h.grid_code = c.code) AS h
             ON true
      LEFT JOIN LATERAL (
        SELECT count(*) AS in_hand FROM geoservice.incident AS i
         WHERE i.jurisdiction_id = :jurisdiction_id AND i.grid_code = c.code
           AND geoservice.is_open(i.status)) AS i ON true
     ORDER BY c.code
""")


@dataclass(frozen=True)
class Move:
    """Something whose grid would be another one."""

    #: The table of its layer, or UNDECIDED.
    kind: str
    id: str
    #: None for households and incidents.
    code: str | None
    #: None: nobody's.
    from_grid: str | None
    to_grid: str | None
    #: Of a row of households, which may count several.
    households: int | None
    residents: int | None
    floating: int | None


@dataclass(frozen=True)
class Preview:
    """What publishing a draft would move, as it was when asked."""

    id: UUID
    edition_id: int
    #: Of the draft.
    revision: int
    at: datetime
    fingerprint: str
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Workload:
    """What a grid has to look after."""

    code: str
    #: None: not told to whoever asks; so with the two that follow.
    households: int | None
    residents: int | None
    floating: int | None
    #: Open incidents.
    in_hand: int


def make_preview(connection: Connection, edition_id: int, *, starts: datetime | None) -> Preview:
    """Rehearse the publication of a draft from an instant on (now when None), and keep what it would move.

    Raises
    ------
    RefusedByDatabase
        The edition is no draft.
    """
    return _preview(connection.execute(_PREVIEW, {"edition_id": edition_id, "starts": starts}).one())


def find_preview(connection: Connection, edition_id: int, preview_id: UUID) -> Preview | None:
    """Return a preview of an edition, or None."""
    row = connection.execute(_FIND, {"edition_id": edition_id, "preview_id": preview_id}).one_or_none()
    return None if row is None else _preview(row)


def workloads(connection: Connection, *, jurisdiction_id: int, codes: Sequence[str]) -> tuple[Workload, ...]:
    """Return what each of some grids has to look after now, by code."""
    asked = {"jurisdiction_id": jurisdiction_id, "codes": list(codes)}
    return tuple(Workload(**row._mapping) for row in connection.execute(_WORKLOAD, asked))


def places_of(connection: Connection, moves: Sequence[Move]) -> dict[tuple[str, str], str]:
    """Return the GeoJSON geometry of what moves, by kind and id; of what is personal, or not seen, none."""
    found: dict[tuple[str, str], str] = {}
    for layer in owned():
        kinds = {layer.table, UNDECIDED} if layer.assignment == "routing" else {layer.table}
        moved = [] if layer.personal else [move for move in moves if move.kind in kinds]
        if moved:
            shapes = places(connection, layer, [move.id for move in moved])
            found |= {(move.kind, move.id): shapes[move.id] for move in moved if move.id in shapes}
    return found


def _preview(row: Row[Any]) -> Preview:
    return Preview(row.id, row.edition_id, row.revision, row.at, row.fingerprint, tuple(Move(*m) for m in row.moves))
