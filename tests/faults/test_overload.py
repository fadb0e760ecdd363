"""Too many at once, and a database that is away: told at once and in words, over again by itself."""

from __future__ import annotations

import http.client
import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.embedded.cluster import Cluster
from geoservice.running.commands import web_command, web_environment
from geoservice.services import schema
from geoservice.services.keys import KeyService
from geoservice.settings import Settings
from layers.db.session import Database
from tests.conftest import free_port, wait_until_answering
from tests.waiting import PATIENCE_S, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CLIENTS = 64


@dataclass(frozen=True)
class Service:
    """A web server without a supervisor, and its database."""

    port: int
    cluster: Cluster
    key: str


@dataclass(frozen=True)
class Answer:
    """What a client was told."""

    status: int
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
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return Answer(response.status, response.headers, body)


def test_a_client_too_many_is_told_that_the_service_is_busy_while_others_wait(service: Service) -> None:
    told: list[Answer] = []  # in the order in which they were
    with psycopg.connect(service.cluster.url) as holder, ThreadPoolExecutor(CLIENTS) as clients:
        # Every look-up now waits for this lock, with its connection in hand.
        holder.execute("LOCK TABLE geoservice.jurisdiction IN ACCESS EXCLUSIVE MODE")
        asked = [clients.submit(lambda: told.append(get(service, "/v1/jurisdictions"))) for _ in range(CLIENTS)]
        wait_until(lambda: told, "the first is told that the service is busy")
        probe = get(service, "/livez")
        waiting = CLIENTS - len(told)
        for one in asked:
            one.result()  # the lock is held all the while

    assert probe.status == 200
    assert waiting > 0, "the probe was answered only when nobody waited any more"
    assert {answer.status for answer in told} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in told)
    first_half = {answer.problem for answer in told[: CLIENTS // 2]}
    assert first_half == {"pool-exhausted"}, "who is too many waits as long as who waits for the table"
    print(Counter(answer.problem for answer in told))
    assert get(service, "/v1/jurisdictions").status == 200


def test_a_database_that_is_away_is_told_and_comes_back_by_itself(service: Service) -> None:
    assert get(service, "/readyz").status == 200

    service.cluster.stop()
    away = [get(service, path, key=service.key) for path in ("/v1/jurisdictions", "/v1/incidents", "/readyz")]
    alive = [get(service, "/livez"), get(service, "/livez", key=service.key)]
    service.cluster.start()

    assert [answer.status for answer in alive] == [200, 200]
    assert [(answer.status, answer.problem) for answer in away] == [(503, "database-unavailable")] * 3
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in away)
    assert "try again" in away[0].body["detail"]
    wait_until(lambda: get(service, "/readyz").status == 200, "it is ready again")
    assert get(service, "/v1/incidents", key=service.key).status == 200
