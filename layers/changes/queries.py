"""What was changed: the list of changes, what a feature was, what a layer was at an instant, and undoing.

Names of relations and columns come from the catalogue and are quoted; values are always bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.changes.model import Change, ChangeCount, Version
from layers.db.base import SCHEMA
from layers.db.history import history_of
from layers.features import DECIMALS
from layers.layer import Layer

_quote = postgresql.dialect().identifier_preparer.quote_identifier
_CHANGES = text("""
    SELECT c.id, c.at, c.actor, c.door, c.kind, c.note, c.undoes,
           (SELECT max(u.id) FROM geoservice.change AS u WHERE u.undoes = c.id) AS undone_by
      FROM geoservice.change AS c
     WHERE (CAST(:ids AS bigint[]) IS NULL OR c.id = ANY(:ids))
       AND (CAST(:jurisdiction_id AS integer) IS NULL OR EXISTS (
            SELECT FROM geoservice.change_count AS n
             WHERE n.change_id = c.id AND n.jurisdiction_id = :jurisdiction_id
               AND (CAST(:layer AS text) IS NULL OR n.layer = :layer)))
       AND (CAST(:before AS bigint) IS NULL OR c.id < :before)
     ORDER BY c.id DESC LIMIT :limit
""")
_COUNTS = text("""
    SELECT n.change_id, n.layer, j.code AS jurisdiction, n.added, n.changed, n.removed
      FROM geoservice.change_count AS n JOIN geoservice.jurisdiction AS j ON j.id = n.jurisdiction_id
     WHERE n.change_id = ANY(:ids) ORDER BY n.layer, j.code
