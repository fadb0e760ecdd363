"""What the database itself says of relations: which columns they have, within which limits, and who may read them."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import Connection, text

from layers.layer import Limit

_COLUMNS = text("""
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
           a.attgenerated <> ''
      FROM pg_catalog.pg_attribute AS a
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = to_regclass(:relation) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum
""")
_RIGHTS = text("""
    SELECT has_table_privilege(:role, to_regclass(:relation), 'SELECT'),
           has_table_privilege(:role, to_regclass(:relation), 'INSERT')
           AND has_table_privilege(:role, to_regclass(:relation), 'UPDATE')
           AND has_table_privilege(:role, to_regclass(:relation), 'DELETE')
""")
_CHECKS = text("""
    SELECT a.attname, pg_get_expr(c.conbin, c.conrelid)
      FROM pg_catalog.pg_constraint AS c
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     WHERE c.conrelid = to_regclass(:relation) AND c.contype = 'c' AND cardinality(c.conkey) = 1
     ORDER BY a.attnum, c.conname
""")
#: A comparison as PostgreSQL writes it: (floors >= 1), (range_m > (0)::double precision), (depth_m >= '-20'::integer),
#: (tilt_deg >= ('-1.5'::numeric)::double precision).
_COMPARED = re.compile(r"\(\w+ (>=|>|<=|<) \(?'?(-?[0-9.]+)'?(?:::[a-z ]+)?\)?(?:::[a-z ]+)?\)")


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


class Rights(NamedTuple):
    """What a role may do with the rows of a relation."""

    reads: bool
    #: Adds, changes and removes.
    writes: bool


def rights_of(connection: Connection, role: str, relation: str) -> Rights:
    """Return what a role may do with a relation that is there; row policies say with which rows."""
    return Rights(*connection.execute(_RIGHTS, {"role": role, "relation": relation}).one())


def limits_of(connection: Connection, relation: str) -> dict[str, tuple[Limit, ...]]:
    """Return the limits of columns by name that CHECKs of a table state, as far as they compare with numbers alone."""
    found: dict[str, tuple[Limit, ...]] = {}
    for name, check in connection.execute(_CHECKS, {"relation": relation}):
        terms = check.removeprefix("(").removesuffix(")").split(" AND ") if " AND " in check else [check]
        limits = [_COMPARED.fullmatch(term) for term in terms]
        if all(limits):
            found[name] = (*found.get(name, ()), *(Limit(one[1], one[2]) for one in limits if one))
    return found
