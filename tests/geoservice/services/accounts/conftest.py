"""A town with a dispatcher's account."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from layers.db.scope import NOTHING, choose, leave
from layers.db.session import Database
from tests.factories import insert, make_town
from tests.geoservice.services.accounts.desk import Desk


@pytest.fixture
def desk(database_url: str, database: Database) -> Iterator[Desk]:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection).jurisdiction_id
        insert(connection, "staff", {"jurisdiction_id": town, "code": "G1", "call_sign": "G1", "role": "grid_officer"})
    before = choose(NOTHING)  # as in a request, before anybody is known
    yield Desk(database_url, database)
    leave(before)
