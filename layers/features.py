"""The one generic SQL over any layer of the catalogue: its features as GeoJSON, as records, as a table, as places.

Names of relations and columns come from the catalogue and are quoted; values are always bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import shapely
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.crs import STORAGE_SRID, Bbox, Position
from layers.db.base import SCHEMA
from layers.db.relations import columns_of
from layers.layer import Column, Layer

#: RFC 7946: 7 decimals of a degree, 1 cm.
DECIMALS = 7
#: Columns by which people know a feature, beside its key.
_NAMES = ("name", "name_en", "address")
#: A degree of longitude is longer than this wherever people live (to 63 degrees of latitude): so far an index looks.
_LEAST_DEGREE_M = 50_000
_quote = postgresql.dialect().identifier_preparer.quote_identifier


class FeaturesWithin(NamedTuple):
    """What a layer has in a box."""

    #: How many there are, also where they are too many to be told one by one.
    matched: int
    #: Values by column.
    rows: tuple[Mapping[str, Any], ...]
    #: (n,) EPSG:4326, in the order of the rows.
    geoms: np.ndarray


def feature_collection(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, limit: int | None = None, at: datetime | None = None
) -> bytes:
    """Return the features of a layer as a GeoJSON FeatureCollection, EPSG:4326, those of now.

    Parameters
    ----------
    at
        Of a bitemporal layer: those that held then, without figures, which are of now.
    limit
        At most so many, the most urgent first, else the newest, where the layer has such an order. `numberMatched` and
        `numberReturned` (OGC API Features, 7.15) tell whether that is all; when it is not, `numberMatchedBy` counts all
        by the values of the column that the layer names for that.
    """
    urgent, order = _urgency(layer)
    listed = _listed(layer.columns if at is None else [column for column in layer.columns if not column.figure])
    query = text(f"""
        SELECT st_asgeojson(r, 'geom', {DECIMALS})
          FROM (SELECT {listed}, f.{_quote(layer.geom)} AS geom FROM {_from(layer)}{urgent}
                 WHERE {_where(layer)} ORDER BY {order} LIMIT :limit) AS r
    """)  # noqa: S608  names are quoted, values bound
    rows = connection.execute(query, _asked(jurisdiction_id, at) | {"limit": limit}).scalars().all()
    matched = len(rows) if limit is None or len(rows) < limit else count(connection, layer, jurisdiction_id)
    head = f'{{"type":"FeatureCollection","numberMatched":{matched},"numberReturned":{len(rows)},'
    if matched > len(rows) and layer.counted_by is not None:
        by = {layer.counted_by: counts(connection, layer, jurisdiction_id, layer.counted_by)}
        head += f'"numberMatchedBy":{json.dumps(by, ensure_ascii=False)},'
    return f'{head}"features":['.encode() + ",".join(rows).encode() + b"]}"


def count(connection: Connection, layer: Layer, jurisdiction_id: int) -> int:
    """Return how many features a layer has now."""
    query = text(f"SELECT count(*) FROM {_from(layer)} WHERE {_where(layer)}")  # noqa: S608
    found: int = connection.execute(query, _asked(jurisdiction_id)).scalar_one()
    return found


def counts(connection: Connection, layer: Layer, jurisdiction_id: int, column: str) -> dict[str, int]:
    """Return how many features a layer has now of each value of a column."""
    query = text(f"SELECT f.{_quote(column)}, count(*) FROM {_from(layer)} WHERE {_where(layer)} GROUP BY 1 ORDER BY 1")  # noqa: S608
    return {str(value): number for value, number in connection.execute(query, _asked(jurisdiction_id))}


def records(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, at: datetime | None = None,
    known_at: datetime | None = None, key: str | None = None,
) -> tuple[Mapping[str, Any], ...]:  # fmt: skip
    """Return the features of a layer without their shapes, by key: its columns but for figures, and `bbox`.

    Parameters
    ----------
    at, known_at
        Of a bitemporal layer: those that held then (now when None), as it was known then (as it is known now).
    key
        Only the feature of that key.

    Returns
    -------
    tuple of Mapping
        Values by column; `bbox` is west, south, east, north in EPSG:4326.
    """
    chosen = f"{_where(layer)} AND (CAST(:key AS text) IS NULL OR f.{_quote(layer.key)} = :key)"
    asked = _asked(jurisdiction_id, at, known_at) | {"key": key}
    return _records(connection, layer, f"{chosen} ORDER BY {_order(layer)}", asked)


def periods(connection: Connection, layer: Layer, *, jurisdiction_id: int, key: str) -> tuple[Mapping[str, Any], ...]:
    """Return every period of a feature of a bitemporal layer, as records, the oldest first, as it is known now."""
    chosen = f"f.jurisdiction_id = :jurisdiction_id AND f.{_quote(layer.key)} = :key AND upper_inf(f.known)"
    asked = {"jurisdiction_id": jurisdiction_id, "key": key}
    return _records(connection, layer, f"{chosen} ORDER BY lower(f.valid)", asked)


def _records(
    connection: Connection, layer: Layer, chosen: str, asked: Mapping[str, object]
) -> tuple[Mapping[str, Any], ...]:
    listed = _listed([column for column in layer.columns if not column.figure])
    geom = f"f.{_quote(layer.geom)}"
    box = f"ARRAY[st_xmin({geom}), st_ymin({geom}), st_xmax({geom}), st_ymax({geom})] AS bbox"
    query = text(f"SELECT {listed}, {box} FROM {_from(layer)} WHERE {chosen}")  # noqa: S608  quoted and bound
    return tuple(dict(row._mapping) for row in connection.execute(query, asked))


@dataclass(frozen=True)
class FeaturesAt:
    """Features at a place."""

    layer: Layer
    #: Values by column; `key`, and `distance_m` from the place: 0 where it is inside.
    features: tuple[Mapping[str, Any], ...]
    #: How many there are.
    matched: int


def features_at(
    connection: Connection, layer: Layer, place: Position, *, jurisdiction_id: int, within_m: float, limit: int
) -> FeaturesAt:  # fmt: skip
    """Return the features of a layer at a place, the nearest first: points within so many metres, shapes that cover it.

    Of what people report only what is in hand.
    """
    geom, reach = f"f.{_quote(layer.geom)}", within_m if layer.geometry == "Point" else 0.0
    matters = " AND f.urgency < 2e11" if layer.assignment == "routing" else ""
    query = text(f"""
        SELECT f.{_quote(layer.key)}::text AS key, {_listed(layer.columns)},
               st_distance({geom}::geography, p.geom::geography) AS distance_m, count(*) OVER () AS matched
          FROM {_from(layer)}, (SELECT st_setsrid(st_makepoint(:lon, :lat), {STORAGE_SRID}) AS geom) AS p
         WHERE {_where(layer)} AND st_dwithin({geom}, p.geom, :degrees){matters}
           AND st_distance({geom}::geography, p.geom::geography) <= :reach
         ORDER BY distance_m, f.{_quote(layer.key)} LIMIT :limit
    """)  # noqa: S608  names are quoted, values bound
    asked = {"lon": place.lon, "lat": place.lat, "degrees": reach / _LEAST_DEGREE_M, "reach": reach, "limit": limit}
    found = [dict(row._mapping) for row in connection.execute(query, _asked(jurisdiction_id) | asked)]
    matched = found[0]["matched"] if found else 0
    for one in found:
        del one["matched"]
    return FeaturesAt(layer, tuple(found), matched)


def features_named(
    connection: Connection, layer: Layer, words: str, *, jurisdiction_id: int, limit: int
) -> tuple[tuple[Mapping[str, Any], ...], int]:
    """Return features whose key, name or address holds some words, what fits best first.

    Parameters
    ----------
    words
        In small letters and without blanks: people write them between Chinese words, and twice, and names do not.

    Returns
    -------
    tuple of Mapping
        Values by column, without figures; `key`, and `bbox`: west, south, east, north in EPSG:4326.
    int
        How many there are.
    """
    listed = [column for column in layer.columns if not column.figure]
    names = [_quote(column.name) for column in listed if column.name in (layer.key, *_NAMES)]
    spellings = [f"replace(lower(f.{name}), ' ', '')" for name in names]
    holds = " OR ".join(f"strpos({one}, :words) > 0" for one in spellings)
    rank = ", ".join(f"CASE WHEN {one} = :words THEN 0 WHEN strpos({one}, :words) = 1 THEN 1 ELSE 2 END"
                     for one in spellings)  # fmt: skip
    geom, key = f"f.{_quote(layer.geom)}", f"f.{_quote(layer.key)}"
    # Of what is told no more than its rank and key is sorted: a word may be in every name.
    query = text(f"""
        WITH named AS MATERIALIZED (
            SELECT {key} AS key, least({rank}) AS rank, char_length({key}::text) AS length, count(*) OVER () AS matched
              FROM {_from(layer)} WHERE {_where(layer)} AND ({holds}) ORDER BY rank, length, key LIMIT :limit)
        SELECT n.key::text AS key, {_listed(listed)}, n.matched,
               ARRAY[st_xmin({geom}), st_ymin({geom}), st_xmax({geom}), st_ymax({geom})] AS bbox
          FROM named AS n JOIN {_from(layer)} ON {key} = n.key
         WHERE {_where(layer)} ORDER BY n.rank, n.length, n.key
    """)  # noqa: S608  names are quoted, values bound
    asked = _asked(jurisdiction_id) | {"words": words, "limit": limit}
    found = [dict(row._mapping) for row in connection.execute(query, asked)]
    return tuple(found), found[0]["matched"] if found else 0


def feature_rows(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, stored: bool = False
) -> tuple[tuple[tuple[object, ...], ...], Any]:
    """Return every feature of a layer, now, by key.

    Parameters
    ----------
    stored
        Rows as people write them, and not what is told of them: of a layer of people each with its counts.

    Returns
    -------
    rows
        Values in the order of the layer's columns, or of those that people write.
    geoms
        (n,) of the layer's geometry type, EPSG:4326, with every digit.
    """
    columns, relation, order = layer.columns, _from(layer), _order(layer)
    if stored:
        columns, relation, order = layer.written, f"{SCHEMA}.{_quote(layer.table)} AS f", "f.code"
    query = text(f"""
        SELECT st_asbinary(f.{_quote(layer.geom)}), {_listed(columns)} FROM {relation}
         WHERE {_where(layer)} ORDER BY {order}
    """)  # noqa: S608  names are quoted, values bound
    found = connection.execute(query, _asked(jurisdiction_id)).all()
    geoms = shapely.from_wkb(np.array([bytes(row[0]) for row in found], dtype=object))
    return tuple(tuple(row[1:]) for row in found), geoms


def features_within(
    connection: Connection, layer: Layer, *, jurisdiction_id: int, bbox: Bbox, most: int
) -> FeaturesWithin:  # fmt: skip
    """Return the features of a layer, now, whose boxes meet a box, by key.

    Parameters
    ----------
    bbox
        West, south, east, north in EPSG:4326.
    most
        Where there are more, none is returned, only how many there are.
    """
    geom = f"f.{_quote(layer.geom)}"
    within = f"{_where(layer)} AND {geom} && st_makeenvelope(:west, :south, :east, :north, 4326)"
    asked = _asked(jurisdiction_id) | dict(zip(("west", "south", "east", "north"), bbox, strict=True))
    query = text(f"""
        SELECT st_asbinary({geom}) AS geom, {_listed(layer.columns)} FROM {_from(layer)}
         WHERE {within} ORDER BY f.{_quote(layer.key)} LIMIT :most + 1
    """)  # noqa: S608  names are quoted, values bound
    found = connection.execute(query, asked | {"most": most}).all()
    if len(found) > most:
        counted = text(f"SELECT count(*) FROM {_from(layer)} WHERE {within}")  # noqa: S608  as above
        return FeaturesWithin(connection.execute(counted, asked).scalar_one(), (), np.array([], dtype=object))
    names = [column.name for column in layer.columns]
    rows = tuple(dict(zip(names, row[1:], strict=True)) for row in found)
    return FeaturesWithin(len(found), rows, shapely.from_wkb(np.array([bytes(row[0]) for row in found], dtype=object)))


def missing_columns(connection: Connection, layer: Layer) -> list[str]:
    """Return the columns that the description of a layer names and its relation has not; all without a relation."""
    relation = f"{SCHEMA}.{_quote(layer.relation)}"
    there = columns_of(connection, relation)
    wanted = [layer.key, layer.geom, *(column.name for column in layer.columns)]
    return [name for name in dict.fromkeys(wanted) if name not in there]


def places(connection: Connection, layer: Layer, ids: Sequence[str]) -> dict[str, str]:
    """Return the GeoJSON geometries of some rows of a layer's table, by their `id`."""
    table = f"{SCHEMA}.{_quote(layer.table)}"
    of_id = columns_of(connection, table)["id"].type  # an index answers for its own type only
    query = text(f"""
        SELECT t.id::text, st_asgeojson(t.{_quote(layer.geom)}, {DECIMALS})
          FROM {table} AS t WHERE t.id = ANY(CAST(CAST(:ids AS text[]) AS {of_id}[]))
    """)  # noqa: S608  names are quoted, values bound
    return {row[0]: row[1] for row in connection.execute(query, {"ids": list(ids)})}


