"""What is known of a place: the owner that /v1/owner names, and what of each layer is there for whoever asks."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from tests.conftest import LiveServer
from tests.depth import depths
from tests.geoservice.web.door import Door

WEST, SOUTH, EAST, NORTH = 91.7640, 29.2350, 91.7780, 29.2445


def at(door: Door, lon: float, lat: float, role: Role | None = Role.DISPATCHER, **more: Any) -> Any:
    headers = {} if role is None else door.headers(role)
    asked = {"jurisdiction": "sare", "lon": lon, "lat": lat} | more
    return door.client.get("/v1/place", query_string=asked, headers=headers)


def owner(door: Door, lon: float, lat: float) -> Any:
    return door.client.get("/v1/owner", query_string={"jurisdiction": "sare", "lon": lon, "lat": lat}).json


def lasting(told: dict[str, Any]) -> dict[str, Any]:
    """Return an owner without the instants at which it was asked."""
    return {name: value for name, value in told.items() if name not in ("at", "as_of")}


@depths(40, 1000)
def test_the_owner_is_the_one_that_the_look_up_names(door: Door, depth: int) -> None:
    chance = random.Random(20261130)
    found = set()
    for _ in range(depth):
        lon, lat = round(chance.uniform(WEST, EAST), 7), round(chance.uniform(SOUTH, NORTH), 7)
        told = at(door, lon, lat).json["owner"]
        assert lasting(told) == lasting(owner(door, lon, lat))
        found.add(None if told["grid"] is None else told["grid"]["code"])
    assert len(found) == 9  # each grid, and none


@pytest.fixture(scope="module")
def building(live: LiveServer) -> tuple[str, float, float]:
    """Return a building that a camera sees, and a place in it."""
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute("""
            SELECT b.code, st_x(p.geom), st_y(p.geom)
              FROM geoservice.building AS b, LATERAL (SELECT st_pointonsurface(b.geom) AS geom) AS p
             WHERE EXISTS (SELECT FROM geoservice.camera AS c WHERE st_covers(c.sector, p.geom)) ORDER BY 1 LIMIT 1
        """).fetchone()
    assert row is not None
    return row


def test_what_is_there_is_told_by_layer(door: Door, live: LiveServer, building: tuple[str, float, float]) -> None:
    code, lon, lat = building
    with psycopg.connect(live.database_url) as connection:
        open_near, seen = connection.execute(
            "SELECT (SELECT count(*) FROM geoservice.incident AS i WHERE geoservice.is_open(i.status)"
            "  AND st_distance(i.geom::geography, p::geography) <= 60),"
            " (SELECT array_agg(c.code ORDER BY c.code) FROM geoservice.camera AS c WHERE st_covers(c.sector, p))"
            " FROM st_setsrid(st_makepoint(%s, %s), 4326) AS p", [lon, lat]
        ).fetchone()  # type: ignore[misc]  # fmt: skip

    told = at(door, lon, lat, within_m=60).json

    layers = {one["layer"]: one for one in told["layers"]}
    assert [one["id"] for one in layers["buildings"]["features"]] == [code]
    assert layers["buildings"]["features"][0]["distance_m"] == 0
    assert layers.get("incidents", {"matched": 0})["matched"] == open_near
    assert sorted(one["code"] for one in told["cameras"]) == seen
    assert all(one["distance_m"] <= 60 for layer in layers.values() for one in layer["features"])
    assert set(layers) <= {"incidents", "buildings", "cameras", "organisations"}


def test_coordinates_are_read_in_the_system_that_is_said(door: Door) -> None:
    told = at(door, 91.77, 29.24, crs="gcj02").json["owner"]["position"]

    assert told != [91.77, 29.24]
    assert told == owner_position(door)


def owner_position(door: Door) -> list[float]:
    asked = {"jurisdiction": "sare", "x": 91.77, "y": 29.24, "crs": "gcj02"}
    return door.client.get("/v1/owner", query_string=asked).json["position"]


@pytest.mark.parametrize(("query", "status"), [
    ({"lon": 200}, 422), ({"lat": "x"}, 422), ({"within_m": 201}, 422), ({"crs": "epsg:4326"}, 422),
    ({"jurisdiction": "none"}, 404), ({"more": 1}, 422),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(door: Door, query: dict[str, Any], status: int) -> None:
    asked = {"jurisdiction": "sare", "lon": 91.77, "lat": 29.24} | query

    answer = door.client.get("/v1/place", query_string=asked, headers=door.headers(Role.DISPATCHER))

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
