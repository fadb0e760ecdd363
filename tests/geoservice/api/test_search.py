"""What is meant by a few words: every kind of thing, to whoever may see it, and of how many."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from tests.conftest import LiveServer
from tests.geoservice.web.door import Door


def found(door: Door, q: str, role: Role | None = Role.DISPATCHER, **more: Any) -> Any:
    headers = {} if role is None else door.headers(role)
    asked = {"jurisdiction": "sare", "q": q} | more
    return door.client.get("/v1/search", query_string=asked, headers=headers)


def kinds(answer: Any) -> list[str]:
    return [one["kind"] for one in answer.json["found"]]


def one_value(live: LiveServer, statement: str) -> Any:
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(("kind", "statement"), [
    ("grids", "SELECT max(code) FROM geoservice.territory"),
    ("grids", "SELECT max(name) FROM geoservice.territory"),
    ("buildings", "SELECT max(code) FROM geoservice.building"),
    ("buildings", "SELECT max(name) FROM geoservice.building"),
    ("buildings", "SELECT max(address) FROM geoservice.building"),
    ("organisations", "SELECT max(name) FROM geoservice.organisation"),
    ("cameras", "SELECT max(code) FROM geoservice.camera"),
    ("street", "SELECT max(name) FROM geoservice.basemap_feature WHERE kind = 'street'"),
    ("street", "SELECT upper(max(name_en)) FROM geoservice.basemap_feature WHERE kind = 'street'"),
    ("incidents", "SELECT left(min(id::text), 13) FROM geoservice.incident"),
    ("officer", "SELECT max(call_sign) FROM geoservice.staff"),
    ("officer", "SELECT max(code) FROM geoservice.staff"),
])  # fmt: skip
def test_each_kind_of_thing_is_found(door: Door, live: LiveServer, kind: str, statement: str) -> None:
    said = one_value(live, statement)

    answer = found(door, f" {said} ")

    assert answer.status_code == 200
    assert kind in kinds(answer)
    assert set(answer.json["matched"]) == set(kinds(answer))
    for one in answer.json["found"]:
        assert one["bbox"] is None or (one["bbox"][0] <= one["bbox"][2] and one["bbox"][1] <= one["bbox"][3])


def test_what_fits_best_comes_first_and_the_rest_is_counted(door: Door, live: LiveServer) -> None:
    code = one_value(live, "SELECT min(code) FROM geoservice.building")

    exact = found(door, code).json["found"]
    many = found(door, code[:2], limit=3).json

    assert next(one for one in exact if one["kind"] == "buildings")["id"] == code
    assert sum(one["kind"] == "buildings" for one in many["found"]) == 3
    holding = (
        "SELECT count(*) FROM geoservice.building WHERE left(code, 2) ="
        " (SELECT left(min(code), 2) FROM geoservice.building)"
    )
    assert many["matched"]["buildings"] >= one_value(live, holding) > 3


@pytest.mark.parametrize("statement", [
    "SELECT max(name) FROM geoservice.building WHERE name ~ '^[^0-9]+[0-9]+[^0-9]+$'",
    "SELECT max(name_en) FROM geoservice.basemap_feature WHERE kind = 'street' AND name_en LIKE '% %'",
    "SELECT max(call_sign) FROM geoservice.staff",
])  # fmt: skip
def test_blanks_between_words_are_nothing_that_a_name_must_have(door: Door, live: LiveServer, statement: str) -> None:
    name = one_value(live, statement)
    cut = len(name) // 2

    plain, spaced = (found(door, said).json for said in (name, f"{name[:cut]}  {name[cut:]}　"))

    assert plain["found"]
    assert spaced == plain


def test_signs_of_patterns_mean_themselves(door: Door) -> None:
    for said in ("%", "_", "\\", "'; DROP TABLE x; --", "％"):
        assert found(door, said).json == {"found": [], "matched": {}}


def test_coordinates_are_offered_in_each_system_and_never_guessed(door: Door) -> None:
    both = found(door, "91.77，29.24").json["found"]
    said = found(door, "91.77 29.24", crs="gcj02").json["found"]
    turned = found(door, "29.24, 91.77", crs="wgs84").json["found"]

    assert [one["crs"] for one in both] == ["wgs84", "gcj02"]
    assert both[0]["bbox"] == [91.77, 29.24, 91.77, 29.24]
    assert both[1]["bbox"] != both[0]["bbox"]
    assert said == both[1:]
    assert turned == both[:1]
    assert [one["crs"] for one in found(door, "2.35 48.85").json["found"]] == ["wgs84"]


def test_an_officer_is_where_the_grids_are_that_are_served_today(door: Door, live: LiveServer) -> None:
    sign, grid = one_value(live, "SELECT ARRAY[s.call_sign, p.grid_code] FROM geoservice.staff AS s"
                           " JOIN geoservice.posting AS p ON p.staff_code = s.code AND p.valid_to IS NULL"
                           " WHERE p.role = 'grid_officer' ORDER BY s.code LIMIT 1")  # fmt: skip

    (officer,) = [one for one in found(door, sign).json["found"] if one["kind"] == "officer"]

    assert officer["grids"] == [grid]
    box = next(one for one in found(door, grid).json["found"] if one["kind"] == "grids")["bbox"]
    assert officer["bbox"] == box


def test_officers_are_found_by_staff_alone(door: Door, live: LiveServer) -> None:
    sign = one_value(live, "SELECT max(call_sign) FROM geoservice.staff")
    assert "officer" in kinds(found(door, sign))
    for role in (Role.READER, Role.REPORTER, None):
        assert "officer" not in kinds(found(door, sign, role))


@pytest.mark.parametrize(("query", "status"), [
    ({"q": ""}, 422), ({"q": "x" * 101}, 422), ({"q": "a\x00"}, 422), ({"limit": 21}, 422), ({"crs": "epsg:1"}, 422),
    ({"jurisdiction": "none"}, 404),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(door: Door, query: dict[str, Any], status: int) -> None:
    asked = {"jurisdiction": "sare", "q": "a"} | query

    answer = door.client.get("/v1/search", query_string=asked, headers=door.headers(Role.DISPATCHER))

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
