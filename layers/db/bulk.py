"""Many rows at once: COPY, through the same triggers and checks as any other door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import shapely
from psycopg import sql
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from layers.crs import STORAGE_SRID
from layers.db.base import SCHEMA


def ewkb(geom: BaseGeometry) -> str:
    """Return a geometry in EPSG:4326 as COPY wants it."""
    return shapely.to_wkb(shapely.set_srid(geom, STORAGE_SRID), hex=True, include_srid=True)


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Insert rows into a table of the schema.

    Parameters
    ----------
    rows
        Values in the order of `columns`; a shapely geometry, EPSG:4326, is written as EWKB.
    """
    _copy(connection, sql.Identifier(SCHEMA, table), columns, rows)


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Insert rows into a table that has row policies, which COPY can not reach: by way of a temporary one."""
    home, passing = sql.Identifier(SCHEMA, table), sql.Identifier(f"passing_{table}")
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    cursor = connection.connection.cursor()
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            passing, listed, home
        )
    )
    _copy(connection, passing, columns, rows)
    cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(home, listed, listed, passing))
    cursor.execute(sql.SQL("DROP TABLE {}").format(passing))


def _copy(
    connection: Connection, table: sql.Composable, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:  # fmt: skip
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, sql.SQL(", ").join(map(sql.Identifier, columns)))
    cursor = connection.connection.cursor()
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([ewkb(value) if isinstance(value, BaseGeometry) else value for value in row])
