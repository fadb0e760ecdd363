"""Databases with nothing in them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

_numbers = itertools.count(1)


@pytest.fixture
def new_database(cluster_url: str) -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database and returns its superuser's URL."""
    made = []

    def make() -> str:
        made.append(f"geoservice_empty_{os.getpid()}_{next(_numbers)}")
        with psycopg.connect(cluster_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(made[-1])))
        return make_url(cluster_url).set(database=made[-1]).render_as_string(hide_password=False)

    yield make
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty_url(new_database: Callable[[], str]) -> str:
    """Return the superuser's URL of a database with nothing in it."""
    return new_database()
