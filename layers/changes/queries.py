"""What was changed: the list of changes, what a feature was, what a layer was at an instant, and undoing.

Names of relations and columns come from the catalogue and are quoted; values are always bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.changes.model import Change, ChangeCount, FeatureKey, Version
from layers.db.base import SCHEMA
from layers.db.clock import now_in
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
_LOOK_OVER = text("SELECT geoservice.look_over_layer(:layer)")
_UNDO = text("SELECT geoservice.undo_change(:id, :door)")
_CHANGED_SINCE = text("""
    SELECT s.layer, j.code AS jurisdiction, s.code AS key
      FROM geoservice.changed_since(:id) AS s JOIN geoservice.jurisdiction AS j ON j.id = s.jurisdiction_id
     ORDER BY s.layer, s.code, j.code
""")


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


def look_over(connection: Connection, layer: Layer) -> None:
    """Have the planner know how much there is of a layer of which much was written."""
    connection.execute(_LOOK_OVER, {"layer": layer.id})


class Stored(NamedTuple):
    """Of a stored feature: whose it is, and by which change it is as it is."""

    grid_code: str | None
    change_id: int | None


def lock_feature(connection: Connection, layer: Layer, *, jurisdiction_id: int, key: str) -> Stored | None:
    """Return a feature that nobody else changes until this transaction ends; None when there is none."""
    table, grid = f"{SCHEMA}.{_quote(layer.table)}", "NULL::text" if layer.assignment is None else "grid_code"
    query = text(f"""
        SELECT {grid}, change_id FROM {table} WHERE jurisdiction_id = :jurisdiction_id AND code = :key FOR UPDATE
    """)  # noqa: S608  names are quoted, values bound
    row = connection.execute(query, {"jurisdiction_id": jurisdiction_id, "key": key}).one_or_none()
    return None if row is None else Stored(*row)


def remove(connection: Connection, layer: Layer, *, jurisdiction_id: int, key: str) -> bool:
    """Remove the feature of a key, and return whether there was one."""
    table = f"{SCHEMA}.{_quote(layer.table)}"
    query = text(f"DELETE FROM {table} WHERE jurisdiction_id = :jurisdiction_id AND code = :key")  # noqa: S608
    return connection.execute(query, {"jurisdiction_id": jurisdiction_id, "key": key}).rowcount > 0


def changed_since(connection: Connection, change_id: int) -> tuple[FeatureKey, ...]:
    """Return the features that a change touched and that others changed since, those of every jurisdiction."""
    return tuple(FeatureKey(**row._mapping) for row in connection.execute(_CHANGED_SINCE, {"id": change_id}))


def versions(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, key: str, grids: Collection[str] | None = None
) -> tuple[Version, ...]:
    """Return what the features of a key have been, the latest first; whose key was another one in between, too.

    What one was for no time, within a change that wrote it twice, nobody has seen: it is left out.

    Parameters
    ----------
    grids
        Only those that one of these owned at some time while they held; None: all.
    """
    home, twin = f"{SCHEMA}.{_quote(layer.table)}", f"{SCHEMA}.{_quote(history_of(layer.table))}"
    written = [_quote(column.name) for column in layer.written]
    columns = ", ".join(f"v.{name}" for name in dict.fromkeys([*written, "id", "geom", "jurisdiction_id"]))
    query = text(f"""
        WITH named AS (
            SELECT id FROM {home} WHERE jurisdiction_id = :jurisdiction_id AND code = :key
             UNION SELECT id FROM {twin} WHERE jurisdiction_id = :jurisdiction_id AND code = :key
        ), version AS (
            SELECT v.since, v.until, v.change_id, v.ended_by, {columns} FROM {twin} AS v
            UNION ALL
            SELECT coalesce(c.at, v.recorded_at), NULL, v.change_id, NULL, {columns}
              FROM {home} AS v LEFT JOIN geoservice.change AS c ON c.id = v.change_id
        )
        SELECT v.since, v.until, v.change_id, v.ended_by, st_asgeojson(v.geom, {DECIMALS}) AS geometry,
               {", ".join(f"v.{name}" for name in written)}
          FROM version AS v WHERE v.id IN (SELECT id FROM named) AND v.jurisdiction_id = :jurisdiction_id
           AND (v.ended_by IS NULL OR v.change_id IS DISTINCT FROM v.ended_by)
           AND (CAST(:grids AS text[]) IS NULL OR {owned_meanwhile(layer)})
         ORDER BY 2 DESC NULLS FIRST, 1 DESC
    """)  # noqa: S608  names are quoted, values bound
    asked = {"jurisdiction_id": jurisdiction_id, "key": key, "grids": None if grids is None else list(grids)}
    rows = connection.execute(query, asked).all()
    by_id = {one.id: one for one in find_changes(connection, ids={n for r in rows for n in (r[2], r[3]) if n})}
    return tuple(
        Version(
            row.since, row.until, by_id.get(row.change_id), by_id.get(row.ended_by),
            {column.name: row._mapping[column.name] for column in layer.written}, row.geometry,
        )
        for row in rows
    )  # fmt: skip


def owned_meanwhile(layer: Layer) -> str:
    """Return SQL for whether one of :grids owned the version `v` at an instant at which its owner may have changed.

    Those are when it began, when an edition came into force while it held, and when its building was moved meanwhile.
    """
    instants = f"""
        SELECT v.since AS at
         UNION ALL SELECT lower(p.valid) FROM {SCHEMA}.edition_period AS p
                    WHERE p.jurisdiction_id = :jurisdiction_id AND upper_inf(p.known)"""  # noqa: S608
    if layer.assignment == "building":
        instants += f"""
         UNION ALL SELECT b.until FROM {SCHEMA}.building_history AS b
                    WHERE b.jurisdiction_id = :jurisdiction_id AND b.code = v.building_code"""  # noqa: S608
    place = building_then("i.at") if layer.assignment == "building" else "v.geom"
    owner = f"({SCHEMA}.owner_of({SCHEMA}.place_of({place}), i.at, 0, :jurisdiction_id)).grid_code"
    return f"""EXISTS (
        SELECT FROM ({instants}) AS i
         WHERE i.at >= v.since AND i.at < coalesce(v.until, now() + interval '1 us') AND {owner} = ANY(:grids))"""


def features_at(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, at: datetime | None = None, key: str | None = None,
    after: str | None = None, grids: Collection[str] | None = None, limit: int | None = None,
) -> tuple[Mapping[str, Any], ...]:  # fmt: skip
    """Return the features of a layer as they were at an instant (now when None), by key.

    Returns
    -------
    tuple of Mapping
        Values by column that people write, `change_id` by which it was so, its place as GeoJSON in `geometry`, and
        `grid_code`, the grid that owned it then.
    """
    few = "ORDER BY v.code LIMIT :limit"
    versions = versions_at(layer, keyed=key is not None, few="LIMIT :limit" if grids is None else "")
    query = text(f"""
        SELECT v.*, o.grid_code FROM ({versions} {few if grids is None else ""}) AS v
          {_owner_at(layer)} WHERE CAST(:grids AS text[]) IS NULL OR o.grid_code = ANY(:grids) {few}
    """)  # noqa: S608  names are quoted, values bound
    asked = {
        "jurisdiction_id": jurisdiction_id, "at": at or "infinity", "owned_at": at or now_in(connection),
        "limit": limit,
        "grids": None if grids is None else list(grids), **({"after": after} if key is None else {"key": key}),
    }  # fmt: skip
    return tuple(
        {name: value for name, value in row._mapping.items() if name not in ("geom", "jurisdiction_id")}
        for row in connection.execute(query, asked)
    )


def building_then(instant: str) -> str:
    """Return SQL for where the building stood, at an instant that is SQL, in which `v` stands; else where `v` does."""
    return f"""coalesce(
        (SELECT b.geom FROM geoservice.building_history AS b
          WHERE b.jurisdiction_id = v.jurisdiction_id AND b.code = v.building_code
            AND b.since <= {instant} AND b.until > {instant}
          ORDER BY b.seq LIMIT 1),
        (SELECT b.geom FROM geoservice.building AS b
          WHERE b.jurisdiction_id = v.jurisdiction_id AND b.code = v.building_code),
        v.geom)"""  # noqa: S608  an instant of ours


def with_owner_at(layer: Layer, versions: str) -> str:
    """Return the query for some versions with `grid_code`, the grid that owned each at :at: a look-up for each."""
    return f"SELECT v.*, o.grid_code FROM ({versions}) AS v {_owner_at(layer)}"  # noqa: S608  names are quoted


def _owner_at(layer: Layer) -> str:
    place = building_then(":at") if layer.assignment == "building" else "v.geom"
    owner = f"geoservice.owner_of(geoservice.place_of({place}), :owned_at, 0, :jurisdiction_id)"
    return f"LEFT JOIN LATERAL {owner} AS o ON true"


def versions_at(layer: Layer, *, keyed: bool, few: str = "") -> str:
    """Return the query for what a layer was at an instant, or its features of one key.

    Of a row the first version that ended later is the one that held, if it had begun; without one the row itself is.
    Rows are gone through by their key, so that a page is as quick among a million versions as among none; those that
    are no more, or have another key now, are looked for apart.
    """
    home, twin = f"{SCHEMA}.{_quote(layer.table)}", f"{SCHEMA}.{_quote(history_of(layer.table))}"
    names = [*(_quote(column.name) for column in layer.written), "change_id", "jurisdiction_id", "geom"]
    of_twin, of_home, told = (", ".join(f"{row}.{name}" for name in names) for row in ("h", "f", "v"))
    wanted = "= :key" if keyed else "> coalesce(:after, '')"
    since = f"coalesce((SELECT c.at FROM {SCHEMA}.change AS c WHERE c.id = f.change_id), f.recorded_at)"  # noqa: S608  quoted
    gone = f"""
        SELECT g.id FROM {twin} AS g
         WHERE g.jurisdiction_id = :jurisdiction_id AND g.operation <> 'update' AND g.until > :at
    """  # noqa: S608  names are quoted, values bound
    return f"""
        SELECT v.*, st_asgeojson(v.geom, {DECIMALS}) AS geometry FROM (
            (SELECT {told}
               FROM {home} AS f CROSS JOIN LATERAL (
                    SELECT * FROM (
                        (SELECT 1 AS turn, {of_twin}, h.since FROM {twin} AS h
                          WHERE h.id = f.id AND h.until > :at ORDER BY h.seq LIMIT 1)
                        UNION ALL
                        SELECT 2, {of_home}, {since}
                    ) AS each ORDER BY turn LIMIT 1) AS v
              WHERE f.jurisdiction_id = :jurisdiction_id AND f.code {wanted} AND v.since <= :at
                AND NOT EXISTS ({gone} AND g.id = f.id)
                AND v.jurisdiction_id = :jurisdiction_id
              ORDER BY f.code {few})
            UNION ALL
            SELECT {told}
              FROM (SELECT DISTINCT ON (h.id) h.* FROM {twin} AS h
                     WHERE h.id IN ({gone}) AND h.until > :at ORDER BY h.id, h.seq) AS v
             WHERE v.since <= :at AND v.code {wanted} AND v.jurisdiction_id = :jurisdiction_id
        ) AS v
    """  # noqa: S608  names are quoted, values bound


def all_versions_at(layer: Layer) -> str:
    """Return the query for the same of a whole layer at :at, for whoever counts it or filters it.

    Two sets, each gone through once: rows that are as they were, and the first version that ended later of all others.
    """
    home, twin = f"{SCHEMA}.{_quote(layer.table)}", f"{SCHEMA}.{_quote(history_of(layer.table))}"
    names = [*(_quote(column.name) for column in layer.written), "change_id", "jurisdiction_id", "geom"]
    of_home, told = (", ".join(f"{row}.{name}" for name in names) for row in ("f", "v"))
    return f"""
        SELECT {of_home} FROM {home} AS f LEFT JOIN {SCHEMA}.change AS c ON c.id = f.change_id
         WHERE f.jurisdiction_id = :jurisdiction_id AND coalesce(c.at, f.recorded_at) <= :at
           AND NOT EXISTS (SELECT FROM {twin} AS h WHERE h.id = f.id AND h.until > :at)
        UNION ALL
        SELECT {told}
          FROM (SELECT DISTINCT ON (h.id) h.* FROM {twin} AS h WHERE h.until > :at ORDER BY h.id, h.seq) AS v
         WHERE v.since <= :at AND v.jurisdiction_id = :jurisdiction_id
    """  # noqa: S608  names are quoted, values bound
