"""Too many at once, and a database that is away: told at once and in words, over again by itself."""

from __future__ import annotations

import http.client
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.embedded.cluster import Cluster
from geoservice.running.webserver import web_command, web_environment
from geoservice.services import schema
from geoservice.services.keys import KeyService
from geoservice.settings import Settings
from layers.db.session import Database
from tests.conftest import free_port, wait_until_answering

pytestmark = pytest.mark.faults

CLIENTS = 64


@dataclass(frozen=True)
class Service:
    """A web server without a supervisor, and its database."""

    port: int
    cluster: Cluster
    key: str


@dataclass(frozen=True)
class Answer:
    """What a client was told, and after how long."""

    status: int
    seconds: float
    headers: http.client.HTTPMessage
    body: dict[str, Any]

    @property
    def problem(self) -> str:
        return str(self.body.get("type", "")).rpartition("#problem-")[2]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name) / "data", free_port())
        settings = Settings(port=free_port())
        try:
            url = cluster.ensure()
            schema.upgrade(url)
            database = Database.connect(url, pool_size=1)
            key = KeyService(database).create(Role.DISPATCHER, "test")
            database.close()
            with subprocess.Popen(web_command(settings), env=web_environment(url)) as process:
                wait_until_answering(settings.host, settings.port, process)
                yield Service(settings.port, cluster, key)
                process.terminate()
        finally:
            cluster.stop()


def get(service: Service, path: str, *, key: str | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=40)
    began = time.monotonic()
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return Answer(response.status, time.monotonic() - began, response.headers, body)


def test_a_client_too_many_is_told_soon_that_the_service_is_busy(service: Service) -> None:
    settings = Settings()
    with psycopg.connect(service.cluster.url) as holder, ThreadPoolExecutor(CLIENTS) as clients:
        # Every look-up now waits for this lock, with its connection in hand.
        holder.execute("LOCK TABLE geoservice.jurisdiction IN ACCESS EXCLUSIVE MODE")
        asked = [clients.submit(get, service, "/v1/jurisdictions") for _ in range(CLIENTS)]
        time.sleep(1)
        probe = get(service, "/livez")
        told = [one.result() for one in asked]

    assert probe.status == 200
    assert probe.seconds < 1
    assert {answer.status for answer in told} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in told)
    busy = sorted(answer.seconds for answer in told if answer.problem == "pool-exhausted")
    slowest = max(answer.seconds for answer in told)
    print(f"\n{len(busy)} of {CLIENTS} busy, half in {busy[len(busy) // 2]:.2f} s, the last in {slowest:.2f} s")
    assert busy[len(busy) // 2] < settings.pool_timeout_s
    assert slowest < settings.pool_timeout_s + settings.statement_timeout_s + 2
    assert get(service, "/v1/jurisdictions").status == 200


def test_a_database_that_is_away_is_told_and_comes_back_by_itself(service: Service) -> None:
    assert get(service, "/readyz").status == 200

    service.cluster.stop()
    away = [get(service, path, key=service.key) for path in ("/v1/jurisdictions", "/v1/incidents", "/readyz")]
    alive = [get(service, "/livez"), get(service, "/livez", key=service.key)]
    service.cluster.start()

    assert [answer.status for answer in alive] == [200, 200]
    assert [(answer.status, answer.problem) for answer in away] == [(503, "database-unavailable")] * 3
    assert all(int(answer.headers["Retry-After"]) >= 1 and answer.seconds < 1 for answer in away)
    assert "try again" in away[0].body["detail"]
    began = time.monotonic()
    while get(service, "/readyz").status != 200:
        assert time.monotonic() < began + 5
        time.sleep(0.05)
    print(f"\nready again {time.monotonic() - began:.2f} s after the database")
    assert get(service, "/v1/incidents", key=service.key).status == 200
