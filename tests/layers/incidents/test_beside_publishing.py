"""Whoever works on a report while an edition is being published: neither waits for what does not concern him."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.factories import Town, make_incident, make_town, select_one
from tests.publishing import publish_turned, turned

DESCRIBED = "UPDATE geoservice.incident SET description = 'on my way' WHERE id = %s"


@pytest.fixture
def report(database_url: str) -> tuple[Town, Any]:
    with psycopg.connect(database_url) as connection:
        return make_town(connection), make_incident(connection)["id"]


def stored(url: str, report: Any) -> Any:
    with psycopg.connect(url) as connection:
        query = "SELECT (grid_code, description)::text FROM geoservice.incident WHERE id = %s"
        return select_one(connection, query, report)


def test_a_step_does_not_wait_for_a_publication_that_leaves_the_report_alone(
    database_url: str, report: tuple[Town, Any]
) -> None:
    town, incident = report
    with psycopg.connect(database_url) as publisher, psycopg.connect(database_url) as officer:
        publisher.execute("UPDATE geoservice.jurisdiction SET reroute = 'keep'")
        publisher.commit()
        publish_turned(publisher, town.jurisdiction_id)

        officer.execute("SET lock_timeout = '200ms'")
        officer.execute(DESCRIBED, [incident])
        officer.commit()
        publisher.rollback()

    assert "on my way" in stored(database_url, incident)


def test_a_publication_waits_for_a_step_and_moves_the_report_then(database_url: str, report: tuple[Town, Any]) -> None:
    town, incident = report
    published: list[int] = []

    def publish(publisher: Connection[Any]) -> None:
        published.append(publish_turned(publisher, town.jurisdiction_id))
        publisher.commit()

    with psycopg.connect(database_url) as publisher, psycopg.connect(database_url) as officer:
        officer.execute("SELECT FROM geoservice.incident WHERE id = %s FOR UPDATE", [incident])
        publishing = threading.Thread(target=publish, args=[publisher])
        publishing.start()
        publishing.join(0.3)
        waits = publishing.is_alive()
        officer.execute(DESCRIBED, [incident])
        officer.commit()
        publishing.join(10)

    assert waits
    assert stored(database_url, incident) == f'({turned("B", published[0])},"on my way")'
