"""A migrated database for the layer tests, and connections whose work is rolled back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.conftest import clone_database
from tests.factories import Town, make_town


@pytest.fixture(scope="session")
def layers_url(cluster_url: str, template: str) -> Iterator[str]:
    """Return the superuser's URL of a migrated database that every test leaves as it found it."""
    name = f"geoservice_layers_{os.getpid()}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        clone_database(connection, name, template)
    yield make_url(cluster_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def connection(layers_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Return a superuser's connection inside a transaction that is rolled back."""
    with psycopg.connect(layers_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def town(connection: psycopg.Connection[Any]) -> Town:
    """Return the hand-made partition, in force, in the connection's transaction."""
    return make_town(connection)
