"""Features that are to be written, in a temporary table: what is wrong with them, how they differ from those stored.

What the database's own CHECKs would refuse is asked of them beforehand, row by row, so that a file of thousands is not
refused for one. Names of relations and columns come from the catalogue and are quoted; values are always bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.changes.differences import MEASURED, moved
from layers.changes.model import Difference, FeatureChange, FieldChange, Refused, Removed
from layers.crs import KEPT_DECIMALS, STORAGE_SRID
from layers.db.base import SCHEMA
from layers.db.relations import columns_of
from layers.db.sentences import broken, missing
from layers.errors import TryAgain
from layers.layer import Layer

#: Of each kind of difference so many are shown.
SHOWN = 10
_KEY = "code"
_quote = postgresql.dialect().identifier_preparer.quote_identifier
_CHECKS = text("""
    SELECT c.conname AS name, pg_get_expr(c.conbin, c.conrelid) AS rule
      FROM pg_catalog.pg_constraint AS c
     WHERE c.conrelid = CAST(:table AS regclass) AND c.contype = 'c'
       AND c.conkey <@ ARRAY(SELECT a.attnum FROM pg_catalog.pg_attribute AS a
                              WHERE a.attrelid = c.conrelid AND a.attname = ANY(:names))
     ORDER BY c.conname
""")
_SHAPES = {"Point": "POINT", "MultiLineString": "MULTILINESTRING", "Polygon": "POLYGON",
           "MultiPolygon": "MULTIPOLYGON"}  # fmt: skip
_NO_BUILDING = "It names no building of the jurisdiction."
_NO_PLACE = "It has no place."
_UNKNOWN_BUILDING = """
    building_code IS NOT NULL AND NOT EXISTS (
        SELECT FROM geoservice.building AS b
         WHERE b.jurisdiction_id = :jurisdiction_id AND b.code = completed.building_code)
