"""Own layers in the database: which there are, made, dropped, compared with their tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.db.base import SCHEMA
from layers.db.history import history_of
from layers.db.relations import columns_of
from layers.layer import Layer
from layers.own_layers.description import NotDescribed, described, layer_of, own_columns

_VIEW = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
_ALL = text("SELECT l.id, l.description FROM geoservice.layer AS l WHERE l.description IS NOT NULL ORDER BY l.id")
_TABLES = text("SELECT l.table_name FROM geoservice.layer AS l WHERE l.description IS NOT NULL")
_TABLE = text("SELECT l.table_name FROM geoservice.layer AS l WHERE l.description IS NOT NULL AND l.id = :id")
_JURISDICTIONS = text("SELECT j.code FROM geoservice.jurisdiction AS j ORDER BY j.code")
_CREATE = text("""
    SELECT geoservice.create_layer(
        :name, CAST(:described AS jsonb), CAST(:tiled AS text[]), :min_zoom, :cell_level, CAST(:counted AS text[]))
""")
_DROP = text("SELECT geoservice.drop_layer(:name, :door)")
_TRIGGERS = text("""
    SELECT t.tgname FROM pg_catalog.pg_trigger AS t
     WHERE t.tgrelid = to_regclass(:table) AND t.tgenabled IN ('O', 'A') AND NOT t.tgisinternal
""")
_TYPES = {"text": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean",
          "instant": "timestamp with time zone"}  # fmt: skip
_EVERY = {"id": "bigint", "jurisdiction_id": "integer", "code": "text", "grid_code": "text", "change_id": "bigint",
          "recorded_at": "timestamp with time zone", "geom_3857": "geometry(Geometry,3857)"}  # fmt: skip
#: Triggers that give features their grid and keep their history.
_NEEDED = ("assign_grid", "stamp_new_version", "stamp_next_version", "keep_versions_insert", "keep_versions_update",
           "keep_versions_delete")  # fmt: skip
_quote = postgresql.dialect().identifier_preparer.quote_identifier


@dataclass(frozen=True)
class Contents:
    """How much there is of a layer, in all jurisdictions."""

    #: By code, of every jurisdiction.
    features: dict[str, int]
    #: What features were before they were changed or removed.
    versions: int


class OwnLayers(NamedTuple):
    """The own layers by id; without those whose description can not be read, which `faults` tells."""

    layers: tuple[Layer, ...] = ()
    #: Of the reading, for `layers.catalogue.hold`.
    view: int = 0


def own_layers(connection: Connection) -> OwnLayers:
    """Return the own layers."""
    view: int = connection.execute(
        _VIEW
    ).scalar_one()  # first: what commits between is in the layers and not in the view
    return OwnLayers(tuple(layer for _, layer in _read(connection) if isinstance(layer, Layer)), view)


def own_tables(connection: Connection) -> tuple[str, ...]:
    """Return the tables of own layers, those whose description can not be read among them."""
    return tuple(connection.execute(_TABLES).scalars())


def _read(connection: Connection) -> Iterator[tuple[str, Layer | NotDescribed]]:
    for id_, kept in connection.execute(_ALL):
        try:
            yield id_, layer_of(id_, kept)
        except NotDescribed as exc:
            yield id_, exc


def create_layer(connection: Connection, layer: Layer) -> None:
    """Make an own layer; raise RefusedByDatabase."""
    tiling = layer.tiling
    connection.execute(_CREATE, {
        "name": layer.id, "described": json.dumps(described(layer)), "tiled": list(layer.tile_columns),
        "min_zoom": tiling.min_zoom if tiling else None, "cell_level": tiling.cell_level if tiling else None,
        "counted": list(tiling.counted) if tiling else [],
    })  # fmt: skip


def drop_layer(connection: Connection, layer_id: str, *, door: str) -> None:
    """Drop an own layer with its features, their history and their tiles; raise RefusedByDatabase."""
    connection.execute(_DROP, {"name": layer_id, "door": door})


def find_table(connection: Connection, layer_id: str) -> str | None:
    """Return the name of an own layer's table, whether its description can be read or not; None: there is no layer."""
    found: str | None = connection.execute(_TABLE, {"id": layer_id}).scalar_one_or_none()
    return found


def contents_of(connection: Connection, table: str) -> Contents:
    """Return how much there is of the layer of a table; nothing where the table is gone."""
    home, twin = f"{SCHEMA}.{_quote(table)}", f"{SCHEMA}.{_quote(history_of(table))}"
    kept = [name for name in (home, twin) if columns_of(connection, name)]
    features, versions = dict.fromkeys(connection.execute(_JURISDICTIONS).scalars(), 0), 0
    if home in kept:
        counted = text(f"""
            SELECT j.code, count(*) FROM {home} AS f JOIN geoservice.jurisdiction AS j ON j.id = f.jurisdiction_id
             GROUP BY j.code
        """)  # noqa: S608  names are quoted
        features |= {code: number for code, number in connection.execute(counted)}
    if twin in kept:
        versions = connection.execute(text(f"SELECT count(*) FROM {twin}")).scalar_one()  # noqa: S608  quoted
    return Contents(features, versions)


def faults(connection: Connection) -> dict[str, str]:
    """Return by id what of own layers is not as it is described: the description, columns, triggers, the twin."""
    found: dict[str, str] = {}
    for id_, layer in _read(connection):
        wrong = [str(layer)] if isinstance(layer, NotDescribed) else list(_differences(connection, layer))
        if wrong:
            found[id_] = "; ".join(wrong)
    return found


def _differences(connection: Connection, layer: Layer) -> Iterator[str]:
    table = f"{SCHEMA}.{_quote(layer.table)}"
    there = {name: one.type for name, one in columns_of(connection, table).items()}
    if not there:
        yield f"there is no table {layer.table}"
        return
    wanted = _EVERY | {"geom": f"geometry({layer.geometry},4326)"}
    wanted |= {column.name: _TYPES[column.type] for column in own_columns(layer)}
    yield from (f"column {name} is missing" for name in wanted if name not in there)
    yield from (f"column {name} is not described" for name in there if name not in wanted)
    yield from (
        f"column {name} is {there[name]}, not {type_}"
        for name, type_ in wanted.items()
        if name in there and there[name] != type_
    )
    triggers = set(connection.execute(_TRIGGERS, {"table": table}).scalars())
    needed = (*_NEEDED, *(f"tiles_{what}_{layer.id}" for what in ("added", "removed", "changed")))
    yield from (f"trigger {name} is missing or switched off" for name in needed if name not in triggers)
    twin = f"{SCHEMA}.{_quote(history_of(layer.table))}"
    if not columns_of(connection, twin):
        yield f"there is no table {history_of(layer.table)}"
