"""A key that is for some networks is good there, by whatever door; elsewhere it is refused in words, with an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.services.keys import KeyElsewhere
from geoservice.settings import Settings
from geoservice.streams.answers import fields_of
from geoservice.web.addresses import caller_of
from geoservice.wiring import Services, build_services
from tests.conftest import DatabaseMaker, as_service
from tests.listening import listen, streaming
from tests.loading import stop, wait_until_loaded
from tests.waiting import wait_until

#: Addresses of documentation (RFC 5737, RFC 3849).
INSIDE, OUTSIDE, PROXY = "192.0.2.7", "198.51.100.7", "203.0.113.1"
NETWORKS = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/48"))


@pytest.fixture(scope="module")
def url(cluster_url: str, community_template: str) -> Iterator[str]:
    maker = DatabaseMaker(cluster_url)
    yield maker.clone(community_template)
    maker.drop_all()


@pytest.fixture(scope="module")
def services(url: str) -> Iterator[Services]:
    services = build_services(Settings(database_url=SecretStr(as_service(url)), pool_size=4, compare_every_s=0.1))
    wait_until_loaded(services)
    yield services
    stop(services)


@pytest.fixture(scope="module")
def key(services: Services) -> str:
    key = services.keys.create(Role.DISPATCHER, "of a network", jurisdiction="sare", networks=NETWORKS)
    wait_until(lambda: services.keys.identify_from_memory(key, INSIDE) is not None, "memory knows the key")
    return key


@pytest.fixture
def client(services: Services) -> Iterator[Callable[..., FlaskClient]]:
    def made(address: str, **settings: Any) -> FlaskClient:
        app = create_app(Settings(database_url=SecretStr("postgresql://unused"), **settings), services=services)
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return client

    yield made


def entries(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT e.who, e.role, j.code, e.touched FROM geoservice.audit_entry AS e"
            " LEFT JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id"
            " WHERE what = 'key_elsewhere' ORDER BY e.id"
        ).fetchall()


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("path", ["/v1/incidents?jurisdiction=sare&limit=1", "/v1/owner?lon=91.77&lat=29.24"])
def test_it_is_refused_elsewhere_in_words_and_with_an_entry(
    client: Callable[..., FlaskClient], key: str, url: str, path: str, fast: bool
) -> None:
    shown = {"Authorization": f"Bearer {key}"}
    assert client(INSIDE, fast_path=fast).get(path, headers=shown).status_code == 200
    assert client(f"::ffff:{INSIDE}", fast_path=fast).get(path, headers=shown).status_code == 200
    assert client("2001:db8::9", fast_path=fast).get(path, headers=shown).status_code == 200
    before = len(entries(url))

    refused = client(OUTSIDE, fast_path=fast).get(path, headers=shown)

    assert (refused.status_code, refused.json["type"].rpartition("#")[2]) == (403, "problem-key-elsewhere")
    assert "networks" in refused.json["detail"]
    key_id = key.split("_")[1]
    assert entries(url)[before:] == [(f"dispatcher:{key_id}", "dispatcher", "sare", {"ids": [key_id]})]
    assert OUTSIDE not in str(entries(url))


def test_proxies_that_are_named_are_believed_and_no_others(client: Callable[..., FlaskClient], key: str) -> None:
    def status(address: str, heard: str, **settings: Any) -> int:
        headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": heard}
        return client(address, **settings).get("/v1/incidents?jurisdiction=sare&limit=1", headers=headers).status_code

    named = {"proxy_networks": f"{PROXY}/32"}
    assert status(OUTSIDE, INSIDE) == 403
    assert status(PROXY, INSIDE) == 403
    assert status(PROXY, INSIDE, **named) == 200
    assert status(PROXY, f"{INSIDE}, {OUTSIDE}", **named) == 403  # what the caller writes himself stands first
    assert status(OUTSIDE, INSIDE, **named) == 403
    # A server that listens for both kinds of addresses hears of the proxy as one of IPv6.
    assert status(f"::ffff:{PROXY}", INSIDE, **named) == 200
    assert status(f"::ffff:{PROXY}", f"{INSIDE}, {OUTSIDE}", **named) == 403
    assert status(f"::ffff:{OUTSIDE}", INSIDE, **named) == 403
    assert status(PROXY, "nonsense", **named) == 403


def test_what_proxies_write_in_lines_of_their_own_is_one_list_for_streams() -> None:
    inner = "203.0.113.2"
    lines = [(b"X-Forwarded-For", OUTSIDE.encode()), (b"x-forwarded-for", inner.encode()), (b"cookie", b"a=1"),
             (b"Cookie", b"b=2"), (b"x_forwarded_for", INSIDE.encode())]  # fmt: skip

    fields = fields_of({"headers": lines})

    assert fields["cookie"] == "a=1; b=2"
    assert caller_of(PROXY, fields["x-forwarded-for"], (ip_network("203.0.113.0/24"),)) == OUTSIDE


def test_a_report_of_open311_is_no_way_round(client: Callable[..., FlaskClient], key: str) -> None:
    form = {"service_code": "light", "lat": "29.24", "long": "91.77", "description": "x", "api_key": key}

    assert client(OUTSIDE).post("/open311/v2/requests.json", data=form).status_code == 403
    assert client(INSIDE).post("/open311/v2/requests.json", data=form).status_code == 200


@pytest.mark.slow
def test_a_stream_of_events_is_no_way_round(url: str, services: Services, key: str) -> None:
    here = services.keys.create(Role.DISPATCHER, "of this machine", jurisdiction="sare",
                                networks=(ip_network("127.0.0.0/8"),))  # fmt: skip
    with streaming(as_service(url)) as port:
        with listen(port, Authorization=f"Bearer {key}") as refused:
            assert refused.answer.status == 403
            assert b"not good where it was shown" in refused.answer.read()
        with listen(port, Authorization=f"Bearer {here}") as heard:
            assert heard.answer.status == 200


def test_whoever_tries_a_stolen_key_often_is_stopped(client: Callable[..., FlaskClient], key: str) -> None:
    thief, shown = client(OUTSIDE, limit_failures="3/600"), {"Authorization": f"Bearer {key}"}

    statuses = [thief.get("/v1/incidents?jurisdiction=sare", headers=shown).status_code for _ in range(5)]

    assert statuses == [403, 403, 403, 429, 429]


def test_where_it_comes_from_has_to_be_known(services: Services, key: str) -> None:
    for address in (None, "", "nonsense", "192.0.2", "192.0.2.7.1", "192.0.2.0/24"):
        assert services.keys.identify_from_memory(key, address) is None
        with pytest.raises(KeyElsewhere):
            services.keys.identify(key, address)
    # A wrong secret is told nothing of networks.
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert services.keys.identify(wrong, OUTSIDE) is None
    assert services.keys.identify_for_look_up(wrong, OUTSIDE) is None


def test_that_memory_recognised_a_key_is_written_afterwards(services: Services) -> None:
    shown = services.keys.create(Role.READER, "held")
    wait_until(lambda: services.keys.identify_from_memory(shown) is not None, "memory knows the key")
    services.keys._write_again_s = 0.0

    def is_written() -> bool:
        return any(one.label == "held" and one.used_at is not None for one in services.keys.keys())

    wait_until(is_written, "the use is written")
