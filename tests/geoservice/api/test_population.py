"""Population over HTTP: counted at an instant and over time, who came and went, and nothing that points at a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg.rows import dict_row

from geoservice.auth.model import Role
from geoservice.domain.small_counts import told_counts
from geoservice.wiring import Services

ADDRESS = "/v1/statistics/population"


def now(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    at: datetime = row[0]
    return at.isoformat().replace("+00:00", "Z")


def ask(
    client: FlaskClient, services: Services, role: Role | None = Role.ADMIN, staff: str | None = None, **query: str
) -> dict[str, Any]:  # fmt: skip
    headers = {}
    if role is not None:
        key = services.keys.create(role, "test", staff=None if staff is None else ("sare", staff))
        headers["Authorization"] = f"Bearer {key}"
    answer = client.get(ADDRESS, query_string={"jurisdiction": "sare"} | query, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def write(url: str, statement: str, *values: object) -> list[dict[str, Any]]:
    """Run a statement in a transaction of its own, which is a change of its own, and return what it returns."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def grids(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT code FROM geoservice.territory WHERE valid @> now() ORDER BY code").fetchall()
    return [code for (code,) in rows]


def of_grid(told: dict[str, Any], grid: str) -> dict[str, Any]:
    [found] = [one for one in told["per_grid"] if one["grid_code"] == grid]
    return dict(found)


def a_household(url: str, grid: str) -> str:
    [found] = write(url, "SELECT id::text FROM geoservice.household WHERE grid_code = %s AND residents > 0"
                         " ORDER BY id LIMIT 1 FOR UPDATE", grid)  # fmt: skip
    return str(found["id"])


def test_what_is_counted_now_is_what_the_figures_say(client: FlaskClient, services: Services) -> None:
    figures = client.get("/v1/statistics?jurisdiction=sare").json

    [told] = ask(client, services)["instants"]

    for name in ("households", "residents", "floating"):
        assert told[name] == figures[name]
        assert {one["grid_code"]: one[name] for one in told["per_grid"]} == {
            one["code"]: one[name] for one in figures["per_grid"]
        }


def test_who_came_and_went_is_told_by_grid(client: FlaskClient, services: Services, community_url: str) -> None:
    first, second, third = grids(community_url)[:3]
    grown, gone, moved = (a_household(community_url, grid) for grid in (first, second, third))
    since = now(community_url)
    write(community_url, "UPDATE geoservice.household SET age_18_59 = age_18_59 + 7 WHERE id = %s RETURNING id", grown)
    [old] = write(community_url, "DELETE FROM geoservice.household WHERE id = %s RETURNING residents", gone)
    [other] = write(community_url, "UPDATE geoservice.household SET building_code ="
                    " (SELECT max(code) FROM geoservice.building WHERE grid_code = %s) WHERE id = %s"
                    " RETURNING residents", first, moved)  # fmt: skip
    until = now(community_url)
    write(community_url, "UPDATE geoservice.household SET age_18_59 = age_18_59 + 9 WHERE id = %s RETURNING id", grown)

    told = ask(client, services, **{"from": since, "to": until})

    flows, (before, after) = told["flows"], told["instants"]
    assert of_grid(flows, first) == {"grid_code": first, "arrivals": 7 + other["residents"], "departures": 0}
    assert of_grid(flows, second) == {"grid_code": second, "arrivals": 0, "departures": old["residents"]}
    assert of_grid(flows, third) == {"grid_code": third, "arrivals": 0, "departures": other["residents"]}
    for grid in grids(community_url):
        came = of_grid(flows, grid)
        grew = of_grid(after, grid)["residents"] - of_grid(before, grid)["residents"]
        assert grew == came["arrivals"] - came["departures"]
    assert after["residents"] - before["residents"] == flows["arrivals"] - flows["departures"]
    assert of_grid(ask(client, services, at=since)["instants"][0], second) == of_grid(before, second)


def test_small_counts_are_told_to_those_alone_who_may_see_households(
    client: FlaskClient, services: Services, community_url: str
) -> None:
    grid, other = grids(community_url)[:2]
    officer = write(community_url, "SELECT staff_code FROM geoservice.posting WHERE grid_code = %s"
                                   " AND role = 'grid_officer'", grid)[0]["staff_code"]  # fmt: skip
    since = now(community_url)
    for one in (grid, other):
        write(community_url, "UPDATE geoservice.household SET age_18_59 = age_18_59 + 2 WHERE id = %s RETURNING id",
              a_household(community_url, one))  # fmt: skip
    period = {"from": since, "to": now(community_url)}

    public = ask(client, services, None, **period)
    assert of_grid(public["flows"], grid) == {"grid_code": grid, "arrivals": None, "departures": None}
    assert of_grid(public["flows"], other)["arrivals"] is None
    assert (public["k_minimum"], public["suppressed"]) == (5, 4)
    assert public["flows"]["arrivals"] is None  # of both together four
    told = [one for at in public["instants"] for one in (*at["per_grid"], at)]
    assert {one[name] % 5 for one in told for name in ("households", "residents", "floating")} == {0}
    assert ask(client, services, Role.ANALYST, **period)["flows"] == public["flows"]
    own = ask(client, services, Role.OFFICER, officer, **period)
    assert of_grid(own["flows"], grid)["arrivals"] == 2
    assert of_grid(own["flows"], other)["arrivals"] is None
    assert of_grid(ask(client, services, **period)["flows"], other)["arrivals"] == 2


def test_a_total_does_not_give_away_the_one_count_that_is_missing() -> None:
    assert told_counts({"a": 3, "b": 20}, whole=()) == ({"a": None, "b": 20}, None)
    assert told_counts({"a": 3, "b": 20, "c": 1}, whole=()) == ({"a": None, "b": 20, "c": None}, None)
    assert told_counts({"a": 12, "b": 23}, whole=()) == ({"a": 10, "b": 25}, 35)
    assert told_counts({"a": 0, "b": 5}, whole=()) == ({"a": 0, "b": 5}, 5)
    assert told_counts({"a": 3, "b": 20}, whole={"a"}) == ({"a": 3, "b": 20}, 25)
    assert told_counts({"a": 1}, whole=None) == ({"a": 1}, 1)


def test_months_are_told_on_demand(client: FlaskClient, services: Services) -> None:
    told = ask(client, services, **{"from": "2026-01-15T00:00:00Z", "to": "2026-03-15T00:00:00Z", "every": "month"})

    assert [one["at"] for one in told["instants"]] == [
        "2026-01-15T00:00:00Z", "2026-01-31T16:00:00Z", "2026-02-28T16:00:00Z", "2026-03-15T00:00:00Z"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-01T00:00:00Z"}, {"to": "2026-01-01T00:00:00Z"}, {"at": "2190-01-01T00:00:00Z"},
        {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, {"every": "month"},
        {"at": "2026-01-01T00:00:00Z", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
        {"from": "1990-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "every": "month"}, {"at": "yesterday"},
    ],
)  # fmt: skip
def test_periods_that_can_not_be_meant_are_refused(client: FlaskClient, query: dict[str, str]) -> None:
    assert client.get(ADDRESS, query_string={"jurisdiction": "sare"} | query).status_code == 422
