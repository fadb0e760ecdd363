"""A layer that people made is a collection like any other, at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.wiring import Services
from layers.catalogue import hold
from tests.geoservice.own_layers import geojson, in_grids, make

ITEMS = "/ogc/sare/collections/hydrants/items"


@pytest.fixture(autouse=True)
def _no_own_layers_afterwards() -> Iterator[None]:
    yield
    hold(())


def test_an_own_layer_is_read_filtered_and_edited(services: Services, client: FlaskClient, tmp_path: Path) -> None:
    kinds = ["地上", "地下"] * 4
    make(services, geojson(tmp_path / "hydrants.geojson", in_grids(services), kind=kinds, pressure=[300.5] * 8))
    headers = {"Authorization": f"Bearer {services.keys.create(Role.ANALYST, 'test')}"}

    assert "hydrants" in [one["id"] for one in client.get("/ogc/sare/collections").json["collections"]]
    assert client.get("/ogc/sare/collections/hydrants/queryables").json["properties"]["kind"]["enum"] == kinds[:2]
    assert client.get(f"{ITEMS}?filter=kind%3D'地上'%20AND%20pressure>300").json["numberMatched"] == 4
    assert "POST" in client.options(ITEMS, headers=headers).headers["Allow"]

    place = client.get(f"{ITEMS}/F1").json["geometry"]
    body = {"type": "Feature", "geometry": place, "properties": {"kind": "地下", "pressure": 1.5}}
    made = client.post(ITEMS, json=body, headers=headers)
    assert made.status_code == 201
    read = client.get(made.headers["Location"]).json
    assert read["properties"]["pressure"] == 1.5
    assert read["properties"]["grid_code"] == client.get(f"{ITEMS}/F1").json["properties"]["grid_code"]
    assert (
        client.patch(made.headers["Location"], json={"properties": {"kind": "空中"}}, headers=headers).status_code
        == 400
    )
    assert client.delete(made.headers["Location"], headers=headers).status_code == 204
    assert client.get(ITEMS).json["numberMatched"] == 8