""")
_BEGIN = text("SELECT geoservice.begin_change(:kind, :door, :note)")
_UNDO = text("SELECT geoservice.undo_change(:id, :door)")
_CHANGED_SINCE = text("SELECT layer, code FROM geoservice.changed_since(:id) ORDER BY 1, 2")


def begin_change(connection: Connection, *, kind: str, door: str, note: str | None = None) -> int:
    """Say what this transaction is, for the history; return the id of the change."""
    found: int = connection.execute(_BEGIN, {"kind": kind, "door": door, "note": note}).scalar_one()
    return found


def find_changes(
    connection: Connection, *, ids: Collection[int] | None = None, jurisdiction_id: int | None = None,
    layer: str | None = None, before: int | None = None, limit: int | None = None,
) -> tuple[Change, ...]:  # fmt: skip
    """Return changes, the latest first: of a jurisdiction, of a layer there, or by id; those before one of an id."""
    asked = {"ids": None if ids is None else list(ids), "jurisdiction_id": jurisdiction_id, "layer": layer,
             "before": before, "limit": limit}  # fmt: skip
    rows = connection.execute(_CHANGES, asked).all()
    counts: dict[int, list[ChangeCount]] = defaultdict(list)
    for change_id, *count in connection.execute(_COUNTS, {"ids": [row.id for row in rows]}):
        counts[change_id].append(ChangeCount(*count))
    return tuple(Change(**row._mapping, counts=tuple(counts[row.id])) for row in rows)


def undo(connection: Connection, change_id: int, *, door: str) -> int:
    """Undo a change as a whole and return the change that this is; raise RefusedByDatabase when it can not be."""
    undone: int = connection.execute(_UNDO, {"id": change_id, "door": door}).scalar_one()
    return undone


def remove(connection: Connection, layer: Layer, *, jurisdiction_id: int, key: str) -> bool:
    """Remove the feature of a key, and return whether there was one."""
    table = f"{SCHEMA}.{_quote(layer.table)}"
    query = text(f"DELETE FROM {table} WHERE jurisdiction_id = :jurisdiction_id AND code = :key")  # noqa: S608
    return connection.execute(query, {"jurisdiction_id": jurisdiction_id, "key": key}).rowcount > 0


def changed_since(connection: Connection, change_id: int) -> tuple[tuple[str, str], ...]:
    """Return layers and keys of the features that a change touched and that others changed since."""
    return tuple((row.layer, row.code) for row in connection.execute(_CHANGED_SINCE, {"id": change_id}))


def versions(connection: Connection, layer: Layer, *, jurisdiction_id: int, key: str) -> tuple[Version, ...]:
    """Return what the features of a key have been, the latest first; whose key was another one in between, too."""
    home, twin = f"{SCHEMA}.{_quote(layer.table)}", f"{SCHEMA}.{_quote(history_of(layer.table))}"
    columns = ", ".join(f"v.{_quote(column.name)}" for column in layer.written)
    query = text(f"""
        WITH named AS (
            SELECT id FROM {home} WHERE jurisdiction_id = :jurisdiction_id AND code = :key
             UNION SELECT id FROM {twin} WHERE jurisdiction_id = :jurisdiction_id AND code = :key
        )
        SELECT v.since, v.until, v.change_id, v.ended_by, st_asgeojson(v.geom, {DECIMALS}) AS geometry, {columns}
          FROM {twin} AS v WHERE v.id IN (SELECT id FROM named)
        UNION ALL
        SELECT coalesce(c.at, v.recorded_at), NULL, v.change_id, NULL, st_asgeojson(v.geom, {DECIMALS}), {columns}
          FROM {home} AS v LEFT JOIN geoservice.change AS c ON c.id = v.change_id WHERE v.id IN (SELECT id FROM named)
         ORDER BY 2 DESC NULLS FIRST, 1 DESC
    """)  # noqa: S608  names are quoted, values bound
    rows = connection.execute(query, {"jurisdiction_id": jurisdiction_id, "key": key}).all()
    by_id = {one.id: one for one in find_changes(connection, ids={n for r in rows for n in (r[2], r[3]) if n})}
    return tuple(
        Version(
            row.since, row.until, by_id.get(row.change_id), by_id.get(row.ended_by),
            {column.name: row._mapping[column.name] for column in layer.written}, row.geometry,
        )
        for row in rows
    )  # fmt: skip


def features_at(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, at: datetime | None = None, key: str | None = None,
    after: str | None = None, limit: int | None = None,
) -> tuple[Mapping[str, Any], ...]:  # fmt: skip
    """Return the features of a layer as they were at an instant (now when None), by key.

    The grid is the one that owned them then. Of a row the first version that ended later is the one that held, if it had begun; without one the row itself.
    """
    home, twin = f"{SCHEMA}.{_quote(layer.table)}", f"{SCHEMA}.{_quote(history_of(layer.table))}"
    columns = ", ".join(f"v.{_quote(column.name)}" for column in layer.written)
    chosen = "v.jurisdiction_id = :jurisdiction_id AND (CAST(:key AS text) IS NULL OR v.code = :key)"
    query = text(f"""
        SELECT v.*, st_asgeojson(v.geom, {DECIMALS}) AS geometry, o.grid_code
          FROM (
            SELECT h.* FROM (
                SELECT DISTINCT ON (v.id) {columns}, v.geom, v.since, v.jurisdiction_id FROM {twin} AS v
                 WHERE v.until > :at ORDER BY v.id, v.seq) AS h
             WHERE h.since <= :at
            UNION ALL
            SELECT {columns}, v.geom, coalesce(c.at, v.recorded_at), v.jurisdiction_id
              FROM {home} AS v LEFT JOIN geoservice.change AS c ON c.id = v.change_id
             WHERE coalesce(c.at, v.recorded_at) <= :at AND {chosen}
               AND NOT EXISTS (SELECT FROM {twin} AS h WHERE h.id = v.id AND h.until > :at)
          ) AS v
          LEFT JOIN LATERAL geoservice.owner_of(geoservice.place_of(v.geom), :at, 0, v.jurisdiction_id) AS o ON true
         WHERE {chosen} AND (CAST(:after AS text) IS NULL OR v.code > :after COLLATE "C")
         ORDER BY v.code LIMIT :limit
    """)  # noqa: S608  names are quoted, values bound
    asked = {
        "jurisdiction_id": jurisdiction_id,
        "at": at or datetime.now(UTC),
        "key": key,
        "after": after,
        "limit": limit,
    }
    hidden = {"geom", "since", "jurisdiction_id"}
    return tuple(
        {name: value for name, value in row._mapping.items() if name not in hidden}
        for row in connection.execute(query, asked)
    )
