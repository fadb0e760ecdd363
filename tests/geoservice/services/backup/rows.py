"""Every row of a database, hashed by table: two databases that hold the same have the same."""

from __future__ import annotations

import psycopg
from psycopg import sql

from geoservice.services.backup.counting import tables_of


def hashes_of(url: str) -> dict[str, tuple[int, str]]:
    """Return rows and a hash of all of them, whatever their order, by table."""
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        return {f"{schema}.{table}": _hash_of(connection, schema, table) for schema, table in tables_of(connection)}


def _hash_of(connection: psycopg.Connection, schema: str, table: str) -> tuple[int, str]:
    query = sql.SQL("SELECT count(*), coalesce(md5(string_agg(h, '' ORDER BY h)), '')"
                    " FROM (SELECT md5(t::text) AS h FROM {} AS t) AS r")  # fmt: skip
    row = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])
