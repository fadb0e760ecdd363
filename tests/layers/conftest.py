"""A migrated database for the layer tests, and connections whose work is rolled back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import tuple_row
from sqlalchemy import make_url

from tests.conftest import clone_database
from tests.factories import Town, make_town


@contextmanager
def cloned(cluster_url: str, template: str, which: str) -> Iterator[str]:
    """Yield the superuser's URL of a database that every test leaves as it found it."""
    name = f"geoservice_layers_{os.getpid()}_{which}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        clone_database(connection, name, template)
    yield make_url(cluster_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def bare_url(cluster_url: str, template: str) -> Iterator[str]:
    """Return the URL of a migrated database."""
    with cloned(cluster_url, template, "bare") as url:
        yield url


@pytest.fixture(scope="session")
def town_url(cluster_url: str, template: str) -> Iterator[str]:
    """Return the URL of a migrated database that holds the hand-made partition, in force, and a service."""
    with cloned(cluster_url, template, "town") as url:
        with psycopg.connect(url) as connection:
            make_town(connection)
        yield url


@pytest.fixture
def layers_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of the database that the test asks for: with the town where it does."""
    return str(request.getfixturevalue("town_url" if "town" in request.fixturenames else "bare_url"))


@pytest.fixture(scope="session")
def _connections() -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """Return the connections that tests pass on: PostgreSQL reads functions and tables anew in each, for 0.1 s."""
    connections: dict[str, psycopg.Connection[Any]] = {}
    yield connections
    for connection in connections.values():
        connection.close()


@pytest.fixture
def connection(layers_url: str, _connections: dict[str, psycopg.Connection[Any]]) -> Iterator[psycopg.Connection[Any]]:
    """Return a superuser's connection inside a transaction that is rolled back."""
    connection = _connections.pop(layers_url, None) or psycopg.connect(layers_url)
    yield connection
    if not connection.closed and not connection.autocommit:
        connection.rollback()
        connection.row_factory = tuple_row
        _connections[layers_url] = connection


@pytest.fixture
def town(connection: psycopg.Connection[Any]) -> Town:
    """Return the hand-made partition, in force."""
    found = connection.execute("SELECT jurisdiction_id, id FROM geoservice.edition").fetchone()
    assert found is not None
    return Town(*found)
