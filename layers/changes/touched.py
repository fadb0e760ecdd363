"""What a change did to each feature: added, changed field by field, removed.

Names of relations and columns come from the catalogue and are quoted; values are always bound.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.changes.differences import MEASURED, moved
from layers.changes.model import FeatureChange, FieldChange, Touched, TouchedFeature, What
from layers.changes.queries import owned_meanwhile
from layers.db.base import SCHEMA
from layers.db.history import history_of
from layers.layer import Layer

_quote = postgresql.dialect().identifier_preparer.quote_identifier


def touched(
    connection: Connection, layer: Layer, *, change_id: int, jurisdiction_id: int,
    grids: Collection[str] | None = None,
) -> Touched:  # fmt: skip
    """Return how many features of a layer a change added, changed and removed, and in how many each field differs.

    Parameters
    ----------
    grids
        Only those that one of these owned at some time while they were so; None: all.
    """
    query = text(f"""
        WITH touched AS ({_touched(layer)})
        SELECT what, NULL AS field, count(*) FROM touched GROUP BY what
         UNION ALL
        SELECT NULL, field, count(*) FROM touched, unnest(differs) AS field GROUP BY field
         ORDER BY 1, 2
    """)  # noqa: S608  names are quoted, values bound
    rows = connection.execute(query, _asked(change_id, jurisdiction_id, grids)).all()
    counts = {what: count for what, field, count in rows if field is None}
    fields = {field: count for what, field, count in rows if what is None}
    return Touched(counts.get("added", 0), counts.get("changed", 0), counts.get("removed", 0), fields)


def touched_features(
    connection: Connection, layer: Layer, *, change_id: int, jurisdiction_id: int,
    grids: Collection[str] | None = None, what: What | None = None, limit: int | None = None, offset: int = 0,
) -> tuple[TouchedFeature, ...]:  # fmt: skip
    """Return what a change did to features of a layer: those added first, then changed, then removed, each by key.

    Parameters
    ----------
    what
        Only those that were added, changed or removed; None: all.
    offset
        So many of them are left out, those that were told before.
    """
    names = [column.name for column in layer.written]
    told = ", ".join(f"(old).{_quote(name)}::text, (new).{_quote(name)}::text" for name in names)
    query = text(f"""
        WITH touched AS ({_touched(layer)})
        SELECT key, what, differs, {MEASURED.format(old="(old).geom", new="(new).geom")}, {told}
          FROM touched WHERE CAST(:what AS text) IS NULL OR what = :what
         ORDER BY what, key, id LIMIT :limit OFFSET :offset
    """)  # noqa: S608  names are quoted, values bound
    asked = _asked(change_id, jurisdiction_id, grids) | {"what": what, "limit": limit, "offset": offset}
    return tuple(_feature(names, row) for row in connection.execute(query, asked))


def _asked(change_id: int, jurisdiction_id: int, grids: Collection[str] | None) -> dict[str, Any]:
    return {
        "change": change_id, "jurisdiction_id": jurisdiction_id, "grids": None if grids is None else list(grids),
    }  # fmt: skip


def _feature(names: list[str], row: Any) -> TouchedFeature:
    key, what, differs, moved_m, old_m2, new_m2, *values = row
    told = dict(zip(names, zip(values[::2], values[1::2], strict=True), strict=True))
    fields = [FieldChange(name, *told[name]) for name in differs or () if name != "geom"]
    if "geom" in (differs or ()):
        fields.append(FieldChange("geom", None, moved(moved_m, old_m2, new_m2)))
    return TouchedFeature(what, FeatureChange(key, tuple(fields)))


def _touched(layer: Layer) -> str:
    """Return the query for the features that a change touched: as each was before it, and as it left it.

    Before it a feature was the first of its versions that the change ended and had not made itself; it left the one
    that it made and did not end. What it put back as it was is not among them.
    """
    home, twin = f"{SCHEMA}.{_quote(layer.table)}", f"{SCHEMA}.{_quote(history_of(layer.table))}"
    names = dict.fromkeys([*(_quote(column.name) for column in layer.written), "id", "geom", "jurisdiction_id"])
    columns = ", ".join(f"v.{name}" for name in names)
    within = f"""v.jurisdiction_id = :jurisdiction_id
                 AND (CAST(:grids AS text[]) IS NULL OR {owned_meanwhile(layer)})"""
    differs = ", ".join(
        f"CASE WHEN o.{_quote(column.name)} IS DISTINCT FROM n.{_quote(column.name)} THEN '{column.name}' END"
        for column in layer.written
    )
    return f"""
        SELECT coalesce(n.id, o.id) AS id, coalesce(n.code, o.code) AS key, o AS old, n AS new, d.differs,
               CASE WHEN o.id IS NULL THEN 'added' WHEN n.id IS NULL THEN 'removed' ELSE 'changed' END AS what
          FROM (SELECT {columns} FROM (
                    SELECT DISTINCT ON (id) * FROM {twin} WHERE ended_by = :change ORDER BY id, seq) AS v
                 WHERE v.change_id IS DISTINCT FROM :change AND {within}) AS o
          FULL JOIN (SELECT {columns} FROM (
                    SELECT {columns}, v.since, v.until FROM {twin} AS v
                     WHERE v.change_id = :change AND v.ended_by <> :change
                     UNION ALL
                    SELECT {columns}, c.at, NULL FROM {home} AS v JOIN {SCHEMA}.change AS c ON c.id = v.change_id
                     WHERE v.change_id = :change) AS v
                 WHERE {within}) AS n ON n.id = o.id
         CROSS JOIN LATERAL (SELECT CASE WHEN o.id IS NOT NULL AND n.id IS NOT NULL THEN array_remove(ARRAY[
                    {differs}, CASE WHEN NOT o.geom = n.geom THEN 'geom' END], NULL) END AS differs) AS d
         WHERE d.differs IS DISTINCT FROM '{{}}'
    """  # noqa: S608  names are quoted, values bound
