"""A resident reports without a key, and follows what became of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.settings import Settings
from geoservice.wiring import Services

REPORT = {"service_code": "light", "lon": 91.77, "lat": 29.24, "jurisdiction": "sare", "description": "路灯不亮"}


def stored(client: FlaskClient, key: str, incident_id: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/incidents/{incident_id}", headers={"Authorization": f"Bearer {key}"}).json)


def test_a_resident_reports_without_a_key_and_follows(client: FlaskClient, key: str) -> None:
    told = client.post("/v1/report", json=REPORT)

    assert (told.status_code, told.location, told.headers["Cache-Control"]) == (201, "/v1/report", "no-store")
    incident = stored(client, key, told.json["id"])
    assert (incident["source"], incident["status"]) == ("resident", "dispatched")
    # But in the token and the id, whose letters are chance.
    assert incident["officer_code"] not in json.dumps(told.json | {"token": "", "id": ""})
    followed = client.get("/v1/report", headers={"Report-Token": told.json["token"]}).json
    also = {"token": told.json["token"], "asks_for_side": bool(followed["sides"]), "alike": told.json["alike"]}
    assert told.json == followed | also


def test_near_a_border_the_answer_asks_for_the_side_once(client: FlaskClient) -> None:
    told = client.post("/v1/report", json=REPORT | {"accuracy_m": 900}).json
    assert told["asks_for_side"]
    token = {"Report-Token": told["token"]}

    chosen = client.post("/v1/report/actions/choose-side", json={"grid": told["sides"][1]["grid_code"]}, headers=token)

    assert (chosen.status_code, chosen.json["sides"]) == (200, [])
    assert "choose-side" not in [step["action"] for step in chosen.json["actions"]]


def test_shifted_coordinates_are_put_right(client: FlaskClient) -> None:
    plain = client.post("/v1/report", json=REPORT).json
    shifted = client.post("/v1/report", json=REPORT | {"crs": "gcj02"}).json

    assert plain["position"] == [91.77, 29.24]
    assert shifted["position"] != plain["position"]


@pytest.mark.parametrize("field", [{"source": "camera"}, {"reported_at": "2026-01-31T08:00:00+08:00"}, {"x": 1}])
def test_a_resident_does_not_say_what_the_service_knows(client: FlaskClient, field: dict[str, Any]) -> None:
    assert client.post("/v1/report", json=REPORT | field).status_code == 422


def test_what_the_service_asks_for_is_kept_and_judged(client: FlaskClient, key: str) -> None:
    parking = REPORT | {"service_code": "parking"}

    told = client.post("/v1/report", json=parking | {"attributes": {"blocked": "pavement", "other": "left out"}})
    assert stored(client, key, told.json["id"])["attributes"] == {"blocked": "pavement"}
    for answers, fault in (({}, "is required"), ({"blocked": "river"}, "is one of fire_lane, pavement, tactile")):
        refused = client.post("/v1/report", json=parking | {"attributes": answers})
        assert (refused.status_code, refused.json["type"]) == (422, "/docs#problem-answers-unfit")
        assert refused.json["errors"] == [{"pointer": "#/attributes/blocked", "code": "unfit", "detail": fault}]
    # Whoever says nothing of answers was not asked.
    assert client.post("/v1/report", json=parking).status_code == 201
    assert client.post("/v1/report", json=parking | {"attributes": {"blocked": "找 13912345678"}}).status_code == 422
    assert client.post("/v1/report", json=parking | {"attributes": {"blocked": 7}}).status_code == 422


def test_a_personal_number_is_refused(client: FlaskClient) -> None:
    answer = client.post("/v1/report", json=REPORT | {"description": "找 13912345678"})

    assert answer.json["type"] == "/docs#problem-personal-number"


@pytest.mark.parametrize(
    ("text", "status"), [("a" * 200, 201), ("a" * 16, 201), ("a" * 201, 422), ("a" * 15, 422), ("é" * 20, 422)]
)
def test_what_an_idempotency_key_may_be(client: FlaskClient, text: str, status: int) -> None:
    assert client.post("/v1/report", json=REPORT, headers={"Idempotency-Key": text}).status_code == status


def test_where_it_is_switched_off_the_answer_says_how_to_switch_it_on(services: Services) -> None:
    settings = Settings(database_url=SecretStr("postgresql://unused"), public_reports=False)
    client = create_app(settings, services=services).test_client()

    answer = client.post("/v1/report", json=REPORT)

    assert (answer.status_code, answer.json["type"]) == (403, "/docs#problem-public-reports-off")
    assert "GEOSERVICE_PUBLIC_REPORTS=true" in answer.json["detail"]


def test_an_officer_sees_his_own_grids_and_what_he_has(client: FlaskClient, services: Services) -> None:
    key = {"Authorization": "Bearer " + services.keys.create(Role.OFFICER, "terminal", staff=("sare", "G03"))}

    duty = client.get("/v1/postings/own", headers=key).json
    mine = client.get("/v1/incidents?officer=G03&status=dispatched&limit=1000", headers=key).json["incidents"]

    assert (duty["jurisdiction"], duty["officer_code"]) == ("sare", "G03")
    assert [posting["role"] for posting in duty["postings"]] == ["grid_officer"]
    assert mine
    assert {incident["grid_code"] for incident in mine} == {duty["postings"][0]["grid_code"]}


def test_a_key_that_names_nobody_has_no_grid_of_its_own(client: FlaskClient, key: str) -> None:
    duty = client.get("/v1/postings/own", headers={"Authorization": f"Bearer {key}"}).json

    assert duty == {"jurisdiction": None, "officer_code": None, "postings": []}


def test_a_reporter_reads_what_was_said_to_and_fro_and_nothing_of_other_reporters(
    client: FlaskClient, key: str
) -> None:
    desk = {"Authorization": f"Bearer {key}"}
    told = client.post("/v1/report", json=REPORT).json
    other = client.post("/v1/report", json=REPORT).json

    def staff(report: dict[str, Any], action: str, **body: object) -> dict[str, Any]:
        done = client.post(f"/v1/incidents/{report['id']}/actions/{action}", json=body, headers=desk)
        assert done.status_code == 200, done.json
        return dict(done.json)

    def own(report: dict[str, Any], action: str, **body: object) -> list[tuple[str, str, bool]]:
        token = {"Report-Token": report["token"]}
        done = client.post(f"/v1/report/actions/{action}", json=body, headers=token)
        assert done.status_code == 200, done.json
        return [(one["rule"], one["words"], one["by_reporter"]) for one in done.json["said"]]

    staff(told, "accept")
    staff(told, "ask", reason="哪一盏？")
    assert own(told, "answer", reason="门口那盏") == [("asked", "哪一盏？", False), ("answered", "门口那盏", True)]
    staff(told, "resolve", reason="换了灯泡")
    back = own(told, "reopen", reason="又不亮了")
    assert back[2:] == [("resolved", "换了灯泡", False), ("reopened", "又不亮了", True)]
    staff(other, "merge", duplicate_of=told["id"])
    staff(told, "accept")
    staff(told, "resolve", reason="换了整盏")

    assert own(other, "rate", rating=4, reason="可以") == [
        ("resolved", "换了灯泡", False), ("resolved", "换了整盏", False), ("rated", "可以", True),
    ]  # fmt: skip


def test_the_words_of_an_order_stay_with_it_until_it_is_done(client: FlaskClient, key: str) -> None:
    desk = {"Authorization": f"Bearer {key}"}
    incident = client.post("/v1/report", json=REPORT).json["id"]

    def after(action: str, **body: object) -> tuple[str | None, str | None]:
        done = client.post(f"/v1/incidents/{incident}/actions/{action}", json=body, headers=desk).json
        assert done == stored(client, key, incident)
        return done["step_reason"], done["assignment_reason"]

    assert after("return", reason="不是我的") == ("不是我的", None)
    assert after("dispatch", reason="门禁 1234") == ("门禁 1234", "门禁 1234")
    assert after("accept") == (None, "门禁 1234")
    assert after("ask", reason="哪一盏？") == ("哪一盏？", "门禁 1234")
    assert after("answer", reason="门口那盏") == ("门口那盏", "门禁 1234")
    assert after("return", reason="没人在家") == ("没人在家", None)
    assert after("dispatch") == (None, None)
    assert after("return", reason="不对") == ("不对", None)
    assert after("dispatch", reason="门禁 5678") == ("门禁 5678", "门禁 5678")
    assert after("accept") == (None, "门禁 5678")
    assert after("resolve") == (None, "门禁 5678")
    assert after("verify") == (None, None)