def _listed(columns: Iterable[Column]) -> str:
    return ", ".join(f"f.{_quote(column.name)}" for column in columns)


def _from(layer: Layer) -> str:
    return f"{SCHEMA}.{_quote(layer.relation)} AS f"


def _where(layer: Layer) -> str:
    of_jurisdiction = "f.jurisdiction_id = :jurisdiction_id"
    if layer.geom != "geom":  # what a camera sees is not always known
        return f"{of_jurisdiction} AND f.{_quote(layer.geom)} IS NOT NULL"
    if not layer.bitemporal:
        return of_jurisdiction
    then, as_known = "coalesce(:at, now())", "CAST(coalesce(:known_at, 'infinity') AS timestamptz)"
    return f"{of_jurisdiction} AND f.valid @> {then} AND f.known @> {as_known}"


def _order(layer: Layer) -> str:
    newest = "" if layer.newest_by is None else f"f.{_quote(layer.newest_by)} DESC, "
    return f"{newest}f.{_quote(layer.key)}"


def _urgency(layer: Layer) -> tuple[str, str]:
    """Return what to join for the order of a layer, and the order: by urgency where it has one, ties by key."""
    if layer.urgent_by is None:
        return "", _order(layer)
    table, key = f"{SCHEMA}.{_quote(layer.table)}", _quote(layer.key)
    return f" JOIN {table} AS t ON t.{key} = f.{key}", f"{SCHEMA}.{_quote(layer.urgent_by)}(t), f.{key}"


def _asked(jurisdiction_id: int, at: datetime | None = None, known_at: datetime | None = None) -> dict[str, object]:
    return {"jurisdiction_id": jurisdiction_id, "at": at, "known_at": known_at}
