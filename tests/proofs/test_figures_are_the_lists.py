"""What the map, the officers' page, the lists and the figures count is what the rows are, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.services import viewing
from geoservice.wiring import Services
from tests.depth import depths
from tests.proofs.recount import Recount, happen, most_urgent, newest

#: What the officers' page asks for (officer.js).
OFFICERS_STATUSES = ("dispatched", "accepted")
HEADER = re.compile(r'data-figure="(\w+)">\s*<dt>[^<]*</dt>\s*<dd>([\d,]+)</dd>')

Ask = Callable[..., Any]


class Town(NamedTuple):
    """The demo community with many incidents more: what it tells, and its rows."""

    ask: Ask
    rows: Recount
    services: Services
    #: The most features that the map's layer of incidents gets, and the most incidents of a page.
    most: int
    page: int


@pytest.fixture
def town(depth: int, community_url: str, services: Services, client: FlaskClient, key: str,
         monkeypatch: pytest.MonkeyPatch) -> Town:  # fmt: skip
    happen(community_url, depth)
    # At every depth there is more than is shown.
    most, page = min(viewing.MAX_GROWING, depth // 4), min(1000, depth // 40)
    monkeypatch.setattr(viewing, "MAX_GROWING", most)

    def ask(path: str, *, by: str = key) -> Any:
        answer = client.get(path, headers={"Authorization": f"Bearer {by}"})
        assert answer.status_code == 200, answer.text
        return answer.text if answer.mimetype == "text/html" else answer.get_json(force=True)

    return Town(ask, Recount.of(community_url), services, most, page)


@depths(600, 200_000)
def test_whatever_counts_incidents_counts_the_rows(town: Town) -> None:
    assert len(town.rows.by_status()) == 8
    assert town.rows.counts().triage > 0
    looks = (figures, map_header, map_of_grids, map_of_incidents, handling, lists, walk, officers)
    for look in looks:
        look(town)
    print(f"\n{len(town.rows.incidents):,} incidents, {len(town.rows.events):,} lines of histories")


def figures(town: Town) -> None:
    told = town.ask("/v1/statistics?jurisdiction=sare")
    people = dict(zip(("households", "residents", "floating"), town.rows.people(), strict=True))

    assert {name: told[name] for name in people} == people
    assert {name: told[name] for name in vars(town.rows.counts())} == vars(town.rows.counts())
    assert told["grids"] == len(town.rows.grids) == len(told["per_grid"])
    for one in told["per_grid"]:
        counts = town.rows.counts(one["code"])
        assert (one["received"], one["closed"], one["in_hand"]) == (counts.received, counts.closed, counts.in_hand)
        assert (one["households"], one["residents"], one["floating"]) == town.rows.people(one["code"])


def map_header(town: Town) -> None:
    counts, (_, residents, floating) = town.rows.counts(), town.rows.people()
    expected = {
        "grids": len(town.rows.grids), "residents": residents, "floating": floating, "received": counts.received,
        "closed": counts.closed, "in_hand": counts.in_hand,
    }  # fmt: skip

    assert town.ask("/maps/sare/figures.json") == expected
    shown = {name: int(value.replace(",", "")) for name, value in HEADER.findall(town.ask("/maps/sare?lang=en"))}
    assert shown == expected


def map_of_grids(town: Town) -> None:
    features = [one["properties"] for one in town.ask("/maps/sare/layers/grids.geojson")["features"]]

    assert sorted(one["code"] for one in features) == sorted(one.code for one in town.rows.grids)
    for one in features:
        counts = town.rows.counts(one["code"])
        assert (one["received"], one["closed"], one["in_hand"]) == (counts.received, counts.closed, counts.in_hand)


def map_of_incidents(town: Town) -> None:
    told = town.ask("/maps/sare/layers/incidents.geojson")
    shown = [UUID(one["properties"]["id"]) for one in told["features"]]

    assert (told["numberMatched"], told["numberReturned"]) == (len(town.rows.incidents), town.most)
    assert told["numberMatchedBy"] == {"status": town.rows.by_status()}
    assert shown == [one.id for one in most_urgent(town.rows.incidents)[: town.most]]


def handling(town: Town) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    periods = ((until - timedelta(days=60), until), (until - timedelta(days=60), until - timedelta(days=9)))
    for since, end in periods:
        query = f"since={since:%Y-%m-%dT%H:%M:%S.%fZ}&until={end:%Y-%m-%dT%H:%M:%S.%fZ}"
        for by, column in (("grid", "to_grid_code"), ("officer", "officer_code"), ("service", "service_code")):
            told = town.ask(f"/v1/statistics/handling?jurisdiction=sare&by={by}&{query}")["handled"]
            expected = town.rows.handled(column, since, end)
            assert {one["code"] for one in told} == expected.keys()
            for one in told:
                assert {name: one[name] for name in one if name != "code"} == pytest.approx(
                    expected[one["code"]], abs=1e-3
                ), (by, one)


def assert_total(told: dict[str, Any], expected: int, of: str) -> None:
    """A list says how many it has in all, or that there are more than it says."""
    assert told["total"] == expected if told["total_is_exact"] else 5_000 <= told["total"] < expected, of


def lists(town: Town) -> None:
    rows = town.rows.incidents
    asked = {f"status={status}": [one for one in rows if one.status == status] for status in town.rows.by_status()}
    asked |= {f"grid={grid.code}": [one for one in rows if one.grid_code == grid.code] for grid in town.rows.grids}
    asked |= {
        f"officer={code}": [one for one in rows if one.officer_code == code]
        for code in {posting.staff_code for posting in town.rows.postings}
    }
    asked["overdue=true"] = [one for one in rows if one.overdue_at is not None]
    asked["overdue=false"] = [one for one in rows if one.overdue_at is None]
    for query, expected in asked.items():
        for order, ordered in (("new", newest), ("due", most_urgent)):
            told = town.ask(f"/v1/incidents?jurisdiction=sare&{query}&sort={order}&limit={town.page}")
            assert_total(told, len(expected), query)
            shown = [UUID(one["id"]) for one in told["incidents"]]
            assert shown == [one.id for one in ordered(expected)[: town.page]], (query, order)


def walk(town: Town) -> None:
    """Go through the pages of one grid to the end."""
    grid = max(town.rows.grids, key=lambda one: town.rows.counts(one.code).received).code
    path = f"/v1/incidents?jurisdiction=sare&grid={grid}&limit={town.page}"
    shown, pages, after = [], 0, ""
    while True:
        told = town.ask(path + after)
        shown += [UUID(one["id"]) for one in told["incidents"]]
        pages += 1
        if told["next"] is None:
            break
        after = f"&after={told['next']}"

    assert pages > 2
    assert shown == [one.id for one in newest(one for one in town.rows.incidents if one.grid_code == grid)]


def officers(town: Town) -> None:
    """Ask as the page of each member of staff does: of so many the most urgent."""
    cut = 0
    for code in sorted({one.staff_code for one in town.rows.postings}):
        own = town.rows.own_of(code, OFFICERS_STATUSES)
        key = town.services.keys.create(Role.OFFICER, "proof", staff=("sare", code))
        path = f"/v1/incidents?jurisdiction=sare&own=true&status={','.join(OFFICERS_STATUSES)}&sort=due"
        told = town.ask(f"{path}&limit={town.page}", by=key)
        assert_total(told, len(own), code)
        assert [UUID(one["id"]) for one in told["incidents"]] == own[: town.page], code
        cut += len(own) > town.page
    assert cut > 0
