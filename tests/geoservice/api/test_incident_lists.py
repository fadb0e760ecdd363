"""Lists of incidents hold everything, or the most urgent and how many there are; figures equal their lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.services import viewing
from geoservice.wiring import Services
from layers.incidents import queries
from layers.incidents.edits import mark_overdue
from tests.factories import select_one

OPEN = ("reported", "dispatched", "accepted", "resolved", "returned")
MANY = """
    INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, reported_at)
    SELECT j.id, 'dogs', st_setsrid(st_makepoint(91.77, 29.24), 4326), now() - make_interval(secs => n * 60)
      FROM geoservice.jurisdiction AS j, generate_series(1, %s) AS n
"""


@pytest.fixture
def ask(client: FlaskClient, key: str) -> Callable[..., Any]:
    def asked(path: str, shown: str = key, status: int = 200) -> Any:
        answer = client.get(path, headers={"Authorization": f"Bearer {shown}"})
        assert answer.status_code == status, answer.text
        return orjson.loads(answer.data)

    return asked


@pytest.fixture
def officer(services: Services, community_url: str) -> str:
    """Return the key of the officer with the most to do."""
    with psycopg.connect(community_url) as connection:
        code = select_one(
            connection, "SELECT officer_code FROM geoservice.incident WHERE status IN ('dispatched', 'accepted')"
            " GROUP BY officer_code ORDER BY count(*) DESC, 1 LIMIT 1",
        )  # fmt: skip
    return services.keys.create(Role.OFFICER, "terminal", staff=("sare", code))


def run(url: str, query: str, *values: object) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(query, values)


def urgency(one: dict[str, Any]) -> tuple[int, str]:
    if one["status"] not in OPEN:
        return 3, ""
    if one["status"] != "resolved" and one["overdue_at"]:
        return 0, one["expected_at"] or one["overdue_at"]
    if one["status"] != "resolved" and one["expected_at"]:
        return 1, one["expected_at"]
    return 2, one["reported_at"]


@pytest.mark.parametrize("query", [
    "", "&status=dispatched,accepted", "&overdue=true", "&overdue=false", "&status=returned", "&status=resolved,closed",
])  # fmt: skip
def test_urgent_is_late_then_due_then_waiting_longest(ask: Callable[..., Any], query: str) -> None:
    found = ask(f"/v1/incidents?sort=due&limit=1000{query}")

    order = [urgency(one) for one in found["incidents"] if one["status"] in OPEN]
    assert order == sorted(order)
    assert [one["status"] in OPEN for one in found["incidents"]] == sorted(
        (one["status"] in OPEN for one in found["incidents"]), reverse=True
    )
    assert found["total"] == len(found["incidents"])


@pytest.mark.parametrize("limit", [1, 5, 50])
def test_a_cut_list_has_the_first_of_the_whole_one_and_says_of_how_many(ask: Callable[..., Any], limit: int) -> None:
    whole, cut = (ask(f"/v1/incidents?sort=due&limit={some}") for some in (1000, limit))

    assert [one["id"] for one in cut["incidents"]] == [one["id"] for one in whole["incidents"]][:limit]
    assert (cut["total"], cut["total_is_exact"]) == (286, True)


def test_newest_first_the_total_is_told_once_and_the_pages_hold_all(ask: Callable[..., Any]) -> None:
    page = ask("/v1/incidents?limit=100")
    totals, seen = [page["total"]], [one["id"] for one in page["incidents"]]
    while page["next"]:
        page = ask(f"/v1/incidents?limit=100&after={page['next']}")
        totals.append(page["total"])
        seen += [one["id"] for one in page["incidents"]]

    assert totals[0] == len(seen) == len(set(seen)) == 286
    assert set(totals[1:]) == {None}


@pytest.mark.parametrize("query", [
    "sort=due", "sort=due&status=reported,dispatched,accepted,resolved,returned", "sort=due&overdue=true", "sort=new",
    "sort=due&status=closed", "sort=new&near_border=true",
])  # fmt: skip
def test_pages_in_any_order_hold_all_once(ask: Callable[..., Any], services: Services, query: str) -> None:
    with services.database.transaction() as connection:
        mark_overdue(connection)
    whole = ask(f"/v1/incidents?{query}&limit=1000")
    page, seen = ask(f"/v1/incidents?{query}&limit=3"), []
    while True:
        seen += [one["id"] for one in page["incidents"]]
        if page["next"] is None:
            break
        page = ask(f"/v1/incidents?{query}&limit=3&after={page['next']}")

    assert len(seen) > 3
    assert seen == [one["id"] for one in whole["incidents"]]
    assert whole["total"] == len(seen)


def test_a_cursor_is_good_in_its_order_alone(ask: Callable[..., Any]) -> None:
    for sort, other in (("new", "due"), ("due", "new")):
        after = ask(f"/v1/incidents?sort={sort}&limit=1")["next"]
        ask(f"/v1/incidents?sort={other}&after={after}", status=400)


def test_filters_take_several_and_are_all_to_fit(ask: Callable[..., Any]) -> None:
    every = ask("/v1/incidents?limit=1000")["incidents"]
    grids = sorted({one["grid_code"] for one in every if one["grid_code"]})[:2]
    services = sorted({one["service_code"] for one in every})[:3]
    officer = next(one["officer_code"] for one in every if one["officer_code"])
    named = {
        f"grid={','.join(grids)}": lambda one: one["grid_code"] in grids,
        f"service={','.join(services)}": lambda one: one["service_code"] in services,
        "source=camera,hotline": lambda one: one["source"] in ("camera", "hotline"),
        "near_border=true": lambda one: one["near_border"],
        f"officer={officer}": lambda one: one["officer_code"] == officer,
    }
    for query, fits in named.items():
        told = ask(f"/v1/incidents?limit=1000&{query}")
        assert {one["id"] for one in told["incidents"]} == {one["id"] for one in every if fits(one)}, query
        assert 0 < told["total"] < len(every)
    both = ask(f"/v1/incidents?limit=1000&{'&'.join(list(named)[:2])}")
    assert {one["id"] for one in both["incidents"]} == {
        one["id"] for one in every if one["grid_code"] in grids and one["service_code"] in services
    }


def test_what_is_too_many_to_count_is_said_to_be_more(ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED_MOST", 100)
    monkeypatch.setattr(queries, "OPEN_COUNTED_MOST", 130)
    in_hand = "status=reported,dispatched,accepted,resolved,returned"

    told, open_ones = ask("/v1/incidents?limit=5"), ask(f"/v1/incidents?limit=5&{in_hand}")

    assert (told["total"], told["total_is_exact"]) == (100, False)
    assert (open_ones["total"], open_ones["total_is_exact"]) == (130, False)
    monkeypatch.setattr(queries, "OPEN_COUNTED_MOST", 133)
    open_ones = ask(f"/v1/incidents?limit=5&{in_hand}")
    assert (open_ones["total"], open_ones["total_is_exact"]) == (133, True)


def test_an_officers_own_are_those_of_the_grids_and_those_with_the_name(
    ask: Callable[..., Any], officer: str, community_url: str
) -> None:
    duty = ask("/v1/postings/own", officer)
    grids, code = {one["grid_code"] for one in duty["postings"]}, duty["officer_code"]
    elsewhere = next(one for one in ask("/v1/incidents?status=dispatched&limit=1000")["incidents"]
                     if one["grid_code"] not in grids)  # fmt: skip
    run(community_url, "UPDATE geoservice.incident SET assigned_officer_code = %s, step_reason = 'you' WHERE id = %s",
        code, elsewhere["id"])  # fmt: skip

    mine = ask("/v1/incidents?own=true&status=dispatched,accepted&sort=due&limit=1000", officer)

    everything = ask("/v1/incidents?status=dispatched,accepted&limit=1000")["incidents"]
    expected = {one["id"] for one in everything if one["grid_code"] in grids or one["officer_code"] == code}
    assert {one["id"] for one in mine["incidents"]} == expected
    assert elsewhere["id"] in expected
    assert mine["total"] == len(expected) == len(mine["incidents"])


def test_of_a_thousand_the_late_ones_come_first(ask: Callable[..., Any], officer: str, community_url: str) -> None:
    late = ask("/v1/incidents?own=true&status=dispatched,accepted&overdue=true&limit=1000", officer)["total"]
    place = ask("/v1/incidents?own=true&status=dispatched&limit=1", officer)["incidents"][0]["position"]
    run(community_url, MANY.replace("91.77, 29.24", "{}, {}".format(*place)), 1_200)

    found = ask("/v1/incidents?own=true&status=dispatched,accepted&sort=due&limit=200", officer)

    assert len(found["incidents"]) == 200
    assert found["total"] > 1_200
    assert [bool(one["overdue_at"]) for one in found["incidents"][:late]] == [True] * late


@pytest.mark.parametrize(("query", "pointer"), [
    ("own=true", "own"), ("source=dream", "source"), ("status=open", "status"),
    ("status=accepted,open", "status"), ("status=", "status"), ("sort=oldest", "sort"), ("order=urgent", "order"),
    ("grid=" + "x" * 65, "grid"), ("service=", "service"), ("officer=a,,b", "officer"),
    ("near_border=1", "near_border"),    ("limit=1001", "limit"),
])  # fmt: skip
def test_what_a_list_can_not_be_is_named(ask: Callable[..., Any], query: str, pointer: str) -> None:
    assert ask(f"/v1/incidents?{query}", status=422)["errors"][0]["pointer"] == pointer


def layer(client: FlaskClient) -> dict[str, Any]:
    return dict(orjson.loads(client.get("/maps/sare/layers/incidents.geojson").data))


def by_status(found: dict[str, Any]) -> dict[str, int]:
    statuses = [one["properties"]["status"] for one in found["features"]]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def test_the_map_has_what_its_figures_say(client: FlaskClient) -> None:
    found, figures = layer(client), client.get("/maps/sare/figures.json").json
    assert figures is not None

    counted = by_status(found)
    assert sum(counted.get(status, 0) for status in OPEN) == figures["in_hand"]
    assert counted["closed"] == figures["closed"]
    assert found["numberMatched"] == found["numberReturned"] == figures["received"]
    assert "numberMatchedBy" not in found


@pytest.mark.parametrize("most", [150, 200, 285])
def test_above_the_limit_every_open_one_is_there_and_the_rest_is_counted(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    whole, figures = layer(client), client.get("/maps/sare/figures.json").json
    assert figures is not None
    monkeypatch.setattr(viewing, "MAX_GROWING", most)

    found = layer(client)

    assert len(found["features"]) == found["numberReturned"] == most
    assert found["numberMatched"] == figures["received"]
    assert found["numberMatchedBy"]["status"] == by_status(whole)
    assert sum(by_status(found).get(status, 0) for status in OPEN) == figures["in_hand"]


@pytest.mark.parametrize("most", [1, 10, 60])
def test_of_more_open_ones_than_that_the_most_urgent_are_there(
    client: FlaskClient, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(viewing, "MAX_GROWING", most)

    found = layer(client)

    urgent = ask(f"/v1/incidents?sort=due&limit={most}")["incidents"]
    assert [one["properties"]["id"] for one in found["features"]] == [one["id"] for one in urgent]


@pytest.mark.slow
def test_the_oldest_open_one_is_on_the_map_behind_twenty_thousand_newer(
    client: FlaskClient, community_url: str
) -> None:
    before = {one["properties"]["id"] for one in layer(client)["features"] if one["properties"]["status"] in OPEN}
    run(community_url, MANY, 20_500)
    cancelled = (
        "UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'x' WHERE service_code = 'dogs'"
        " AND status IN ('reported', 'dispatched') AND NOT id = ANY(%s::uuid[])"
    )
    run(community_url, cancelled, sorted(before))

    found = layer(client)

    assert found["numberReturned"] == 20_000
    assert found["numberMatched"] == 20_786
    assert before <= {one["properties"]["id"] for one in found["features"]}
