"""What no door takes, with a sentence that says what to do: blank reasons, a place of 0, 0, days to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

REPORT = {"service_code": "light", "lon": 91.77, "lat": 29.24, "jurisdiction": "sare"}
NOWHERE: tuple[dict[str, Any], ...] = (
    {"lon": 0, "lat": 0}, {"lon": 0.0, "lat": -0.0}, {"lon": 0, "lat": 0, "crs": "cgcs2000"},
    {"lon": 0, "lat": 0, "accuracy_m": 900}, {"lon": 0, "lat": 0, "building_code": "B1"},
)  # fmt: skip
BLANK = (" ", "\u3000", "\u200b", "...", "\n\t", "。。。", "\ufeff\u2060", "—", "👍")


@pytest.fixture
def auth(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def incident(client: FlaskClient, auth: dict[str, str]) -> dict[str, Any]:
    return dict(client.post("/v1/incidents", json=REPORT, headers=auth).json)


@pytest.mark.parametrize("place", NOWHERE)
def test_nowhere_is_no_place_of_a_residents_report(client: FlaskClient, place: dict[str, Any]) -> None:
    answer = client.post("/v1/report", json=REPORT | place)

    assert (answer.status_code, answer.json["type"]) == (422, "/docs#problem-place-unknown")
    assert "give the place itself" in answer.json["detail"]


@pytest.mark.parametrize("place", [NOWHERE[0], {"x": 0, "y": 0, "crs": "wgs84"}, {"x": 0, "y": 0, "crs": "epsg:4490"}])
def test_nor_of_another_systems_nor_is_a_pin_moved_there(
    client: FlaskClient, auth: dict[str, str], incident: dict[str, Any], place: dict[str, Any]
) -> None:
    reported = client.post(
        "/v1/incidents", json={"service_code": "light", "jurisdiction": "sare"} | place, headers=auth
    )
    moved = client.post(f"/v1/incidents/{incident['id']}/actions/move", json=place, headers=auth)

    assert {answer.json["type"] for answer in (reported, moved)} == {"/docs#problem-place-unknown"}


def test_open311_says_so_too(client: FlaskClient, key: str) -> None:
    form = {"jurisdiction_id": "sare", "service_code": "light", "lat": "0", "long": "0", "api_key": key}

    answer = client.post("/open311/v2/requests.json", data=form)

    assert answer.status_code in (400, 422)
    assert "give the place itself" in answer.json[0]["description"]


def test_a_place_near_zero_is_a_place(client: FlaskClient) -> None:
    assert client.post("/v1/report", json=REPORT | {"lon": 0.0000001, "lat": 0}).status_code == 201


def test_moving_a_pin_without_a_place_says_what_a_place_is(
    client: FlaskClient, auth: dict[str, str], incident: dict[str, Any]
) -> None:
    answer = client.post(f"/v1/incidents/{incident['id']}/actions/move", json={"reason": "drüben"}, headers=auth)

    assert answer.status_code == 422
    assert "Give lon and lat in degrees, or x, y and crs." in answer.json["detail"]


@pytest.mark.parametrize("blank", BLANK)
def test_blanks_and_signs_are_no_reason(
    client: FlaskClient, auth: dict[str, str], incident: dict[str, Any], blank: str
) -> None:
    token = {"Report-Token": incident["token"]}
    doors = (
        client.post(f"/v1/incidents/{incident['id']}/actions/cancel", json={"reason": blank}, headers=auth),
        client.post("/v1/report/actions/cancel", json={"reason": blank}, headers=token),
    )

    for answer in doors:
        assert answer.status_code == 422
        assert answer.json["errors"] == [
            {"pointer": "#/reason", "code": "value_error",
             "detail": "write a few words: blanks and signs alone say nothing"}
        ]  # fmt: skip


@pytest.mark.parametrize("at", ["2030-01-01T00:00:00Z", "2199-12-31T23:59:59+08:00"])
def test_a_report_of_days_to_come_is_refused(client: FlaskClient, auth: dict[str, str], at: str) -> None:
    answer = client.post("/v1/incidents", json=REPORT | {"reported_at": at}, headers=auth)

    assert answer.status_code == 422
    assert "still to come" in answer.json["detail"]
    assert "Leave reported_at out" in answer.json["detail"]


def test_an_alert_of_days_to_come_too(client: FlaskClient, auth: dict[str, str]) -> None:
    alert = {"camera": "C001", "kind": "rubbish", "jurisdiction": "sare", "seen_at": "2030-01-01T00:00:00Z"}

    answer = client.post("/v1/alerts", json=alert, headers=auth)

    assert "still to come" in answer.json["detail"]


def test_a_clock_that_is_a_little_fast_means_now(client: FlaskClient, auth: dict[str, str]) -> None:
    fast = datetime.now(UTC) + timedelta(minutes=3)

    told = client.post("/v1/incidents", json=REPORT | {"reported_at": fast.isoformat()}, headers=auth)

    assert told.status_code == 201
    assert told.json["reported_at"] == told.json["recorded_at"]
