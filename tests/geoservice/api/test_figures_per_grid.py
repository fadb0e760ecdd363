"""Figures per grid: the same description at /ogc, on the map and in tiles; each is told what he may be told."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import morecantile
import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.domain.small_counts import K_MINIMUM
from tests.geoservice.web.door import Door, open_door

OGC = "/ogc/sare/collections/figures/items?limit=100"
MAP = "/maps/sare/layers/figures.geojson"
POPULATION = ("households", "residents", "floating")


@pytest.fixture
def door(community_url: str) -> Iterator[Door]:
    with open_door(community_url) as door:
        yield door


def told(door: Door, address: str, role: Role) -> dict[str, dict[str, Any]]:
    answer = door.client.get(address, headers=door.headers(role))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {one["properties"]["code"]: one["properties"] for one in answer.json["features"]}


def in_tiles(door: Door) -> dict[str, dict[str, Any]]:
    """Return what a tile that holds the whole town tells of each grid."""
    (address,) = door.client.get("/tiles/sare/figures.json").json["tiles"]
    x, y, z = morecantile.tms.get("WebMercatorQuad").tile(91.77, 29.24, 11)
    path = address.partition("/tiles/")[2].format(z=z, x=x, y=y)
    tile = door.client.get(f"/tiles/{path}", headers={"Accept-Encoding": "gzip"})
    assert tile.status_code == 200, tile.status
    features = mapbox_vector_tile.decode(gzip.decompress(tile.data))["figures"]["features"]
    return {one["properties"]["code"]: one["properties"] for one in features}


def written(url: str, query: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(query.encode())


@pytest.fixture
def few(door: Door, community_url: str) -> str:
    """Leave two households in a grid, and return it."""
    grid = min(told(door, OGC, Role.ADMIN))
    written(community_url, f"DELETE FROM geoservice.household WHERE grid_code = '{grid}' AND id NOT IN"  # noqa: S608  of ours
                  f" (SELECT id FROM geoservice.household WHERE grid_code = '{grid}' LIMIT 2)")  # fmt: skip
    return grid


def test_every_door_tells_the_same(door: Door) -> None:
    public = told(door, OGC, Role.PUBLIC)
    statistics = door.client.get("/v1/statistics?jurisdiction=sare").json["per_grid"]

    assert public == told(door, MAP, Role.PUBLIC)
    for one in statistics:
        of = public[one["code"]]
        assert [of[name] for name in ("in_hand", *POPULATION)] == [one[name] for name in ("in_hand", *POPULATION)]
    tiles = in_tiles(door)
    assert tiles.keys() == public.keys()
    for code, of in public.items():
        assert tiles[code] == {name: value for name, value in of.items() if value is not None and name != "edition"}
    assert sum(one["received_30_days"] for one in public.values()) > 0
    assert any(one["resolve_minutes"] for one in public.values())


def test_too_few_are_told_to_nobody_but_who_keeps_them_and_never_in_tiles(door: Door, few: str) -> None:
    for role in (Role.PUBLIC, Role.READER, Role.DISPATCHER, Role.ANALYST):
        of = told(door, OGC, role)[few]
        assert of["households"] is None
        assert all(of[name] is None or of[name] == 0 or of[name] >= K_MINIMUM for name in POPULATION)
    assert told(door, OGC, Role.ADMIN)[few]["households"] == 2
    # Asked for by who may see them, tiles still hold what everybody may.
    door.client.get("/tiles/sare/figures.json", headers=door.headers(Role.ADMIN))
    assert "households" not in in_tiles(door)[few]


def test_what_few_reports_took_or_were_rated_is_told_to_those_who_read_them(
    door: Door, few: str, community_url: str
) -> None:
    written(
        community_url,
        """SET session_replication_role = replica;
           DELETE FROM geoservice.incident_event WHERE rule IN ('resolved', 'rated') AND id NOT IN (
               SELECT min(id) FROM geoservice.incident_event
                WHERE rule IN ('resolved', 'rated') AND at > now() - interval '30 days' GROUP BY to_grid_code, rule)""",
    )

    public, staff = told(door, OGC, Role.PUBLIC), told(door, OGC, Role.DISPATCHER)

    assert {one["rating"] for one in public.values()} == {one["resolve_minutes"] for one in public.values()} == {None}
    assert any(one["resolve_minutes"] is not None for one in staff.values())


def test_sensitive_reports_are_counted_for_those_who_handle_them(door: Door, community_url: str) -> None:
    before, known = told(door, OGC, Role.PUBLIC), told(door, OGC, Role.DISPATCHER)
    written(community_url, "UPDATE geoservice.service SET sensitive = true WHERE code = 'light'")

    after, still = told(door, OGC, Role.PUBLIC), told(door, OGC, Role.DISPATCHER)

    assert sum(one["in_hand"] for one in after.values()) < sum(one["in_hand"] for one in before.values())
    assert still == known
    assert {code: one["in_hand"] for code, one in in_tiles(door).items()} == {
        code: one["in_hand"] for code, one in after.items()
    }


def test_tiles_follow_what_is_counted_and_keep_their_address_while_nothing_is(door: Door, community_url: str) -> None:
    def address() -> str:
        return str(door.client.get("/tiles/sare/figures.json").json["tiles"])

    first = address()
    assert address() == first
    written(
        community_url,
        "UPDATE geoservice.household SET households = households + 7"
        " WHERE id = (SELECT min(id::text)::uuid FROM geoservice.household)",
    )
    assert address() != first
    assert {code: one["households"] for code, one in in_tiles(door).items()} == {
        code: one["households"] for code, one in told(door, OGC, Role.PUBLIC).items()
    }


def test_nobody_writes_figures(door: Door) -> None:
    for method, address in (("put", "/v1/layers/figures/features/G01?jurisdiction=sare"),
                            ("delete", "/ogc/sare/collections/figures/items/G01")):  # fmt: skip
        answer = getattr(door.client, method)(address, json={}, headers=door.headers(Role.ADMIN))
        assert 400 <= answer.status_code < 500
