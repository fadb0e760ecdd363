"""A report that comes again with its key, by whatever spelling and door, is stored once."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.wiring import Services
from tests.geoservice.open311.moving import AT

FORM = {"service_code": "light", "lat": "29.24", "long": "91.77", "description": "路灯不亮"}
#: One UUID as people and libraries write it.
SPELLINGS = [
    str,
    lambda key: str(key).upper(),
    lambda key: f"{{{key}}}",
    lambda key: key.urn,
    lambda key: key.hex.upper(),
]


@pytest.fixture
def reporter(services: Services) -> str:
    return services.keys.create(Role.REPORTER, "open311")


def post(client: FlaskClient, reporter: str, key: str, form: str = "json", **more: str) -> Any:
    data = FORM | {"api_key": reporter} | more
    return client.post(f"{AT}/requests.{form}", data=data, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_the_same_report_is_answered_as_before(client: FlaskClient, reporter: str, spelt: Any) -> None:
    key = uuid4()
    first, again = post(client, reporter, str(key)), post(client, reporter, spelt(key))

    assert (first.status_code, again.status_code) == (200, 200)
    assert orjson.loads(first.data) == orjson.loads(again.data)


@pytest.mark.parametrize("spelt", SPELLINGS)
@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/report", "/v1/alerts"])
def test_so_it_is_at_every_door(client: FlaskClient, key: str, services: Services, path: str, spelt: Any) -> None:
    body: dict[str, Any] = {"service_code": "cable", "lon": 91.1, "lat": 29.6}
    if path == "/v1/alerts":
        cameras = orjson.loads(services.viewing.layer_geojson("sare", "cameras"))["features"]
        body = {"camera": cameras[0]["properties"]["code"], "kind": "smoke", "service_code": "cable"}
    shown = {} if path == "/v1/report" else {"Authorization": f"Bearer {key}"}
    sent = uuid4()

    told = [client.post(path, json=body, headers=shown | {"Idempotency-Key": one}) for one in (str(sent), spelt(sent))]

    assert [one.status_code for one in told] == [201, 201], [one.text for one in told]
    assert told[0].json is not None and told[1].json is not None
    assert told[0].json["id"] == told[1].json["id"]
    assert told[0].json.get("token") == told[1].json.get("token")


def test_another_report_with_the_key_is_refused(client: FlaskClient, reporter: str) -> None:
    key = str(uuid4())
    post(client, reporter, key)

    for form in ("json", "xml"):
        answer = post(client, reporter, key, form, description="又一盏")
        assert answer.status_code == 400
        assert "key" in answer.text


def test_other_keys_are_other_reports_even_where_only_a_letter_is_capital(client: FlaskClient, reporter: str) -> None:
    told = [post(client, reporter, key) for key in (f"order-{UUID(int=7)}", f"Order-{UUID(int=7)}", str(uuid4()))]

    ids = {orjson.loads(one.data)[0]["service_request_id"] for one in told}
    assert len(ids) == 3


@pytest.mark.parametrize("key", ["short", "with a blank in the key", "x" * 201, "", "é" * 20])
def test_a_key_that_can_be_guessed_is_refused_by_name(client: FlaskClient, reporter: str, key: str) -> None:
    answer = post(client, reporter, key)

    assert answer.status_code == 400
    assert orjson.loads(answer.data)[0]["description"].startswith("Idempotency-Key: ")


def test_what_was_refused_may_come_again_with_its_key(client: FlaskClient, reporter: str) -> None:
    key = str(uuid4())
    assert post(client, reporter, key, lat="0", long="0").status_code == 400

    assert post(client, reporter, key).status_code == 200
