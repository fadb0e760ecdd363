"""What is told of households over HTTP: nothing of a few, nor by subtraction, but to those who may see single ones."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.domain.small_counts import K_MINIMUM
from tests.geoservice.api.draft_calls import ready
from tests.geoservice.web.door import Door

#: Borders that are drawn one after the other, some metres apart.
BORDERS = 14


def figures_of(door: Door, part: float, role: Role) -> dict[str, Any]:
    """Split a grid at a part of its width in a draft of one's own, and return all that is told of households then."""
    draft = ready(door)
    grid = min(draft.grids)
    west, south, east, north = draft.grids[grid].geom.bounds
    at = west + (east - west) * part
    headers = door.headers(role) | {"If-Match": draft.etag}
    body = {"code": grid, "line": [[at, south - 0.001], [at, north + 0.001]], "codes": [grid, "new"],
            "names": ["one", "two"]}  # fmt: skip
    assert door.client.post(f"/v1/editions/{draft.id}/split", json=body, headers=headers).status_code == 200
    found = door.client.post(f"/v1/editions/{draft.id}/validate", json={}, headers=door.headers(role)).json["features"]
    told = door.client.post(f"/v1/editions/{draft.id}/preview", json={}, headers=door.headers(role)).json
    shown = door.headers(role) | {"If-Match": draft.etag}
    gone = door.client.post(f"/v1/editions/{draft.id}/withdraw", json={}, headers=shown)
    assert gone.status_code == 200
    flow = [one for one in told["flows"] if (one["kind"], one["to_grid"]) == ("household", "new")]
    after = {one["code"]: one["after"] for one in told["grids"]}
    counted = [re.search(r"Grid new has (\d+) households", one["properties"]["message"]) for one in found]
    sizes = [int(one[1]) for one in counted if one]
    return {
        "count": flow[0]["count"] if flow else 0, "residents": flow[0]["residents"] if flow else 0,
        "floating": flow[0]["floating"] if flow else None, "left": after.get(grid, {}).get("households"),
        "found": sizes[0] if sizes else None,
    }  # fmt: skip


def differences(figures: list[dict[str, Any]], name: str) -> set[int]:
    known = [one[name] for one in figures if one[name] is not None]
    return {abs(after - before) for before, after in pairwise(known)} - {0}


@pytest.fixture(scope="module")
def parts() -> list[float]:
    return [0.40 + number * 0.006 for number in range(BORDERS)]


def test_borders_drawn_one_beside_the_other_tell_no_household_between(door: Door, parts: list[float]) -> None:
    seen = [figures_of(door, part, Role.ANALYST) for part in parts]
    whole = [figures_of(door, part, Role.ADMIN) for part in parts]

    # What an administrator is told shows that there is something to be found.
    assert min(differences(whole, "count")) < K_MINIMUM
    assert min(differences(whole, "residents")) < K_MINIMUM * 4
    for name in ("count", "residents", "left", "found"):
        assert min(differences(seen, name), default=K_MINIMUM) >= K_MINIMUM, name
    assert {one["floating"] for one in seen} == {None}
    # And yet it is good for drawing: a neighbourhood is small.
    assert all(abs(told["count"] - exact["count"]) <= 40 for told, exact in zip(seen, whole, strict=True))


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.READER, Role.REPORTER, Role.DISPATCHER, Role.ANALYST, Role.AUDITOR])
def test_buildings_tell_few_households_neither_by_themselves_nor_by_what_they_leave(door: Door, role: Role) -> None:
    headers = door.headers(role)
    buildings = door.client.get("/ogc/sare/collections/buildings/items?limit=10000", headers=headers).json["features"]
    points = door.client.get("/maps/sare/layers/households.geojson", headers=headers).json["features"]
    grids = door.client.get("/v1/statistics?jurisdiction=sare", headers=headers).json

    told = {one["properties"]["code"]: one["properties"]["households"] for one in buildings}
    assert min(count for count in told.values() if count is not None) >= K_MINIMUM
    assert {one["properties"]["building_code"]: one["properties"]["households"] for one in points} == {
        code: count for code, count in told.items() if count is not None
    }
    for grid in grids["per_grid"]:
        there = [one["properties"] for one in buildings if one["properties"]["grid_code"] == grid["code"]]
        left = grid["households"] - sum(one["households"] or 0 for one in there)
        assert left == 0 or left >= K_MINIMUM
    assert door.client.get("/v1/layers/households/features?jurisdiction=sare", headers=headers).status_code in (
        401,
        403,
    )
    filtered = "/ogc/sare/collections/buildings/items?filter=households%3C5"
    assert door.client.get(filtered, headers=headers).json["numberMatched"] == 0


def test_who_may_see_single_households_is_told_all(door: Door) -> None:
    def counts(role: Role) -> dict[str, tuple[str, int | None]]:
        address = "/ogc/sare/collections/buildings/items?limit=10000"
        found = door.client.get(address, headers=door.headers(role)).json["features"]
        return {one["id"]: (one["properties"]["grid_code"], one["properties"]["households"]) for one in found}

    every, own = counts(Role.ADMIN), counts(Role.OFFICER)
    assert None not in {count for _, count in every.values()}
    served = {code for code, (grid, _) in own.items() if grid == "G03"}
    assert {code: own[code] for code in served} == {code: every[code] for code in served}
    assert None in {count for code, (_, count) in own.items() if code not in served}


def test_a_grid_of_few_is_not_told_and_neither_is_the_total(community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        grid = "(SELECT min(grid_code) FROM geoservice.household)"
        connection.execute(
            f"DELETE FROM geoservice.household WHERE grid_code = {grid} AND id NOT IN"  # noqa: S608  a query of ours
            f" (SELECT id FROM geoservice.household WHERE grid_code = {grid} LIMIT 2)".encode()
        )
        connection.execute("SET LOCAL ROLE geoservice_visitor")
        told = connection.execute(
            "SELECT households, residents FROM geoservice.served_grid WHERE upper_inf(known) AND upper_inf(valid)"
        ).fetchall()
        total = connection.execute("SELECT households FROM geoservice.served_jurisdiction").fetchone()

    assert [one[0] for one in told].count(None) == 1
    assert total == (None,)


def test_nobody_reads_households_who_only_draws(door: Door) -> None:
    for method, address, body in (
        ("put", "/v1/layers/households/features/one?jurisdiction=sare", {"properties": {"floating": 1}}),
        ("delete", "/v1/layers/households/features/one?jurisdiction=sare", None),
        ("get", "/v1/layers/households/features/one/history?jurisdiction=sare", None),
    ):
        answer = door.client.open(address, method=method.upper(), json=body, headers=door.headers(Role.ANALYST))
        assert answer.status_code == 403, method
