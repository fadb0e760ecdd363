"""A report that is sent again with its key is stored once, and answered as it was: by the same incident and token."""

from __future__ import annotations

import threading
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import PUBLIC, Identity, Role
from geoservice.auth.tokens import new_token, seal, unseal
from geoservice.errors import NotServed, ReportKeyUsed
from geoservice.services.handling import HandlingService
from geoservice.services.incidents import IncidentService, NewReport
from layers.crs import declared_position
from layers.db.session import Database
from tests.factories import make_town, select_one
from tests.places import CENTRE, IN_HOLE

SENDER = Identity(Role.REPORTER, "k1")
REPORT = NewReport("light", declared_position(CENTRE.lon, CENTRE.lat), "resident", "dark")


@pytest.fixture
def incidents(database: Database, database_url: str) -> IncidentService:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
    return IncidentService(database)


def stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(select_one(connection, "SELECT count(*) FROM geoservice.incident"))


def test_sent_again_it_is_the_same_report_and_its_token_still_opens_it(
    incidents: IncidentService, database: Database, database_url: str
) -> None:
    key = str(uuid4())
    first, token = incidents.report(REPORT, identity=SENDER, key=key)
    again, same_token = incidents.report(REPORT, identity=SENDER, key=key)

    assert (again.id, same_token) == (first.id, token)
    assert HandlingService(database).offer_to_reporter(same_token).incident.id == first.id
    assert stored(database_url) == 1


def test_sent_by_many_at_once_it_is_stored_once(incidents: IncidentService, database_url: str) -> None:
    key, told = str(uuid4()), []
    threads = [
        threading.Thread(target=lambda: told.append(incidents.report(REPORT, identity=SENDER, key=key)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(told) == 8
    assert len({(incident.id, token) for incident, token in told}) == 1
    assert stored(database_url) == 1


def test_a_key_is_of_one_report_of_one_sender(incidents: IncidentService, database_url: str) -> None:
    key = str(uuid4())
    first, token = incidents.report(REPORT, identity=SENDER, key=key)

    with pytest.raises(ReportKeyUsed):
        incidents.report(replace(REPORT, description="darker"), identity=SENDER, key=key)
    other, other_token = incidents.report(REPORT, identity=PUBLIC, key=key)
    assert other.id != first.id
    assert other_token != token
    assert stored(database_url) == 2


def test_what_was_refused_may_be_sent_again_mended(incidents: IncidentService, database_url: str) -> None:
    key = str(uuid4())
    nowhere = replace(REPORT, place=declared_position(IN_HOLE.lon + 1, IN_HOLE.lat), jurisdiction_code="town")
    with pytest.raises(NotServed):
        incidents.report(nowhere, identity=SENDER, key=key, only_where_served=True)

    incidents.report(REPORT, identity=SENDER, key=key)
    assert stored(database_url) == 1


def test_a_sealed_token_opens_with_its_key_alone() -> None:
    token = new_token()

    assert unseal(seal(token, "one key of many"), "one key of many") == token
    assert unseal(seal(token, "one key of many"), "another") != token


@pytest.mark.parametrize("report_key", ["short", "x" * 201, "with a blank in it", ""])
def test_a_key_that_others_could_guess_is_refused(client: FlaskClient, key: str, report_key: str) -> None:
    answer = client.post(
        "/v1/incidents", json={"service_code": "cable", "lon": 91.1, "lat": 29.6},
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": report_key},
    )  # fmt: skip

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.get_data(as_text=True)


def test_the_address_takes_the_key(client: FlaskClient, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid4())}
    body = {"service_code": "cable", "lon": 91.1, "lat": 29.6}
    first, again = (client.post("/v1/incidents", json=body, headers=headers).get_json() for _ in range(2))
    other = client.post("/v1/incidents", json=body | {"lat": 29.7}, headers=headers)

    assert (first["id"], first["token"]) == (again["id"], again["token"])
    assert (other.status_code, other.get_json()["type"].rpartition("#")[2]) == (422, "problem-key-used")
