"""Limits that the database checks are read as it writes them."""

from __future__ import annotations

import psycopg
import pytest

from layers.db.relations import limits_of
from layers.db.session import Database
from layers.layer import Limit


@pytest.mark.parametrize(
    ("column", "limits"),
    [
        ("value integer CHECK (value >= 1)", [(">=", "1")]),
        ("value integer CHECK (value >= -180 AND value < 180)", [(">=", "-180"), ("<", "180")]),
        ("value bigint CHECK (value > -5)", [(">", "-5")]),
        ("value double precision CHECK (value BETWEEN -90 AND 90)", [(">=", "-90"), ("<=", "90")]),
        ("value double precision CHECK (value >= -1.5)", [(">=", "-1.5")]),
        ("value double precision CHECK (value <= 0)", [("<=", "0")]),
        ("value numeric CHECK (value > -0.25)", [(">", "-0.25")]),
        ("value smallint CHECK (value <> -1)", []),
        ("value integer CHECK (value >= -1 OR value < -9)", []),
    ],
)
def test_limits_are_read_with_their_signs(
    database: Database, database_url: str, column: str, limits: list[tuple[str, str]]
) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(f"CREATE TABLE public.measured ({column})".encode())

    with database.transaction() as connection:
        found = limits_of(connection, "public.measured")

    assert list(found.get("value", ())) == [Limit(*one) for one in limits]
