"""What the database itself says of relations: which columns they have, and of which types."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

_COLUMNS = text("""
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
           a.attgenerated <> ''
      FROM pg_catalog.pg_attribute AS a
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = to_regclass(:relation) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum
""")


class RelationColumn(NamedTuple):
    """A column as the database describes it."""

    #: As SQL writes it: bigint, geometry(Point,4326).
    type: str
    required: bool
    #: SQL of what a row gets that tells none, or of what it is reckoned from; None: nothing.
    given: str | None
    #: Whether it is reckoned from others, and never written.
    generated: bool


def columns_of(connection: Connection, relation: str) -> dict[str, RelationColumn]:
    """Return the columns of a table or view by name, in their order; none where there is no such relation.

    Parameters
    ----------
    relation
        With its schema, each quoted where it must be.
    """
    found = connection.execute(_COLUMNS, {"relation": relation})
    return {name: RelationColumn(*described) for name, *described in found}
