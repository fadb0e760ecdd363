"""What is in a database, counted: what a manifest tells, and what a restored database is compared with."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, sql

#: Tables that a dump holds rows of: none of an extension, none of PostgreSQL's own.
_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 1, 2
"""


def count_tables(connection: Connection[Any]) -> dict[str, int]:
    """Return the rows of each table, as schema.table, in the connection's transaction."""
    return {f"{schema}.{table}": _count(connection, schema, table) for schema, table in tables_of(connection)}


def tables_of(connection: Connection[Any]) -> list[tuple[str, str]]:
    """Return schema and name of each table."""
    return connection.execute(_TABLES).fetchall()


def _count(connection: Connection[Any], schema: str, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))).fetchone()
    return 0 if row is None else int(row[0])
