"""Lists are read whole while they move: none missed, none doubled, nothing cut in silence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from geoservice.open311 import reading
from geoservice.open311.walks import ENDS_MAX, KEPT_S, Walks
from tests.depth import sampled
from tests.geoservice.open311.moving import AT, Town, json_of, xml_of

OPEN_DOGS = "requests.json?service_code=dogs&status=open&page_size=10"


@pytest.fixture
def town(community_url: str) -> Town:
    return Town(community_url)


def walk(client: FlaskClient, first: str, between: Callable[[int, list[str]], None]) -> list[str]:
    """Return the ids of all pages, asked for by their numbers alone; something happens after each."""
    seen: list[str] = []
    for number in range(1, 100):
        ids = [one["service_request_id"] for one in json_of(client, f"{first}&page={number}")]
        if not ids:
            return seen
        seen += ids
        between(number, ids)
    raise AssertionError("no end")


def test_what_is_closed_meanwhile_makes_nothing_be_missed(client: FlaskClient, town: Town) -> None:
    made = town.report(60)

    seen = walk(client, OPEN_DOGS, lambda number, ids: town.cancel(ids[:5]))

    assert seen == made


def test_what_comes_in_meanwhile_makes_nothing_be_doubled(client: FlaskClient, town: Town) -> None:
    made = town.report(60)

    seen = walk(client, OPEN_DOGS, lambda number, ids: [town.report(7, apart_s=0.001)] and None)

    assert seen == made


def test_both_at_once_and_reports_of_long_ago(client: FlaskClient, town: Town) -> None:
    made = town.report(45)

    def both(number: int, ids: list[str]) -> None:
        town.cancel(ids[::2])
        town.report(3, apart_s=0.001)

    assert walk(client, OPEN_DOGS, both) == made


def test_a_page_that_is_asked_for_again_is_the_same(client: FlaskClient, town: Town) -> None:
    made = town.report(30)
    first = [one["service_request_id"] for one in json_of(client, f"{OPEN_DOGS}&page=1")]
    town.cancel(first[:4])

    again = [[one["service_request_id"] for one in json_of(client, f"{OPEN_DOGS}&page=2")] for _ in range(2)]

    assert again == [made[10:20], made[10:20]]


def test_two_who_read_at_once_do_not_disturb_each_other(client: FlaskClient, town: Town) -> None:
    made = town.report(40)
    seen: dict[str, list[str]] = {"a": [], "b": []}
    for number in range(1, 5):
        for who, read in seen.items():
            answer = client.get(f"{AT}/{OPEN_DOGS}&page={number}", headers={"User-Agent": who})
            read += [one["service_request_id"] for one in answer.json or ()]
        town.cancel([one for one in seen["a"] if one in seen["b"]][-2:])

    assert seen["a"] == made
    assert [one for one in made if one in seen["b"]] == seen["b"]


def test_without_a_size_the_second_page_goes_on_as_well(
    client: FlaskClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_MAX", 20)
    made = town.report(50)
    asked = "requests.json?service_code=dogs&status=open"
    first = [one["service_request_id"] for one in json_of(client, asked)]
    town.cancel(first[:10])

    second = [one["service_request_id"] for one in json_of(client, f"{asked}&page=2")]

    assert first + second == made[:40]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_header_leads_from_page_to_page_with_no_memory(client: FlaskClient, town: Town, form: str) -> None:
    made = town.report(45)
    seen, address = [], f"{AT}/requests.{form}?service_code=dogs&status=open&page_size=10"
    while address:
        answer = client.get(address, headers={"User-Agent": str(len(seen))})  # nobody is known again
        ids = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.text)
        seen += ids
        town.cancel(ids[:3])
        found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        address = found[1] if found else ""

    assert seen == made


def test_the_last_page_leads_nowhere(client: FlaskClient, town: Town) -> None:
    town.report(10)

    assert "Link" not in client.get(f"{AT}/{OPEN_DOGS}").headers


@pytest.mark.parametrize("after", ["x", "0", "MjAyNi0wMS0wMVQwMDowMDowMHx4", "é", "1" * 30])
def test_a_made_up_beginning_is_refused_by_name(client: FlaskClient, after: str) -> None:
    for path in ("requests", "servicerequestupdates"):
        if path == "servicerequestupdates" and after == "0":
            continue
        answer = client.get(f"{AT}/{path}.json?page_size=10&after={after}")
        assert answer.status_code == 400
        assert answer.json[0]["description"].startswith("after is not one that was given out")


def test_pages_are_forgotten_in_time_and_their_number_is_bounded() -> None:
    now = [0.0]
    walks = Walks(clock=lambda: now[0])
    walks.note(b"w", 1, 7)
    now[0] = KEPT_S - 1
    assert walks.end_of(b"w", 1) == 7
    now[0] = KEPT_S
    assert walks.end_of(b"w", 1) is None

    for number in range(ENDS_MAX + 5):
        walks.note(b"many", number, number)
    assert walks.end_of(b"many", 4) is None
    assert walks.end_of(b"many", 5) == 5


@pytest.mark.parametrize("count", [105, 400, 1_005, pytest.param(1_600, marks=pytest.mark.slow)])
def test_a_list_of_ids_is_answered_whole(client: FlaskClient, town: Town, count: int) -> None:
    """As URI.pm writes it: every comma is %2C."""
    made = town.report(count, apart_s=1)

    found = xml_of(client, "requests.xml?service_request_id=" + "%2C".join(made))

    assert [one["service_request_id"] for one in found] == made


def test_a_list_of_ids_comes_in_pages_where_that_is_asked(client: FlaskClient, town: Town) -> None:
    made = town.report(50)
    asked = f"requests.json?service_request_id={','.join(made)}&page_size=20"

    pages = [[one["service_request_id"] for one in json_of(client, f"{asked}&page={number}")] for number in (1, 2, 3)]

    assert pages == [made[:20], made[20:40], made[40:]]


@pytest.mark.parametrize(
    ("path", "field", "limit"),
    [
        (f"{AT}/requests.json?service_request_id={'a' * 66_000}", "service_request_id", 65_536),
        (f"{AT}/requests.xml?status=open&service_code={'light,' * 2_000}", "service_code", 4_096),
        (f"{AT}/requests.xml?service_request_id={'a,' * 9_000}&extensions={'x' * 5_000}", "extensions", 4_096),
        (f"{AT}/servicerequestupdates.json?start_date={'1' * 5_000}", "start_date", 4_096),
        (f"/v1/owner?lon=91.77&lat=29.24&jurisdiction={'x' * 5_000}", "jurisdiction", 4_096),
        (f"/v1/incidents?after={'x' * 5_000}", "after", 4_096),
        (f"{AT}/services.json?%6Aurisdiction_id={'x' * 5_000}", "jurisdiction_id", 4_096),
    ],
)
def test_what_is_too_long_is_named_with_its_limit(
    client: FlaskClient, key: str, path: str, field: str, limit: int
) -> None:
    answer = client.get(path, headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code in (400, 422)
    assert f"{limit} bytes at most" in answer.text
    assert field in answer.text


def test_a_window_is_answered_whole_or_refused_with_a_way_on(
    client: FlaskClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = town.report(1_100, apart_s=1)
    assert len([one for one in json_of(client, "servicerequestupdates.json")
                if one["service_request_id"] in set(made)]) == 1_100  # fmt: skip

    monkeypatch.setattr(reading, "UPDATES_MAX", 1_000)
    answer = client.get(f"{AT}/servicerequestupdates.json")

    assert answer.status_code == 400
    assert answer.json[0]["description"].startswith("start_date and end_date: more than 1000 changes")
    assert len(json_of(client, "servicerequestupdates.json?page=1&page_size=1000")) == 1_000  # the advice works


def test_pages_of_changes_go_on_while_more_come(client: FlaskClient, town: Town) -> None:
    made = town.report(40)
    seen: list[str] = []
    for number in range(1, 100):
        found = json_of(client, f"servicerequestupdates.json?page={number}&page_size=60")
        if not found:
            break
        seen += [one["update_id"] for one in found]
        if number < 5:
            town.step(made[number * 5 : number * 5 + 5], "accepted")

    everything = json_of(client, "servicerequestupdates.json")
    assert seen == [one["update_id"] for one in everything]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("reports", "minutes"), sampled([(400, 40), (400, 5), (1_250, 60)], 3)
)  # 5,000 changes the last
def test_every_change_is_fetched_once_by_windows_and_by_ids(
    client: FlaskClient, town: Town, reports: int, minutes: int
) -> None:
    made = town.report(reports, apart_s=1)
    for status in ("accepted", "returned", "cancelled"):
        town.step(made, status)
    town.spread_changes(made)

    seen: Counter[str] = Counter()
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 4, tzinfo=UTC)
    while start < end:
        until = start + timedelta(minutes=minutes)
        window = f"start_date={start:%Y-%m-%dT%H:%M:%SZ}&end_date={until:%Y-%m-%dT%H:%M:%SZ}"
        for one in xml_of(client, f"servicerequestupdates.xml?{window}"):
            at = datetime.fromisoformat(str(one["updated_datetime"]))
            assert start <= at < until  # the client drops what lies outside
            if one["service_request_id"] in set(made):
                seen[str(one["update_id"])] += 1
        start = until

    assert len(seen) == reports * 4
    assert set(seen.values()) == {1}
    some = [made[at : at + 400] for at in range(0, reports, 400)]
    by_id = [one for ids in some for one in xml_of(client, "requests.xml?service_request_id=" + "%2C".join(ids))]
    assert [one["service_request_id"] for one in by_id] == made
    assert {one["status"] for one in by_id} == {"closed"}
