"""Incidents as of days that are past, and the grids of then: as their histories tell it, counted line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Identity, Role
from geoservice.domain.spans import Span
from geoservice.errors import DayToCome
from geoservice.services.figures import FiguresQuery
from geoservice.wiring import Services
from layers.incidents.model import IncidentEvent, Search
from layers.incidents.span_figures import CountedScope
from tests.geoservice.web.attacks import TEXTS
from tests.publishing import publish_turned

ZONE = ZoneInfo("Asia/Shanghai")
INCIDENTS = "/maps/sare/incidents.json"
OPEN = {"reported", "dispatched", "accepted", "resolved", "returned"}


def day_back(days: int) -> date:
    return datetime.now(ZONE).date() - timedelta(days=days)


def told(client: FlaskClient, first: date, last: date) -> dict[str, dict[str, Any]]:
    answer = client.get(f"{INCIDENTS}?from={first}&to={last}")
    assert answer.status_code == 200, answer.text
    return {row[0]: dict(zip(answer.json["columns"], row, strict=True)) for row in answer.json["rows"]}


def recounted(
    histories: Mapping[Any, Sequence[IncidentEvent]], reported: Mapping[Any, datetime], since: datetime, until: datetime
) -> Iterator[tuple[str, tuple[str, bool, bool, bool]]]:
    """Yield id, and status, whether it was reported, in hand and closed then."""
    for id_, lines in histories.items():
        before = [line for line in lines if line.rule == "reported" or line.at < until]
        status = before[-1].to_status
        closings = [line.at for line in before if line.to_status == "closed" and line.from_status != "closed"]
        kinds = (reported[id_] >= since, status in OPEN, status == "closed" and max(closings) >= since)
        if reported[id_] < until and any(kinds):
            yield str(id_), (status, *kinds)


@pytest.mark.parametrize(("first", "last"), [(12, 12), (9, 3), (40, 0), (200, 150), (0, 0)])
def test_what_is_told_is_what_the_histories_tell(
    services: Services, client: FlaskClient, first: int, last: int
) -> None:
    every = services.incidents.incidents(Search(), limit=1000)
    histories = services.incidents.histories([one.id for one in every])
    days = (day_back(first), day_back(last))
    period = Span(*days).period(ZONE)
    since, until = period.since, min(period.until, datetime.now(UTC))

    found = told(client, *days)

    seen = {id_: (one["status"], one["reported"] >= since.timestamp(), one["in_hand"], one["closed"] is not None
                  and one["closed"] >= int(since.timestamp())) for id_, one in found.items()}  # fmt: skip
    assert seen == dict(recounted(histories, {one.id: one.reported_at for one in every}, since, until))
    assert (len(seen) > 5) == (last < 100)


@pytest.mark.parametrize("days", [(12, 12), (20, 5)])
def test_what_was_received_and_closed_are_the_numbers_of_the_figures(
    services: Services, client: FlaskClient, days: tuple[int, int]
) -> None:
    first, last = day_back(days[0]), day_back(days[1])
    found = told(client, first, last).values()
    since = Span(first, last).period(ZONE).since.timestamp()

    counted = services.figures.told("sare", FiguresQuery(Span(first, last), CountedScope())).counts.of("all", None)

    assert counted.received == sum(one["reported"] >= since for one in found) > 0
    assert counted.closed == sum(one["closed"] is not None and one["closed"] >= since for one in found) > 0


def test_today_so_far_is_what_is_in_hand_now(services: Services, client: FlaskClient) -> None:
    now = {row[0] for row in client.get(INCIDENTS).json["rows"]}
    assert {id_ for id_, one in told(client, day_back(0), day_back(0)).items() if one["in_hand"]} == now != set()


def test_of_a_day_to_come_nothing_is_told(client: FlaskClient) -> None:
    grids = "/maps/sare/layers/grids.geojson"
    for address in (INCIDENTS, grids):
        for day in (day_back(-1), day_back(-400), "2199-12-31"):
            answer = client.get(f"{address}?to={day}")
            assert (answer.status_code, answer.json["type"]) == (422, "/docs#problem-day-to-come"), (address, day)
    assert len(client.get(f"{grids}?to={day_back(0)}").json["features"]) == 8


def test_ids_are_those_of_what_is_in_hand_now(client: FlaskClient) -> None:
    answer = client.get(f"{INCIDENTS}?to={day_back(3)}&ids=")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "ids")


def test_pages_are_whole_and_none_is_told_twice(services: Services) -> None:
    span, who = Span(day_back(15), day_back(10)), Identity(Role.DISPATCHER)
    whole = services.mapping.as_of("sare", span, identity=who)
    ids, page = [], services.mapping.as_of("sare", span, identity=who, limit=7)
    total = page.legend.total if page.legend else 0
    while True:
        ids += [one.id for one in page.incidents]
        if page.next is None:
            break
        page = services.mapping.as_of("sare", span, identity=who, limit=7, after=page.next)
        assert page.legend is None
    assert ids == [one.id for one in whole.incidents]
    assert total == len(ids) > 7


def test_what_became_of_it_since_is_not_told_of_then(
    services: Services, client: FlaskClient, community_url: str
) -> None:
    """It moved, changed hands, was of another service; and what was of a sensitive one then is not told to visitors."""
    with psycopg.connect(community_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT i.id::text, i.service_code, st_x(i.geom) FROM geoservice.incident AS i"
            " WHERE i.status = 'dispatched' ORDER BY i.id LIMIT 1"
        ).fetchone()
        assert row is not None
        id_, service, lon = row
        other = connection.execute(
            "SELECT min(code) FROM geoservice.service WHERE code NOT IN (%s, 'dispute')", [service]
        ).fetchone()
        assert other is not None
        before = told(client, day_back(0), day_back(0))[id_]
        assert (before["service"], before["status"]) == (service, "dispatched")
        assert before["lon"] == pytest.approx(lon, abs=1e-7)
        connection.execute(
            "UPDATE geoservice.incident SET service_code = %s, geom = st_translate(geom, 0.0001, 0) WHERE id = %s",
            [other[0], id_],
        )
        now = told(client, day_back(0), day_back(0))[id_]
        assert (now["service"], now["lon"]) == (other[0], pytest.approx(lon + 0.0001, abs=1e-7))
        until = connection.execute(
            "SELECT e.at FROM geoservice.incident_event AS e WHERE e.incident_id = %s ORDER BY e.id DESC LIMIT 1", [id_]
        ).fetchone()
        assert until is not None
        span, who = Span(day_back(0), day_back(0)), Identity(Role.DISPATCHER)
        then = services.mapping.as_of("sare", span, identity=who, now=until[0])
        assert {(one.service_code, round(one.lon or 0, 7)) for one in then.incidents if str(one.id) == id_} == {
            (service, round(lon, 7))
        }
        connection.execute("UPDATE geoservice.service SET sensitive = true WHERE code = %s", [service])
    assert id_ in told(client, day_back(0), day_back(0))


def test_whose_it_was_is_told_to_staff_alone(services: Services) -> None:
    span = Span(day_back(12), day_back(12))
    for role, known in ((Role.DISPATCHER, True), (Role.READER, False)):
        page = services.mapping.as_of("sare", span, identity=Identity(role))
        assert any(one.officer_code for one in page.incidents) == known
        assert page.legend is not None
        assert bool(page.legend.staff) == known


def test_a_day_to_come_and_what_is_no_day_are_refused(services: Services, client: FlaskClient) -> None:
    with pytest.raises(DayToCome):
        services.mapping.as_of("sare", Span(day_back(0), day_back(-1)), identity=Identity(Role.DISPATCHER))
    assert client.get(f"{INCIDENTS}?to={day_back(-1)}").json["type"].endswith("day-to-come")
    today = day_back(0)
    refused = [f"from={today}", "to=", f"from={today}&to={day_back(3)}", f"from=1990-01-01&to={today}", "to=0001-01-01",
               "to=2026-02-30", "to=2026-11-12T00:00:00Z", f"to={today}&after=x", f"to={today}&from="]  # fmt: skip
    for query in refused:
        assert client.get(f"{INCIDENTS}?{query}").status_code == 422, query
    for text in TEXTS[::5]:
        for path in (INCIDENTS, "/maps/sare/layers/grids.geojson"):
            status = client.get(path, query_string={"to": text}).status_code
            assert status in (400, 422) or (status == 200 and text == "2026-01-31"), text
    assert client.get(f"/maps/sare/layers/cameras.geojson?to={today}").status_code == 422
    assert client.get(f"/maps/nowhere/incidents.json?to={today}").status_code == 404


def test_grids_are_those_in_force_at_the_end_of_the_day_without_figures_of_now(
    services: Services, client: FlaskClient, community_url: str
) -> None:
    address = "/maps/sare/layers/grids.geojson"
    before = client.get(address).json["features"]
    with psycopg.connect(community_url, autocommit=True) as connection:
        home = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'").fetchone()
        assert home is not None
        publish_turned(connection, home[0])
    now = client.get(address).json["features"]
    then = client.get(f"{address}?to={day_back(1)}").json["features"]

    def shapes(features: Sequence[Any]) -> dict[str, Any]:
        return {one["properties"]["code"]: one["geometry"] for one in features}

    assert shapes(then) == shapes(before) != shapes(now)
    assert not {"households", "residents", "in_hand", "officer"} & set(then[0]["properties"])
    assert client.get(f"{address}?to=1990-01-01").json["features"] == []
