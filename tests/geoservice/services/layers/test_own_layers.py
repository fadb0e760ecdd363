"""A layer that people make of a file is a layer like any other, through every door, until it is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psycopg
import pyogrio
import pytest
import shapely
from flask.testing import FlaskClient
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Identity, Role
from geoservice.domain.importing.choices import Choices
from geoservice.errors import (
    LayerBuiltIn,
    LayerTaken,
    LayerUnknown,
    OwnLayerNotAsDescribed,
    OwnLayerRefused,
    OwnLayersTooMany,
    OwnLayerTooWide,
    SchemaDiffers,
)
from geoservice.reading.features import read_features
from geoservice.services import schema
from geoservice.services.layers.features import FeatureEdit
from geoservice.services.layers.own import OwnLayerLimits, OwnLayerService
from geoservice.services.qgis_projects import DatabaseAddress, QgisService
from geoservice.settings import Settings
from geoservice.wiring import Services
from layers.catalogue import catalogue, hold
from layers.errors import RefusedByDatabase
from tests.geoservice.own_layers import geojson, in_grids, make, read
from tests.geoservice.services.test_along_with_the_border import draft_without
from tests.tilegen.decoding import features_of

ANALYST = Identity(Role.ANALYST, "key")


@pytest.fixture(autouse=True)
def _no_own_layers_afterwards() -> Iterator[None]:
    yield
    hold(())


@pytest.fixture
def hydrants(services: Services, tmp_path: Path) -> Path:
    """Return a file of a hydrant in each grid."""
    kinds = ["地上", "地下"] * 4
    return geojson(
        tmp_path / "hydrants.geojson", in_grids(services), kind=kinds, pressure=[300.5] * 8, works=[True] * 8
    )


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(Settings(database_url=SecretStr("postgresql://unused")), services=services).test_client()


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def put(services: Services, key: str, edit: FeatureEdit, *, layer: str = "hydrants") -> Any:
    return services.features.put("sare", layer, key, edit, identity=ANALYST, door="api").change


def shapes(services: Services, kind: str) -> list[Any]:
    points = in_grids(services)
    if kind == "Point":
        return points
    if kind == "MultiLineString":
        return [shapely.LineString([(p.x, p.y), (p.x + 1e-4, p.y)]) for p in points]
    areas = [p.buffer(1e-4, quad_segs=2) for p in points]
    if kind == "Geometry":
        return [*shapes(services, "MultiLineString")[:4], *areas[4:]]
    return areas


@pytest.mark.parametrize("kind", ["Point", "MultiLineString", "MultiPolygon", "Geometry"])
def test_of_every_geometry_a_layer_is_made_assigned_exported_and_drawn(
    services: Services, client: FlaskClient, tmp_path: Path, kind: str, community_url: str
) -> None:
    made = make(services, geojson(tmp_path / "zones.geojson", shapes(services, kind), risk=[1.5] * 8), "zones")

    assert made.layer.geometry == kind
    owners = rows(community_url, "SELECT code, grid_code FROM geoservice.own_zones ORDER BY code")
    assert [owner for _, owner in owners] == [one["code"] for one in services.grids.grids("sare")]
    written = services.exports.export_layer("sare", "zones", tmp_path / "zones.gpkg")
    assert written.features == pyogrio.read_arrow(tmp_path / "zones.gpkg")[1].num_rows == 8
    assert len(tile_of(client, "zones")) == 8
    draft = services.drafts.create("sare", title="next").id
    project = QgisService(services.database).write_draft(
        draft, tmp_path / "project", address=DatabaseAddress("127.0.0.1", 5432, "geoservice"), language="en"
    )
    names = [one.findtext("layername") for one in ElementTree.parse(project.project).iter("maplayer")]  # noqa: S314
    assert any(str(name).startswith("Hydrants") for name in names)
    schema.check(community_url)


def tile_of(client: FlaskClient, layer: str) -> list[Any]:
    (address,) = client.get(f"/tiles/sare/{layer}.json").get_json()["tiles"]
    tile = client.get(address.replace("{z}/{x}/{y}", "14/12368/6799"), follow_redirects=True)
    return sorted(one.properties["code"] for one in features_of(tile.data, layer))


def test_it_is_on_the_map_and_described_to_machines(services: Services, client: FlaskClient, hydrants: Path) -> None:
    make(services, hydrants)

    page = client.get("/maps/sare?lang=en").get_data(as_text=True)
    shown = client.get("/maps/sare/layers/hydrants.geojson").get_json()
    described = client.get("/v1/layers/hydrants").get_json()

    assert '"key": "own_hydrants"' in page
    assert "Hydrants" in page
    assert shown["numberMatched"] == 8
    assert {one["properties"]["kind"] for one in shown["features"]} == {"地上", "地下"}
    assert [(one["name"], one["type"]) for one in described["columns"]] == [
        ("code", "text"), ("kind", "text"), ("pressure", "number"), ("works", "boolean"), ("grid_code", "text"),
    ]  # fmt: skip
    assert set(described["columns"][1]["codes"]) == {"地上", "地下"}
    assert '"layer": "hydrants"' in page


def test_every_door_writes_it_with_history_and_each_change_is_undone(
    services: Services, client: FlaskClient, hydrants: Path, community_url: str
) -> None:
    make(services, hydrants)
    assert tile_of(client, "hydrants") == [f"F{n}" for n in range(8)]
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.own_hydrants (jurisdiction_id, code, kind, geom)"
            " SELECT jurisdiction_id, 'by-sql', '地上', geom FROM geoservice.own_hydrants WHERE code = 'F0'"
        )
    key = services.keys.create(Role.ANALYST, "test")
    headers = {"Authorization": f"Bearer {key}"}
    address = "/v1/layers/hydrants/features"
    answered = client.put(
        f"{address}/F1?jurisdiction=sare", json={"properties": {"pressure": 1.5}}, headers=headers
    ).get_json()
    removed = client.delete(f"{address}/F2?jurisdiction=sare", headers=headers)
    assert removed.status_code == 200
    assert tile_of(client, "hydrants") == ["F0", "F1", "F3", "F4", "F5", "F6", "F7", "by-sql"]
    wrong = client.put(f"{address}/F1?jurisdiction=sare", json={"properties": {"kind": "空中"}}, headers=headers)
    assert wrong.status_code == 422
    assert "one of 地上, 地下" in wrong.get_data(as_text=True)

    history = services.features.history("sare", "hydrants", "F1")
    assert [one.values["pressure"] for one in history] == [1.5, 300.5]
    assert [one.made_by.door for one in history] == ["api", "command"]
    services.features.undo(answered["change"]["id"], actor="t", door="command")
    services.features.undo(removed.get_json()["change"]["id"], actor="t", door="command")

    assert services.features.feature("sare", "hydrants", "F1", identity=ANALYST)["pressure"] == 300.5
    assert len(tile_of(client, "hydrants")) == 9


def test_a_later_file_is_imported_and_undone(services: Services, hydrants: Path, tmp_path: Path) -> None:
    make(services, hydrants)
    later = geojson(tmp_path / "later.geojson", in_grids(services)[:3], kind=["地下", "地下", "水鹤"])
    found = read_features(str(later), catalogue()["hydrants"], Choices(crs="wgs84"))
    applied = services.layer_imports.apply("sare", "hydrants", found, actor="t", door="command")

    assert (applied.difference.changed, len(applied.difference.refused)) == (1, 1)
    assert applied.change is not None
    services.features.undo(applied.change.id, actor="t", door="command")
    assert services.layer_imports.compare("sare", "hydrants", found).changed == 1


def test_a_publication_tells_that_it_moves_and_moves_it(services: Services, hydrants: Path, community_url: str) -> None:
    make(services, hydrants)
    gone = services.grids.grids("sare")[0]["code"]
    draft, neighbour = draft_without(services, gone)

    impact = services.editions.preview(draft)
    moved = [(one.code, one.from_grid, one.to_grid) for one in impact.preview.moves if one.kind == "own_hydrants"]
    assert moved == [("F0", gone, neighbour)]
    services.editions.publish(draft, preview_id=impact.preview.id)

    assert rows(community_url, "SELECT grid_code FROM geoservice.own_hydrants WHERE code = 'F0'") == [(neighbour,)]


def test_another_jurisdiction_uses_the_same_layer(services: Services, hydrants: Path, community_url: str) -> None:
    made = make(services, hydrants)
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid) SELECT 'second', 'Second',"
            " st_translate(outline, 1, 0), metric_srid FROM geoservice.jurisdiction WHERE code = 'sare'"
        )

    applied = services.layer_imports.apply("second", "hydrants", made.features, actor="t", door="command")

    assert applied.difference.added == 8
    dropped = services.own_layers.drop("hydrants", actor="t", door="command", commit=False)
    assert dropped.contents.features == {"sare": 8, "second": 8}


def test_it_is_dropped_with_its_features_history_and_tiles(
    services: Services, client: FlaskClient, hydrants: Path, community_url: str
) -> None:
    make(services, hydrants)
    put(services, "F0", FeatureEdit({"pressure": 2.0}))
    tile_of(client, "hydrants")
    change = services.features.changes("sare", layer_id="hydrants", limit=5)[-1]

    looked = services.own_layers.drop("hydrants", actor="t", door="command", commit=False)
    assert looked.contents.features["sare"] == 8
    assert looked.contents.versions == 1
    assert services.own_layers.drop("hydrants", actor="t", door="command", commit=True) == looked

    assert client.get("/v1/layers/hydrants").status_code == 404
    assert client.get("/tiles/sare/hydrants.json").status_code == 404
    left = (
        "SELECT (SELECT count(*) FROM geoservice.tile_set WHERE layer = 'hydrants'),"
        " (SELECT count(*) FROM pg_class WHERE relname LIKE 'own_hydrants%')"
    )
    assert rows(community_url, left) == [(0, 0)]
    with pytest.raises(RefusedByDatabase, match="was dropped since"):
        services.features.undo(change.id, actor="t", door="command")
    told = services.features.changes("sare", limit=1)[0]
    assert told.note == "layer hydrants dropped"
    assert [one.removed for one in told.counts] == [8]
    schema.check(community_url)

    make(services, hydrants)  # of the same name, and another one
    with pytest.raises(RefusedByDatabase, match="was dropped since"):
        services.features.undo(change.id, actor="t", door="command")
    with pytest.raises(RefusedByDatabase, match="was dropped since"):
        services.features.undo(told.id, actor="t", door="command")


def test_what_is_tried_leaves_nothing(services: Services, hydrants: Path, community_url: str) -> None:
    made = read(hydrants)

    tried = services.own_layers.create("sare", made.layer, made.features, actor="t", door="command", commit=False)

    assert tried.difference.added == 8
    assert "hydrants" not in catalogue()
    assert rows(community_url, "SELECT count(*) FROM geoservice.layer WHERE description IS NOT NULL") == [(0,)]
    schema.check(community_url)


def test_names_limits_and_built_in_layers(services: Services, hydrants: Path) -> None:
    made = make(services, hydrants)

    def created(name: str, *, limits: OwnLayerLimits = OwnLayerLimits()) -> None:  # noqa: B008  frozen
        again = read(hydrants, name)
        OwnLayerService(services.database, limits).create(
            "sare", again.layer, again.features, actor="t", door="command", commit=True
        )

    for taken in ("hydrants", "cameras"):
        with pytest.raises(LayerTaken):
            created(taken)
    hostile = (
        "",
        "1a",
        "a-b",
        "Ä",
        "消火栓",
        "a" * 41,
        'x"; DROP TABLE geoservice.camera; --',
        "A",
        "a b",
        "a_history",
    )
    for name in hostile:
        with pytest.raises(OwnLayerRefused, match="small letters"):
            created(name)
    with pytest.raises(OwnLayersTooMany):
        created("more", limits=OwnLayerLimits(layers=1))
    with pytest.raises(OwnLayerTooWide):
        created("more", limits=OwnLayerLimits(columns=2))
    with pytest.raises(LayerBuiltIn):
        services.own_layers.drop("cameras", actor="t", door="command", commit=True)
    with pytest.raises(LayerUnknown):
        services.own_layers.drop("nothing", actor="t", door="command", commit=True)
    assert set(catalogue()) >= {made.layer.id, "cameras"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "features"),
    [
        ("UPDATE geoservice.layer SET description = '{}' WHERE id = 'hydrants'", 8),
        ("UPDATE geoservice.layer SET description = '[5]' WHERE id = 'hydrants'", 8),
        ("DROP TABLE geoservice.own_hydrants", 0),
        ("DROP TABLE geoservice.own_hydrants_history CASCADE", 8),
        ("DROP TABLE geoservice.own_hydrants, geoservice.own_hydrants_history", 0),
    ],
)
def test_what_is_not_as_described_is_dropped_all_the_same(
    services: Services, hydrants: Path, community_url: str, spoil: str, features: int
) -> None:
    make(services, hydrants)
    with psycopg.connect(community_url) as connection:
        connection.execute(spoil.encode())
    services.own_layers.renew()

    looked = services.own_layers.drop("hydrants", actor="t", door="command", commit=False)
    assert services.own_layers.drop("hydrants", actor="t", door="command", commit=True) == looked
    assert sum(looked.contents.features.values()) == features
    assert "hydrants" not in catalogue()
    assert rows(community_url, "SELECT FROM geoservice.layer WHERE id = 'hydrants'") == []
    assert rows(community_url, "SELECT FROM pg_class WHERE relname LIKE 'own\\_hydrants%'") == []
    make(services, hydrants)


def test_a_page_shows_hostile_words_as_words(services: Services, client: FlaskClient, tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    file = geojson(
        tmp_path / "evil.geojson", in_grids(services), **{evil: [evil, '"><img src=x onerror=alert(1)>'] * 4}
    )
    make(services, file, "evil")

    for address in ("/maps/sare", "/maps/sare/tiles"):
        page = client.get(address).get_data(as_text=True)
        assert "alert(1)</script>" not in page
        assert "<img src=x" not in page


@pytest.mark.slow
def test_a_table_that_is_not_as_described_is_told(services: Services, hydrants: Path, community_url: str) -> None:
    make(services, hydrants)
    for spoiling, told in (
        ("ALTER TABLE geoservice.own_hydrants ADD COLUMN extra text", "column extra is not described"),
        (
            "ALTER TABLE geoservice.own_hydrants DROP COLUMN pressure CASCADE",
            "column pressure is missing",
        ),
        ("ALTER TABLE geoservice.own_hydrants DISABLE TRIGGER assign_grid", "trigger assign_grid"),
        ("DROP TABLE geoservice.own_hydrants", "there is no table own_hydrants"),
        ("UPDATE geoservice.layer SET description = '{}' WHERE id = 'hydrants'", "says too little"),
    ):
        with psycopg.connect(community_url) as connection:
            connection.execute(spoiling.encode())
        with pytest.raises(OwnLayerNotAsDescribed, match=told):
            schema.check(community_url)
    services.own_layers.renew()
    assert "hydrants" not in catalogue()
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.layer WHERE id = 'hydrants'")
    with pytest.raises(SchemaDiffers, match="own_hydrants_history"):
        schema.check(community_url)
