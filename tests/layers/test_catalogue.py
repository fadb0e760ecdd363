"""What the catalogue says of a layer is so in the database, is in the documents, and is said in both languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from layers.catalogue import catalogue, owned, styles
from layers.layer import Layer
from layers.title import Title

ROOT = Path(__file__).parents[2]
#: What a relation has beside the columns that are told: keys of the database, shapes, periods, the hour and the change.
TECHNICAL = {"id", "jurisdiction_id", "geom", "geom_3857", "sector", "sector_3857", "valid", "known", "recorded_at",
             "change_id", "urgency"}  # fmt: skip
TYPES = {
    "text": {"text", "uuid"},
    "integer": {"smallint", "integer", "bigint", "numeric"},
    "number": {"double precision"},
    "boolean": {"boolean"},
    "instant": {"timestamp with time zone"},
}
every_layer = pytest.mark.parametrize("layer", catalogue().values(), ids=list(catalogue()))


def columns_of(connection: Connection[Any], relation: str) -> dict[str, tuple[str, bool]]:
    """Return type and nullability of each column of a relation."""
    rows = connection.execute(
        "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'geoservice' AND table_name = %s",
        [relation],
    )
    return {name: (type_, nullable) for name, type_, nullable in rows}


def titles_of(layer: Layer) -> Iterator[Title]:
    yield from (layer.title, layer.one, layer.description)
    for column in layer.columns:
        yield column.title
        yield from column.codes.values()
    yield from (style.title for style in layer.styles if style.title is not None)


def test_the_columns_of_layers_are_those_of_their_relations(connection: Connection[Any]) -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for layer in catalogue().values():
        told[layer.relation] |= {column.name for column in layer.columns}

    for relation, names in told.items():
        there = set(columns_of(connection, relation))
        assert names <= there, relation
        assert there - names <= TECHNICAL, relation


@every_layer
def test_columns_have_the_type_that_is_told(connection: Connection[Any], layer: Layer) -> None:
    there = columns_of(connection, layer.relation)
    for column in layer.columns:
        type_, nullable = there[column.name]
        assert type_ in TYPES[column.type], column.name
        if (
            layer.relation == layer.table
        ):  # of a view's columns the database knows nothing better than that they may be null
            assert column.nullable == nullable, column.name


@every_layer
def test_whether_a_feature_may_lack_a_place_is_told(connection: Connection[Any], layer: Layer) -> None:
    _, nullable = columns_of(connection, layer.table)[layer.geom]

    assert layer.may_lack_place == nullable


def test_the_database_knows_the_same_layers(connection: Connection[Any]) -> None:
    rows = connection.execute(
        "SELECT id, table_name, key_column, assignment, personal FROM geoservice.layer ORDER BY id"
    )

    described = [(one.id, one.table, one.key, one.assignment, one.personal) for one in catalogue().values()]
    assert rows.fetchall() == described


@pytest.mark.parametrize("layer", [one for one in catalogue().values() if one.id != "grids"], ids=lambda one: one.id)
def test_the_database_cuts_tiles_as_the_catalogue_says(connection: Connection[Any], layer: Layer) -> None:
    known = connection.execute(
        "SELECT tiled, min_zoom, cell_level, counted FROM geoservice.layer WHERE id = %s", [layer.id]
    ).fetchone()
    followed = connection.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgname = ANY(%s)",
        [[f"tiles_{what}_{layer.id}" for what in ("added", "removed", "changed", "truncated")]],
    ).fetchone()

    if layer.tiling is None:
        assert followed == (0,)
        return
    tiling = layer.tiling
    assert followed == (4,)
    assert known == (list(layer.tile_columns), tiling.min_zoom, tiling.cell_level, list(tiling.counted))
    assert {*layer.tile_columns, *tiling.counted} <= set(columns_of(connection, layer.table))
    assert {*layer.tile_columns} <= {column.name for column in layer.columns} | {"late"}


@pytest.mark.parametrize("layer", owned(), ids=lambda layer: layer.id)
def test_a_layer_that_grids_own_is_assigned_by_a_trigger(connection: Connection[Any], layer: Layer) -> None:
    routines = {"place": "assign_grid", "building": "assign_grid_of_building", "routing": "route_incident"}
    rows = connection.execute(
        "SELECT p.proname FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid"
        " WHERE t.tgrelid = ('geoservice.' || %s)::regclass AND t.tgenabled = 'O'",
        [layer.table],
    )

    assert routines[layer.assignment or ""] in set(chain.from_iterable(rows))


@every_layer
def test_everything_is_said_in_both_languages(layer: Layer) -> None:
    for title in titles_of(layer):
        assert title.zh.strip(), title
        assert title.en.strip(), title
        assert title.zh != title.en


@every_layer
def test_codes_of_a_legend_and_of_paints_are_codes_of_the_column(layer: Layer) -> None:
    for style in layer.styles:
        used = {*style.legend, *style.paints, *style.only}
        assert not used or used <= set(layer.column(style.by).codes)


def test_styles_are_told_apart_by_their_ids_and_their_order() -> None:
    ids = [style.id for _, style in styles()]
    orders = [style.order for _, style in styles()]

    assert len(set(ids)) == len(ids)
    assert len(set(orders)) == len(orders)


def test_each_status_of_an_incident_that_is_shown_is_shown_by_one_style() -> None:
    shown = list(chain.from_iterable(style.only for style in catalogue()["incidents"].styles))

    assert len(shown) == len(set(shown))
    assert {"duplicate", "cancelled"} == set(catalogue()["incidents"].column("status").codes) - set(shown)


@every_layer
def test_no_personal_layer_is_served_raw(connection: Connection[Any], layer: Layer) -> None:
    if not layer.personal:
        return
    counted = {"jurisdiction_id", "geom", "grid_code", "building_code", "households"}
    raw = set(columns_of(connection, layer.table)) - counted

    assert layer.relation != layer.table
    assert not raw & {column.name for column in layer.columns}


def test_layers_are_in_the_documents() -> None:
    lines = ["| layer | 图层 | geometry | a grid owns it | what |", "|---|---|---|---|---|"]
    for layer in catalogue().values():
        owner = {"place": "by its place", "building": "by its building", "routing": "by routing"}.get(
            layer.assignment or ""
        )
        told = f"{layer.description.en} {layer.description.zh}"
        lines.append(
            f"| {layer.id}: {layer.title.en} | {layer.title.zh} | {layer.geometry} | {owner or 'no'} | {told} |"
        )

    assert (ROOT / "docs" / "layers.md").read_text(encoding="utf-8").count("\n".join(lines)) == 1
