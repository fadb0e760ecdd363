"""From report to rating over HTTP: what is answered, what is refused, and who sees what."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.errors import StaffUnknown
from geoservice.wiring import Services
from layers.incidents.edits import mark_overdue

REPORT = {"service_code": "light", "lon": 91.77, "lat": 29.24, "source": "resident", "description": "路灯不亮"}


@pytest.fixture
def reported(client: FlaskClient, key: str) -> dict[str, Any]:
    answer = client.post("/v1/incidents", json=REPORT, headers=bearer(key))
    assert answer.status_code == 201
    return dict(answer.json)


@pytest.fixture
def officer(services: Services, reported: dict[str, Any]) -> str:
    return services.keys.create(Role.OFFICER, "terminal", staff=("sare", reported["officer_code"]))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def act(client: FlaskClient, incident: dict[str, Any], action: str, key: str, **body: object) -> Any:
    return client.post(f"/v1/incidents/{incident['id']}/actions/{action}", json=body, headers=bearer(key))


def test_the_whole_way(client: FlaskClient, key: str, officer: str, reported: dict[str, Any]) -> None:
    assert (reported["status"], reported["token"][:4]) == ("dispatched", "rpt_")
    token = {"Report-Token": reported["token"]}

    assert act(client, reported, "accept", officer).json["status"] == "accepted"
    assert act(client, reported, "resolve", officer, reason="换了灯泡").json["status"] == "resolved"
    seen = client.get("/v1/report", headers=token).json
    assert (seen["status"], [step["action"] for step in seen["actions"]]) == ("resolved", ["rate", "reopen"])
    rated = client.post("/v1/report/actions/rate", json={"rating": 5}, headers=token).json

    assert (rated["status"], rated["rating"]) == ("closed", 5)
    told = client.get(f"/v1/incidents/{reported['id']}/history", headers=bearer(key)).json["events"]
    assert [(line["rule"], line["actor"]) for line in told[1:]] == [
        ("accepted", f"officer:{reported['officer_code']}"),
        ("resolved", f"officer:{reported['officer_code']}"),
        ("rated", "reporter"),
    ]


def test_an_illegal_step_is_409_with_legal_ones(client: FlaskClient, officer: str, reported: dict[str, Any]) -> None:
    answer = act(client, reported, "resolve", officer)

    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.json["incident_status"] == "dispatched"
    offered = client.get(f"/v1/incidents/{reported['id']}/actions", headers=bearer(officer)).json
    assert answer.json["legal_actions"] == [one["action"] for one in offered["actions"]]
    assert "accept" in answer.json["legal_actions"]


def test_a_step_is_taken_while_the_incident_is_as_it_was_seen(
    client: FlaskClient, key: str, officer: str, reported: dict[str, Any]
) -> None:
    address = f"/v1/incidents/{reported['id']}"
    seen = client.get(address, headers=bearer(key)).headers["ETag"]
    assert seen == f'"{reported["version"]}"'
    accepted = act(client, reported, "accept", officer)
    assert accepted.headers["ETag"] == f'"{reported["version"] + 1}"'

    stale = client.post(
        f"{address}/actions/return", json={"reason": "不属于本网格"}, headers=bearer(key) | {"If-Match": seen}
    )

    assert stale.status_code == 412
    assert stale.json["type"] == "/docs#problem-incident-changed"
    assert (stale.json["version"], stale.json["incident_status"]) == (reported["version"] + 1, "accepted")
    [line] = stale.json["changes"]
    assert (line["rule"], line["actor"]) == ("accepted", f"officer:{reported['officer_code']}")
    assert "return" in stale.json["legal_actions"]
    tag = accepted.headers["ETag"]
    for form in ("{}", "*", '"99", W/{}'):
        headers = bearer(key) | {"If-Match": form.format(tag)}
        done = client.post(f"{address}/actions/ask", json={"reason": f"哪里 {form}?"}, headers=headers)
        assert done.status_code == 200, done.json
        tag = act(client, reported, "answer", key, reason=f"这里 {form}").headers["ETag"]


def test_an_if_match_that_is_none_is_refused(client: FlaskClient, key: str, reported: dict[str, Any]) -> None:
    for tag in ("7", "'7'", '"7', ""):
        answer = client.post(
            f"/v1/incidents/{reported['id']}/actions/accept", json={}, headers=bearer(key) | {"If-Match": tag}
        )
        assert (answer.status_code, answer.json["type"]) == (412, "/docs#problem-precondition-unreadable"), tag


def test_who_sees_the_own_step_in_the_way_is_told_that_it_is_done(
    client: FlaskClient, officer: str, reported: dict[str, Any]
) -> None:
    """The answer was lost, and it is sent again with the tag of before."""
    headers = bearer(officer) | {"If-Match": f'"{reported["version"]}"'}
    first, again = (
        client.post(f"/v1/incidents/{reported['id']}/actions/accept", json={}, headers=headers) for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json["version"] == reported["version"] + 1


def test_a_step_that_is_sent_again_with_its_key_is_done_once(
    client: FlaskClient, key: str, reported: dict[str, Any]
) -> None:
    headers = bearer(key) | {"Idempotency-Key": str(uuid4())}
    address = f"/v1/incidents/{reported['id']}/actions"
    asked = client.post(f"{address}/ask", json={"reason": "哪一盏?"}, headers=headers)
    assert act(client, reported, "answer", key, reason="第二盏").status_code == 200

    again = client.post(f"{address}/ask", json={"reason": "哪一盏?"}, headers=headers)

    assert (asked.status_code, again.status_code) == (200, 200)
    assert (asked.json["waiting_since"] is None, again.json["waiting_since"]) == (False, None)
    events = client.get(f"/v1/incidents/{reported['id']}/history", headers=bearer(key)).json["events"]
    assert [line["rule"] for line in events] == ["reported", "asked", "answered"]
    assert [line["version"] for line in events] == [1, 2, 3]
    other = client.post(f"{address}/ask", json={"reason": "哪一盏灯?"}, headers=headers)
    assert (other.status_code, other.json["type"]) == (422, "/docs#problem-key-used")
    report = client.post("/v1/incidents", json=REPORT, headers=headers)
    assert (report.status_code, report.json["type"]) == (422, "/docs#problem-key-used")


def test_what_an_action_needs_is_told_and_asked(client: FlaskClient, officer: str, reported: dict[str, Any]) -> None:
    offered = client.get(f"/v1/incidents/{reported['id']}/actions", headers=bearer(officer)).json["actions"]
    (back,) = (one for one in offered if one["action"] == "return")
    assert back["needs"] == ["reason"]

    answer = act(client, reported, "return", officer)

    assert (answer.status_code, "missing: reason" in answer.json["detail"]) == (422, True)


def test_other_hands_are_kept_off(client: FlaskClient, services: Services, reported: dict[str, Any]) -> None:
    codes = [code for code in ("G01", "G02") if code != reported["officer_code"]]
    other = services.keys.create(Role.OFFICER, "other", staff=("sare", codes[0]))
    analyst = services.keys.create(Role.ANALYST, "analyst")

    # What another grid has is not there for him.
    assert act(client, reported, "accept", other).json["type"] == "/docs#problem-incident-unknown"
    assert act(client, reported, "accept", analyst).status_code == 403
    assert client.post(f"/v1/incidents/{reported['id']}/actions/accept", json={}).status_code == 401
    assert client.get(f"/v1/incidents/{reported['id']}", headers=bearer(analyst)).json["status"] == "dispatched"
    with pytest.raises(StaffUnknown):
        services.keys.create(Role.OFFICER, "nobody", staff=("sare", "G99"))


def test_a_reporter_sees_no_officer(client: FlaskClient, officer: str, reported: dict[str, Any]) -> None:
    act(client, reported, "accept", officer)

    told = client.get("/v1/report", headers={"Report-Token": reported["token"]}).get_data(as_text=True)

    assert reported["officer_code"] not in told
    assert client.get("/v1/report", headers={"Report-Token": "rpt_" + "A" * 43}).status_code == 404
    assert client.get("/v1/report").status_code == 422


def test_why_equals_what_was_stored_for_every_incident_of_the_demo(client: FlaskClient, key: str) -> None:
    incidents = client.get("/v1/incidents?limit=1000", headers=bearer(key)).json["incidents"]
    assert len(incidents) == 286
    for incident in incidents:
        (why,) = client.get(f"/v1/incidents/{incident['id']}/why", headers=bearer(key)).json["decisions"]

        same = ("received", "position", "accuracy_m", "building_code", "edition", "method", "grid_code",
                "distance_to_border_m", "near_border", "candidates", "officer_code")  # fmt: skip
        assert {name: why[name] for name in same} == {name: incident[name] for name in same}
        assert why["agrees"] is True
        assert why["again"]["grid_code"] == incident["grid_code"]


def test_what_is_late_is_listed_for_the_dispatcher(client: FlaskClient, services: Services, key: str) -> None:
    with services.database.transaction() as connection:
        found = mark_overdue(connection)
    assert found > 0

    late, in_time = (
        client.get(f"/v1/incidents?overdue={flag}&limit=1000", headers=bearer(key)).json["incidents"]
        for flag in ("true", "false")
    )

    assert (len(late), len(late) + len(in_time)) == (found, 286)
    assert all(one["overdue_at"] is not None and one["expected_at"] < one["overdue_at"] for one in late)
    assert client.get("/v1/incidents?overdue=maybe", headers=bearer(key)).status_code == 422
