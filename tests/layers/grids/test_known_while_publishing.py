"""What is answered while an edition is being published, with the instant of its knowledge, stays so too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.factories import make_town, select_one
from tests.places import CENTRE
from tests.publishing import publish_turned

OWNER = "SELECT (geoservice.owner_of(%s::geometry, %s, NULL, NULL, %s)).grid_code"


def ask(connection: Connection[Any], at: datetime, known_at: datetime) -> str:
    return str(select_one(connection, OWNER, CENTRE.wkt, at, known_at))


@pytest.mark.xfail(strict=True, reason="knowledge begins when the grids are laid out, which is before the commit")
def test_an_answer_given_between_laying_out_and_commit_is_given_again_later(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
    with psycopg.connect(database_url) as publisher, psycopg.connect(database_url, autocommit=True) as reader:
        publish_turned(publisher, town.jurisdiction_id)
        now = select_one(reader, "SELECT clock_timestamp()")
        before = ask(reader, now, now)
        publisher.commit()

        assert ask(reader, now, now) == before
