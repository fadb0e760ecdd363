"""Staff, postings and services over HTTP: read by staff, written by the administration, never by name."""

from __future__ import annotations

from typing import Any

import pytest

from geoservice.auth.model import Role
from tests.geoservice.web.attacks import Answer, ask
from tests.geoservice.web.door import Door

OF_SARE = "?jurisdiction=sare"


def call(door: Door, method: str, path: str, body: dict[str, Any] | None = None, *, role: Role = Role.ADMIN) -> Answer:
    more = {} if body is None else {"json": body}
    return ask(door.client, path, method=method, headers=door.headers(role), **more)


def test_a_member_of_staff_is_written_and_read(door: Door) -> None:
    made = call(door, "PUT", f"/v1/staff/N01{OF_SARE}", {"role": "dispatcher"})
    assert made.response.json == {"code": "N01", "call_sign": "调度员一号", "role": "dispatcher"}
    changed = call(door, "PUT", f"/v1/staff/N01{OF_SARE}", {"role": "dispatcher", "call_sign": "雪豹"})
    assert changed.response.json["call_sign"] == "雪豹"

    assert call(door, "GET", f"/v1/staff/N01{OF_SARE}", role=Role.OFFICER).response.json["call_sign"] == "雪豹"
    codes = [one["code"] for one in call(door, "GET", f"/v1/staff{OF_SARE}").response.json["staff"]]
    assert codes == sorted(codes)
    assert call(door, "GET", f"/v1/staff/nobody{OF_SARE}").status == 404


@pytest.mark.parametrize(("code", "sign"), [("N02", "张伟"), ("13812345678", "雪豹"), ("N02", "13812345678")])
def test_names_and_numbers_of_people_are_refused(door: Door, code: str, sign: str) -> None:
    refused = call(door, "PUT", f"/v1/staff/{code}{OF_SARE}", {"role": "dispatcher", "call_sign": sign})

    assert refused.status == 422
    assert sign not in refused.response.get_data(as_text=True)


def test_a_posting_is_made_and_ended(door: Door) -> None:
    [grid] = {one["grid_code"] for one in call(door, "GET", f"/v1/postings{OF_SARE}").response.json["postings"]
              if one["officer_code"] == "G01"}  # fmt: skip
    body = {"officer_code": "G02", "grid_code": grid, "role": "deputy", "valid_from": "2026-01-01"}
    made = call(door, "POST", f"/v1/postings{OF_SARE}", body)
    assert made.status == 201
    number = made.response.json["id"]

    def of(day: str) -> list[int]:
        return [one["id"] for one in call(door, "GET", f"/v1/postings{OF_SARE}&day={day}").response.json["postings"]]

    assert number in of("2026-02-01")
    ended = call(door, "PATCH", f"/v1/postings/{number}{OF_SARE}", {"valid_to": "2026-02-01"})
    assert ended.response.json["valid_to"] == "2026-02-01"
    assert number not in of("2026-02-01")
    backwards = call(door, "PATCH", f"/v1/postings/{number}{OF_SARE}", {"valid_to": "2025-01-01"})
    assert (backwards.status, backwards.response.json["detail"]) == (422, "A posting ends after it begins.")


def test_a_posting_that_has_not_begun_is_taken_back(door: Door) -> None:
    [running] = [one for one in call(door, "GET", f"/v1/postings{OF_SARE}").response.json["postings"]
                 if one["officer_code"] == "G01"]  # fmt: skip
    body = {"officer_code": "G02", "grid_code": running["grid_code"], "role": "deputy", "valid_from": "2101-01-01"}
    number = call(door, "POST", f"/v1/postings{OF_SARE}", body).response.json["id"]

    taken = call(door, "DELETE", f"/v1/postings/{number}{OF_SARE}")
    assert (taken.status, taken.response.json["valid_from"]) == (200, "2101-01-01")
    assert call(door, "DELETE", f"/v1/postings/{number}{OF_SARE}").status == 404
    begun = call(door, "DELETE", f"/v1/postings/{running['id']}{OF_SARE}")
    assert (begun.status, begun.response.json["type"]) == (409, "/docs#problem-posting-begun")


