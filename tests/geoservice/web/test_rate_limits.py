"""Who asks too often is told when to come again; who is known, and this machine, may go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import structlog
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.conftest import DatabaseMaker, as_service
from tests.keys import holder
from tests.loading import stop, wait_until_loaded
from tests.waiting import wait_until

REPORT = {"service_code": "light", "lon": 91.77, "lat": 29.24}
#: Addresses of documentation (RFC 5737, RFC 3849).
HERE, THERE = "192.0.2.7", "198.51.100.7"
Knock = Callable[..., FlaskClient]


@pytest.fixture(scope="module")
def services(cluster_url: str, community_template: str) -> Iterator[Services]:
    maker = DatabaseMaker(cluster_url)
    services = build_services(
        Settings(database_url=SecretStr(as_service(maker.clone(community_template))), pool_size=4)
    )
    wait_until_loaded(services)
    yield services
    stop(services)
    maker.drop_all()


@pytest.fixture
def knock(services: Services) -> Iterator[Knock]:
    """Return what makes a client of an application with some settings."""
    with ExitStack() as stack:

        def made(address: str = HERE, **settings: object) -> FlaskClient:
            app = create_app(Settings(database_url=SecretStr("postgresql://unused"), **settings), services=services)  # type: ignore[arg-type]
            client = stack.enter_context(app.test_client())
            client.environ_base["REMOTE_ADDR"] = address
            return client

        yield made


def _report(client: FlaskClient, **more: object) -> TestResponse:
    return client.post("/v1/report", json=REPORT, **more)  # type: ignore[arg-type]


def _owner(client: FlaskClient, **more: object) -> TestResponse:
    return client.get("/v1/owner?lon=91.77&lat=29.24", **more)  # type: ignore[arg-type]


def _shown(services: Services, role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {services.keys.create(role, 'test', staff=holder(role))}"}


def test_a_flood_of_reports_from_one_address_is_stopped_and_told_when_to_come_again(knock: Knock) -> None:
    client = knock(limit_reports="3/600")

    answers = [_report(client) for _ in range(5)]

    assert [one.status_code for one in answers] == [201, 201, 201, 429, 429]
    assert [one.headers["RateLimit"] for one in answers[:3]] == [
        '"reports";r=2;t=200', '"reports";r=1;t=400', '"reports";r=0;t=600']  # fmt: skip
    refused = answers[3]
    assert refused.headers["RateLimit-Policy"] == '"reports";q=3;w=600'
    assert 199 <= int(refused.headers["Retry-After"]) <= 200
    assert refused.json is not None
    assert refused.json["type"] == "/docs#problem-too-many-requests"
    assert "3 reports in 600 s" in refused.json["detail"]


def test_others_and_this_machine_and_those_known_go_on(knock: Knock, services: Services) -> None:
    client = knock(limit_reports="1/600")
    assert [_report(client).status_code for _ in range(2)] == [201, 429]

    for address in (THERE, "127.0.0.1", "::1", "::ffff:127.0.0.1"):
        assert _report(client, environ_overrides={"REMOTE_ADDR": address}).status_code == 201
    shown = _shown(services, Role.DISPATCHER)
    assert client.post("/v1/incidents", json=REPORT, headers=shown).status_code == 201
    assert client.get("/v1/services?jurisdiction=sare").status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True), ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
     ("192.0.2.7", "192.0.2.8", False), ("::ffff:192.0.2.7", "192.0.2.7", True)],
)  # fmt: skip
def test_of_ipv6_a_network_is_counted_together(knock: Knock, one: str, other: str, together: bool) -> None:
    client = knock(one, limit_reports="1/600")
    assert _report(client).status_code == 201

    second = _report(client, environ_overrides={"REMOTE_ADDR": other})

    assert second.status_code == (429 if together else 201)


def test_a_proxy_that_is_named_tells_whom_it_heard_and_others_do_not(knock: Knock) -> None:
    client = knock("10.1.0.1", limit_reports="1/600", proxy_networks="10.1.0.0/16")
    heard = {"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}
    assert _report(client, headers=heard).status_code == 201
    assert _report(client, headers={"X-Forwarded-For": "203.0.113.10, 192.0.2.1"}).status_code == 429
    assert _report(client, headers={"X-Forwarded-For": "192.0.2.2"}).status_code == 201

    liar = {"REMOTE_ADDR": THERE}
    assert _report(client, headers={"X-Forwarded-For": "192.0.2.3"}, environ_overrides=liar).status_code == 201
    assert _report(client, headers={"X-Forwarded-For": "192.0.2.4"}, environ_overrides=liar).status_code == 429


def test_an_unnamed_proxy_on_this_machine_is_said_once(knock: Knock) -> None:
    client = knock("127.0.0.1", limit_reports="1/600")

    with structlog.testing.capture_logs() as said:
        assert [_report(client, headers={"X-Forwarded-For": HERE}).status_code for _ in range(3)] == [201] * 3

    assert [one["setting"] for one in said if "proxy" in one["event"]] == ["GEOSERVICE_PROXY_NETWORKS"]


@pytest.mark.parametrize("fast", [True, False])
def test_look_ups_of_strangers_are_limited_on_both_ways(knock: Knock, services: Services, fast: bool) -> None:
    client = knock(limit_look_ups="3/60", fast_path=fast)

    assert [_owner(client).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    batch = client.post("/v1/owner/batch", data="lon,lat\n91.77,29.24\n", content_type="text/csv")
    assert batch.status_code == 429
    assert [_owner(client, headers=_shown(services, Role.READER)).status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("fast", [True, False])
def test_keys_are_limited_where_that_is_said_each_for_itself(knock: Knock, services: Services, fast: bool) -> None:
    client = knock(limit_requests="2/60", fast_path=fast)
    one, other = _shown(services, Role.READER), _shown(services, Role.READER)

    assert [_owner(client, headers=one).status_code for _ in range(3)] == [200, 200, 429]
    assert _owner(client, headers=other).status_code == 200
    assert _owner(client).status_code == 200


def test_whoever_shows_keys_that_are_none_is_stopped_and_real_keys_are_good_there(
    knock: Knock, services: Services
) -> None:
    client = knock(limit_failures="3/600")
    real = _shown(services, Role.DISPATCHER)
    wrong = {"Authorization": "Bearer grd_00000000_" + "A" * 43}

    assert [client.get("/v1/incidents", headers=wrong).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    form = {"service_code": "light", "lat": "29.24", "long": "91.77", "api_key": "grd_00000000_" + "A" * 43}
    assert client.post("/open311/v2/requests.json", data=form).status_code == 429
    shown = real["Authorization"].removeprefix("Bearer ")
    wait_until(lambda: services.keys.identify_from_memory(shown) is not None, "memory knows the key")
    assert client.get("/v1/incidents", headers=real).status_code == 200
    assert client.get("/v1/incidents", headers=wrong, environ_overrides={"REMOTE_ADDR": THERE}).status_code == 401


def test_without_a_limit_nothing_is_counted(knock: Knock) -> None:
    client = knock(limit_reports="", limit_look_ups="", limit_failures="")

    answers = [_report(client) for _ in range(25)]

    assert {one.status_code for one in answers} == {201}
    assert "RateLimit" not in answers[0].headers