"""
_PERSONAL = "It holds what looks like a number or an address of a person."


@dataclass(frozen=True)
class _Missing:
    """What is stored of a layer and is not among those that are to be written."""

    stored: int = 0
    count: int = 0
    first: tuple[str, ...] = ()
    token: str = ""


class Staging:
    """Features of one layer and jurisdiction that are to be written; lives as long as its transaction."""

    def __init__(self, connection: Connection, layer: Layer, jurisdiction_id: int) -> None:
        self._connection = connection
        self._layer = layer
        self._asked = {"jurisdiction_id": jurisdiction_id}
        self._table = f"{SCHEMA}.{_quote(layer.table)}"
        #: Of a stored feature f and one that is to be written, s: they are the same one.
        self._same = "f.jurisdiction_id = :jurisdiction_id AND f.code = s.code"
        self._written = [column.name for column in layer.written if column.name != _KEY]
        self._columns = columns_of(connection, self._table)

    def fill(
        self, keys: Sequence[str], values: Mapping[str, Sequence[object]], geoms: Iterable[Any] | None,
        buildings: Sequence[str | None] | None, rows: Sequence[int],
    ) -> None:  # fmt: skip
        """Take features in; those of columns that are not told get what is stored, or what a new one gets.

        Parameters
        ----------
        geoms
            Shapely geometries, EPSG:4326; None: as stored, or where their building is.
        buildings
            Codes of the buildings that they stand in, where that is their place.
        rows
            How whoever sent them numbers them.
        """
        told = [name for name in self._written if name in values]
        self._make(told)
        self._copy(told, keys, values, geoms, buildings, rows)
        self._complete(told)

    def difference(self, *, shown: int | None = SHOWN, of_layer: bool = True) -> Difference:
        """Return how they differ from what is stored.

        Parameters
        ----------
        shown
            So many of each kind are named; None: all.
        of_layer
            Whether to look for what is stored and not among them, for which all of the layer is gone through.
        """
        counted = self._run(f"""
            SELECT count(*) FILTER (WHERE NOT s.stored) AS added,
                   count(*) FILTER (WHERE s.stored AND s.differs <> '{{}}') AS changed,
                   count(*) FILTER (WHERE s.differs = '{{}}') AS same,
                   md5(coalesce(string_agg(concat_ws('|', s.code, s.stored_change, s.differs::text, s.digest), ';'
                                           ORDER BY s.code), '')) AS token
              FROM (SELECT staged.*, CASE WHEN NOT stored OR differs <> '{{}}' THEN {self._digest()} END AS digest
                      FROM staged WHERE fault IS NULL) AS s
        """).one()  # noqa: S608  names are quoted, values bound
        most = "ALL" if shown is None else str(shown)
        missing = self._missing(most) if of_layer else _Missing()
        return Difference(
            added=counted.added, changed=counted.changed, missing=missing.count, same=counted.same,
            stored=missing.stored,
            refused=self._refused(),
            fields=self._fields(),
            first_added=tuple(self._run(
                f"SELECT code FROM staged WHERE fault IS NULL AND NOT stored ORDER BY code LIMIT {most}"  # noqa: S608
            ).scalars()),
            first_changed=self._changes(most),
            first_missing=missing.first,
            tokens={"keep": counted.token, "delete": f"{counted.token}-{missing.token}"},
        )  # fmt: skip

    def _missing(self, most: str) -> _Missing:
        """Return what is stored and not among those that are to be written."""
        gone = f"""
            FROM {self._table} AS f WHERE f.jurisdiction_id = :jurisdiction_id
             AND NOT EXISTS (SELECT FROM staged AS s WHERE s.code = f.code)
        """
        counted = self._run(f"""
            SELECT count(*) AS missing,
                   md5(coalesce(string_agg(concat_ws('|', f.code, f.change_id), ';' ORDER BY f.code), '')) AS token,
                   (SELECT count(*) FROM {self._table} AS f WHERE f.jurisdiction_id = :jurisdiction_id) AS stored
              {gone}
        """).one()  # noqa: S608  names are quoted, values bound
        first = self._run(f"SELECT f.code {gone} ORDER BY f.code LIMIT {most}").scalars()
        return _Missing(counted.stored, counted.missing, tuple(first), counted.token)

    def write(self, difference: Difference, *, removed: Removed) -> None:
        """Write what differs; raise TryAgain when somebody changed the same at the same moment."""
        columns = [*self._written, "geom"]
        settings = ", ".join(f"{_quote(name)} = s.{_quote(name)}" for name in columns)
        changed = self._run(f"""
            UPDATE {self._table} AS f SET {settings} FROM staged AS s
             WHERE s.fault IS NULL AND s.differs <> '{{}}' AND {self._same}
               AND f.change_id IS NOT DISTINCT FROM s.stored_change
        """).rowcount  # noqa: S608  names are quoted
        if changed != difference.changed:
            raise TryAgain
        listed = ", ".join(map(_quote, [_KEY, *columns]))
        self._run(f"""
            INSERT INTO {self._table} (jurisdiction_id, {listed})
            SELECT :jurisdiction_id, {listed} FROM staged WHERE fault IS NULL AND NOT stored
        """)  # noqa: S608  names are quoted, values bound
        if removed == "delete":
            gone = self._run(f"""
                DELETE FROM {self._table} AS f WHERE f.jurisdiction_id = :jurisdiction_id
                   AND NOT EXISTS (SELECT FROM staged AS s WHERE s.code = f.code)
            """).rowcount  # noqa: S608  names are quoted, values bound
            if gone != difference.missing:  # others came or went since it was looked at
                raise TryAgain

    # How the table is made.

    def _make(self, told: Sequence[str]) -> None:
        written = ", ".join(f"{_quote(name)} {self._columns[name].type}" for name in self._written)
        sent = "".join(f", {_quote(name)} {self._columns[name].type}" for name in told)
        self._run(f"""
            CREATE TEMPORARY TABLE sent (row_number bigint, code text COLLATE "C"{sent}, geom geometry,
                                         building text COLLATE "C") ON COMMIT DROP;
            CREATE TEMPORARY TABLE staged (
                row_number bigint, code text COLLATE "C", {written}, geom geometry, stored boolean,
                stored_change bigint, differs text[], fault text
            ) ON COMMIT DROP
        """)

    def _copy(
        self, told: Sequence[str], keys: Sequence[str], values: Mapping[str, Sequence[object]],
        geoms: Iterable[Any] | None, buildings: Sequence[str | None] | None, rows: Sequence[int],
    ) -> None:  # fmt: skip
        statement = sql.SQL("COPY sent ({}) FROM STDIN").format(
            sql.SQL(", ").join(map(sql.Identifier, ["row_number", _KEY, *told, "geom", "building"]))
        )
        none = [None] * len(keys)
        places = none if geoms is None else _as_ewkb(geoms)
        lines = zip(rows or range(1, len(keys) + 1), keys, *(values[name] for name in told), places, buildings or none,
                    strict=True)  # fmt: skip
        with self._connection.connection.cursor().copy(statement) as copy:
            for line in lines:
                copy.write_row(line)

    def _complete(self, told: Sequence[str]) -> None:
        """Complete features by what is stored, or what a new one gets; find how they differ, and what is wrong."""
        values = ", ".join(f"{self._value(name, told=name in told)} AS {_quote(name)}" for name in self._written)
        differs = ", ".join(
            f"CASE WHEN {self._kept(name)} IS DISTINCT FROM {self._kept(name, of='(was).')} THEN '{name}' END"
            for name in self._written
        )
        faults = list(self._faults())
        cases = " ".join(f"WHEN {_escaped(condition)} THEN :fault_{n}" for n, (condition, _) in enumerate(faults))
        query = text(f"""
            INSERT INTO staged
            SELECT row_number, code, {", ".join(map(_quote, self._written))}, geom, stored, (was).change_id,
                   CASE WHEN stored THEN array_remove(ARRAY[
                       CASE WHEN NOT geom = (was).geom AND NOT {_kept_geom("geom")} = {_kept_geom("(was).geom")}
                            THEN 'geom' END,
                       {differs}], NULL) END,
                   CASE {cases} END
              FROM (
                SELECT s.row_number, s.code, {values}, coalesce(s.geom, st_pointonsurface(b.geom), f.geom) AS geom,
                       s.building IS NOT NULL AND b.code IS NULL AS lost, f.id IS NOT NULL AS stored, f AS was
                  FROM sent AS s
                  LEFT JOIN {self._table} AS f ON {self._same}
                  LEFT JOIN geoservice.building AS b ON b.jurisdiction_id = :jurisdiction_id AND b.code = s.building
              ) AS completed
        """)  # noqa: S608  names are quoted, values bound
        reasons = {f"fault_{n}": reason for n, (_, reason) in enumerate(faults)}
        self._connection.execute(query, self._asked | reasons)
        self._run("CREATE INDEX ON staged USING hash (code); ANALYZE staged")  # of keys of any length

    def _value(self, name: str, *, told: bool) -> str:
        """Return what a column of a feature is to be, of one as it was sent, s, and as it is stored, f."""
        column, quoted = self._columns[name], _quote(name)
        given = column.given or "NULL"
        if not told:
            return f"CASE WHEN f.id IS NULL THEN {given} ELSE f.{quoted} END"
        return f"coalesce(s.{quoted}, {given})" if column.required else f"s.{quoted}"

    def _kept(self, name: str, *, of: str = "") -> str:
        """Return a value without the last digits of a double, which not every file tells: a numeric has 15 of them."""
        cast = "::numeric" if self._columns[name].type == "double precision" else ""
        return f"{of}{_quote(name)}{cast}"

    # What is wrong with features.

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Yield conditions under which a feature can not be stored, each with the reason; the first counts."""
        yield "lost", _NO_BUILDING
        yield "geom IS NULL", _NO_PLACE
        shape = _SHAPES.get(self._layer.geometry)
        if shape is not None:
            yield f"geometrytype(geom) <> '{shape}'", f"Its shape is no {self._layer.geometry}."
        for column in self._layer.written:
            if column.type == "text" and not column.codes and not column.identifier:
                yield f"holds_personal_number({_quote(column.name)})", _PERSONAL
        for name in (_KEY, *self._written):
            if self._columns[name].required:
                yield f"{_quote(name)} IS NULL", missing(name)
        checks = {"table": self._table, "names": [_KEY, *self._written, "geom"]}
        for check in self._connection.execute(_CHECKS, checks):
            yield f"NOT ({check.rule})", broken(check.name)
        if self._layer.assignment == "building":
            yield _UNKNOWN_BUILDING, _NO_BUILDING

    def _refused(self) -> tuple[Refused, ...]:
        rows = self._run("SELECT row_number, fault FROM staged WHERE fault IS NOT NULL ORDER BY row_number")
        return tuple(Refused(*row) for row in rows)

    # How they differ.

    def _digest(self) -> str:
        listed = ", ".join(f"staged.{_quote(name)}" for name in self._written)
        return f"md5(ROW({listed}, st_asewkb(staged.geom))::text)"

    def _fields(self) -> dict[str, int]:
        rows = self._run("""
            SELECT field, count(*) FROM staged AS s, unnest(s.differs) AS field
             WHERE s.fault IS NULL GROUP BY 1 ORDER BY 1
        """)
        return {row[0]: row[1] for row in rows}

    def _changes(self, most: str) -> tuple[FeatureChange, ...]:
        both = ", ".join(f"f.{_quote(name)}::text, s.{_quote(name)}::text" for name in self._written)
        rows = self._run(f"""
            SELECT s.code, s.differs,
                   {MEASURED.format(old="f.geom", new="s.geom")}, {both}
              FROM staged AS s JOIN {self._table} AS f ON {self._same}
             WHERE s.fault IS NULL AND s.differs <> '{{}}' ORDER BY s.code LIMIT {most}
        """)  # noqa: S608  names are quoted
        changes = []
        for code, differs, moved_m, old_m2, new_m2, *values in rows:
            told = dict(zip(self._written, zip(values[::2], values[1::2], strict=True), strict=True))
            fields = [FieldChange(name, *told[name]) for name in differs if name != "geom"]
            if "geom" in differs:
                fields.append(FieldChange("geom", None, moved(moved_m, old_m2, new_m2)))
            changes.append(FeatureChange(code, tuple(fields)))
        return tuple(changes)

    def _run(self, query: str) -> Any:
        return self._connection.execute(text(query), self._asked if ":jurisdiction_id" in query else {})


def _kept_geom(geom: str) -> str:
    """Return a geometry without what a file does not tell: which vertex is the first, and the last decimals."""
    return f"st_normalize(st_snaptogrid({geom}, 1e-{KEPT_DECIMALS}))"


def _escaped(condition: str) -> str:
    """Return a condition for SQLAlchemy, which takes :name for a value that is bound."""
    return condition.replace(":", "\\:").replace("\\:jurisdiction_id", ":jurisdiction_id")


def _as_ewkb(geoms: Iterable[Any]) -> Iterable[str | None]:
    return (
        None if geom is None else shapely.to_wkb(shapely.set_srid(geom, STORAGE_SRID), hex=True, include_srid=True)
        for geom in geoms
    )
