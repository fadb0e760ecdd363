"""A town, its webhooks, and a worker that sends them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from geoservice.records.webhooks.model import Delivery, Webhook
from geoservice.services.webhooks.service import WebhookService
from geoservice.settings import Settings
from geoservice.wiring import build_worker
from layers.db.session import Database
from tests.factories import make_incident, make_town, select_one

LOOPBACK = "127.0.0.0/8"


@dataclass
class Post:
    """A town whose events are sent out."""

    url: str
    webhooks: WebhookService

    def report(self, count: int = 1) -> list[str]:
        """Report so many incidents; each is one event."""
        with psycopg.connect(self.url) as connection:
            return [str(make_incident(connection)["id"]) for _ in range(count)]

    def ask(self, *incidents: str) -> None:
        """Open a question about each incident in turn, or close it; each is one event."""
        with psycopg.connect(self.url) as connection:
            for incident in incidents:
                connection.execute(
                    "UPDATE geoservice.incident SET waiting_since = CASE WHEN waiting_since IS NULL THEN now() END"
                    " WHERE id = %s",
                    [incident],
                )

    def add(self, url: str, topics: Mapping[str, frozenset[str]] | None = None) -> tuple[Webhook, str]:
        return self.webhooks.add(url, topics=topics or {}, actor="test")

    def ledger(self, webhook: Webhook) -> list[Delivery]:
        """Return every delivery of a webhook, the first event first."""
        return list(self.webhooks.deliveries(webhook.id, limit=100_000))[::-1]

    def value(self, query: str) -> Any:
        with psycopg.connect(self.url) as connection:
            return select_one(connection, query)

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run a worker in this process."""
        worker = build_worker(Settings(database_url=SecretStr(self.url), webhook_networks=LOOPBACK))
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield
        finally:
            worker.stop()
            thread.join(20)
            assert not thread.is_alive()

    def worker_process(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker as the service does."""
        known = {"GEOSERVICE_DATABASE_URL": self.url, "GEOSERVICE_WEBHOOK_NETWORKS": LOOPBACK}
        return subprocess.Popen([sys.executable, "-m", "geoservice.worker"], env=os.environ | known | environment)


@pytest.fixture
def post(database_url: str, database: Database) -> Post:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
        connection.execute("SELECT geoservice.number_outbox()")  # no webhook is to hear of how the town came to be
    return Post(database_url, WebhookService(database, allowed=Settings(webhook_networks=LOOPBACK).allowed_networks))