def test_a_grid_has_one_officer_a_day(door: Door) -> None:
    [posting] = [one for one in call(door, "GET", f"/v1/postings{OF_SARE}").response.json["postings"]
                 if one["officer_code"] == "G01"]  # fmt: skip
    body = {"officer_code": "G02", "grid_code": posting["grid_code"], "role": "grid_officer",
            "valid_from": posting["valid_from"]}  # fmt: skip

    refused = call(door, "POST", f"/v1/postings{OF_SARE}", body)

    assert refused.status == 422
    assert "The grid has an officer on some of these days" in refused.response.json["detail"]
    assert call(door, "POST", f"/v1/postings{OF_SARE}", body | {"officer_code": "none"}).status == 422
    assert call(door, "POST", f"/v1/postings{OF_SARE}", body | {"grid_code": "none"}).status == 422
    assert call(door, "PATCH", f"/v1/postings/999999999{OF_SARE}", {"valid_to": None}).status == 404


def test_a_service_is_written_and_read(door: Door) -> None:
    body = {"name": "噪声", "category": "社会治安 / 噪声", "keywords": ["噪声"], "limit_working_hours": 8,
            "sensitive": True,
            "attributes": [{"code": "when", "datatype": "datetime", "required": False}]}  # fmt: skip
    written = call(door, "PUT", f"/v1/services/noise-2{OF_SARE}", body)
    assert written.status == 200

    listed = call(door, "GET", f"/v1/services{OF_SARE}", role=Role.PUBLIC).response.json["services"]
    [found] = [one for one in listed if one["code"] == "noise-2"]
    assert {name: found[name] for name in body} == body
    assert found == written.response.json


def test_a_retired_service_is_offered_no_more_and_names_what_was_reported(door: Door) -> None:
    def codes(query: str = "") -> set[str]:
        listed = call(door, "GET", f"/v1/services{OF_SARE}{query}", role=Role.PUBLIC).response.json["services"]
        return {one["code"] for one in listed}

    assert call(door, "PUT", f"/v1/services/old{OF_SARE}", {"name": "x", "retired": True}).response.json["retired"]
    assert "old" not in codes()
    assert codes("&retired=true") == codes() | {"old"}
    assert call(door, "GET", "/open311/v2/services/old.json?jurisdiction_id=sare", role=Role.PUBLIC).status == 404


def test_what_a_service_can_not_ask_for_is_refused_by_field(door: Door) -> None:
    wrong = {"name": "x", "attributes": [{"code": "a", "datatype": "colour"}]}
    refused = call(door, "PUT", f"/v1/services/x{OF_SARE}", wrong)
    assert refused.response.json["errors"][0]["pointer"] == "#/attributes"

    refused = call(door, "PUT", f"/v1/services/x{OF_SARE}", {"name": "x", "description": "ring 13812345678"})
    assert refused.response.json["errors"][0]["pointer"] == "#/description"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "ring 13812345678"), ("name_en", "ring 13812345678"), ("category", "ring 13812345678"),
        ("description", "ring 13812345678"), ("keywords", ["noise", "13812345678"]), ("keywords", ["138 1234", "5678"]),
        ("keywords", ["me@example.org"]), ("attributes", [{"code": "a", "description": "ring 13812345678"}]),
    ],
)  # fmt: skip
def test_no_text_of_a_service_holds_a_number_of_a_person(door: Door, field: str, value: object) -> None:
    refused = call(door, "PUT", f"/v1/services/numbered{OF_SARE}", {"name": "x"} | {field: value})

    refused.assert_tame(statuses={422})
    assert refused.response.json["errors"][0]["pointer"] == f"#/{field}"
    listed = call(door, "GET", f"/v1/services{OF_SARE}").response.json["services"]
    assert "numbered" not in {one["code"] for one in listed}
