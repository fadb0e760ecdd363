"""Filters of features: a CQL2 expression, as JSON has it, into SQL whose values are bound.

Only what is listed here is understood: operators by name, properties by the catalogue. Nothing of what a caller wrote
becomes text of SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql

from layers.crs import STORAGE_SRID
from layers.errors import FilterRefused
from layers.layer import ColumnType, Layer
from layers.published_crs import BoxUpsideDown, PublishedCrs

Kind = Literal["text", "number", "boolean", "instant", "interval", "geometry"]
#: What is nested deeper is refused; who writes that deep has made a mistake.
DEPTH_MAX = 80
#: How filters call the place of a feature.
PLACE = "geom"
_KINDS: dict[ColumnType, Kind] = {
    "text": "text", "integer": "number", "number": "number", "boolean": "boolean", "instant": "instant",
    "day": "instant",
}  # fmt: skip
_CASTS: Mapping[Kind, str] = {
    "text": "text", "number": "double precision", "boolean": "boolean", "instant": "timestamptz",
}  # fmt: skip
_COMPARED = ("=", "<>", "<", ">", "<=", ">=")
_SPATIAL = (
    "s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within",
)  # fmt: skip
_ARITHMETIC = {
    "+": "({} + {})", "-": "({} - {})", "*": "({} * {})", "/": "({} / {})", "^": "power({}, {})",
    "%": "mod(({})::numeric, ({})::numeric)::double precision",
    "div": "div(({})::numeric, ({})::numeric)::double precision",
}  # fmt: skip
#: OGC 21-065r2, table 8: of two intervals, a from {0} to {1} and b from {2} to {3}.
_TEMPORAL = {
    "t_after": "{0} > {3}", "t_before": "{1} < {2}", "t_contains": "{0} < {2} AND {1} > {3}",
    "t_disjoint": "({1} < {2} OR {0} > {3})", "t_during": "{0} > {2} AND {1} < {3}",
    "t_equals": "{0} = {2} AND {1} = {3}", "t_finishedby": "{0} < {2} AND {1} = {3}",
    "t_finishes": "{0} > {2} AND {1} = {3}", "t_intersects": "{0} <= {3} AND {1} >= {2}", "t_meets": "{1} = {2}",
    "t_metby": "{0} = {3}", "t_overlappedby": "{0} > {2} AND {0} < {3} AND {1} > {3}",
    "t_overlaps": "{0} < {2} AND {1} > {2} AND {1} < {3}", "t_startedby": "{0} = {2} AND {1} > {3}",
    "t_starts": "{0} = {2} AND {1} < {3}",
}  # fmt: skip
_quote = postgresql.dialect().identifier_preparer.quote_identifier


@dataclass(frozen=True)
class Condition:
    """SQL that is true of the features that are meant, with the values bound in it and the properties asked about."""

    sql: str
    values: Mapping[str, object]
    properties: frozenset[str]


class Operand(NamedTuple):
    """A part of an expression: SQL, and of what kind its value is; of an interval where it begins and ends."""

    sql: str
    kind: Kind
    end: str = ""


def condition_of(layer: Layer, expression: object, crs: PublishedCrs) -> Condition:
    """Return the condition that a CQL2 expression states of features of a layer, which is called f.

    Parameters
    ----------
    expression
        As CQL2 JSON has it: dicts, lists, texts, numbers, booleans.
    crs
        Of the geometries in it.

    Raises
    ------
    FilterRefused
        It names something that the layer has not, or does with it what can not be done.
    layers.crs.OutsideCrs
    """
    translation = _Translation(layer, crs)
    return Condition(translation.truth(expression), translation.values, frozenset(translation.properties))


#: Takes an operation's name as it was written, its name, and its arguments.
Handler = Callable[[str, str, list[Any]], Operand | str]


@dataclass
class _Translation:
    layer: Layer
    crs: PublishedCrs
    values: dict[str, object] = field(default_factory=dict)
    properties: set[str] = field(default_factory=set)
    depth: int = 0

    def truth(self, node: object) -> str:
        """Return a part that is true or false."""
        return self._of_kind(node, "boolean").sql

    def operand(self, node: object) -> Operand:
        """Return any part."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise FilterRefused(f"It is nested more than {DEPTH_MAX} levels deep.")
        found = self._literal(node) if not isinstance(node, dict) else self._node(node)
        self.depth -= 1
        return found

    def _of_kind(self, node: object, *kinds: Kind) -> Operand:
        found = self.operand(node)
        if found.kind not in kinds:
            raise FilterRefused(f"Something that is {found.kind} stands where {' or '.join(kinds)} is wanted.")
        return found

    def _bound(self, value: object, kind: Kind) -> Operand:
        name = f"filter_{len(self.values)}"
        self.values[name] = value
        return Operand(f"CAST(:{name} AS {_CASTS[kind]})", kind)

    # Literals and properties.

    def _literal(self, value: object) -> Operand:
        if isinstance(value, bool):
            return self._bound(value, "boolean")
        if isinstance(value, int | float):
            return self._bound(float(value), "number")
        if isinstance(value, str):
            return self._bound(value, "text")
        raise FilterRefused("A list or null stands where one value is wanted; isNull asks for what is not there.")

    def _node(self, node: Mapping[str, Any]) -> Operand:
        if "op" in node:
            return self._operation(str(node["op"]), node.get("args"))
        if "property" in node:
            return self._property(node["property"])
        if "timestamp" in node:
            return self._bound(_instant(node["timestamp"]), "instant")
        if "date" in node:
            return self._bound(_day(node["date"]), "instant")
        if "interval" in node:
            return self._interval(node["interval"])
        if "bbox" in node or "type" in node:
            return self._shape(node)
        raise FilterRefused(f"It is not known what {', '.join(map(str, list(node)[:3]))[:60]} means.")

    def _property(self, name: object) -> Operand:
        column = next((one for one in self.layer.columns if one.name == name), None)
        if column is not None:
            self.properties.add(column.name)
            kind = _KINDS[column.type]
            # A key may be a uuid in the table, which is compared with no text; a day begins at midnight UTC.
            cast = {"text": "::text", "instant": "::timestamptz"}.get(kind, "")
            return Operand(f"f.{_quote(column.name)}{cast}", kind)
        if name == PLACE:
            return Operand(f"f.{_quote(self.layer.geom)}", "geometry")
        there = ", ".join([*(one.name for one in self.layer.columns), PLACE])
        raise FilterRefused(f"There is no property {str(name)[:40]}; there are {there}.")

    def _interval(self, ends: Sequence[object]) -> Operand:
        if not isinstance(ends, list) or len(ends) != 2:
            raise FilterRefused("An interval has a beginning and an end.")
        return Operand(self._end(ends[0], last=False), "interval", self._end(ends[1], last=True))

    def _end(self, value: object, *, last: bool) -> str:
        if value == "..":
            return f"'{'infinity' if last else '-infinity'}'::timestamptz"
        if not isinstance(value, str):
            return self._of_kind(value, "instant").sql
        if "T" in value.upper():
            return self._bound(_instant(value), "instant").sql
        day = _day(value)
        return self._bound(_last_moment(day) if last else day, "instant").sql

    def _shape(self, node: Mapping[str, Any]) -> Operand:
        geom = self.crs.to_storage(_geojson(node)) if "type" in node else _box(node["bbox"], self.crs)
        name = f"filter_{len(self.values)}"
        self.values[name] = shapely.to_wkb(geom)
        return Operand(f"st_geomfromwkb(:{name}, {STORAGE_SRID})", "geometry")

    # Operations.

    def _operation(self, name: str, args: object) -> Operand:
        if not isinstance(args, list):
            raise FilterRefused(f"{name[:40]} lacks its arguments.")
        op = name.lower()
        if op in ("and", "or"):
            _require(name, args, least=2)
            return Operand("(" + f" {op.upper()} ".join(self.truth(one) for one in args) + ")", "boolean")
        handler = self._handler(op)
        if handler is None:
            raise FilterRefused(f"The function {name[:40]} is not known here.")
        found = handler(name, op, args)
        return found if isinstance(found, Operand) else Operand(f"({found})", "boolean")

    def _handler(self, op: str) -> Handler | None:
        if op in _COMPARED:
            return self._comparison
        if op in _ARITHMETIC:
            return self._arithmetic
        if op in _SPATIAL:
            return self._spatial
        if op in _TEMPORAL:
            return self._temporal
        named: dict[str, Handler] = {
            "not": self._not, "isnull": self._is_null, "between": self._between, "in": self._in, "like": self._like,
            "casei": self._casei,
        }  # fmt: skip
        return named.get(op)

    def _not(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=1)
        return f"NOT {self.truth(args[0])}"

    def _is_null(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=1)
        return f"{self.operand(args[0]).sql} IS NULL"

    def _comparison(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=2)
        left, right = self._alike(args)
        return f"{left.sql} {op} {right.sql}"

    def _between(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=3)
        value, low, high = self._alike(args, "number", "instant")
        return f"{value.sql} BETWEEN {low.sql} AND {high.sql}"

    def _in(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=2)
        if not isinstance(args[1], list) or not args[1]:
            raise FilterRefused("IN wants a list of values.")
        value, *listed = self._alike([args[0], *args[1]])
        return f"{value.sql} IN ({', '.join(one.sql for one in listed)})"

    def _like(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=2)
        value, pattern = self._alike(args, "text")
        return f"{value.sql} LIKE {pattern.sql}"

    def _casei(self, name: str, op: str, args: list[Any]) -> Operand:
        _require(name, args, exactly=1)
        # A code sorts by bytes, and so has no other case for letters beyond ASCII; the database's own order has.
        return Operand(f'lower({self._of_kind(args[0], "text").sql} COLLATE "default")', "text")

    def _arithmetic(self, name: str, op: str, args: list[Any]) -> Operand:
        if op == "-" and len(args) == 1:
            return Operand(f"(- {self._of_kind(args[0], 'number').sql})", "number")
        _require(name, args, exactly=2)
        parts = (f"({self._of_kind(one, 'number').sql})::double precision" for one in args)
        return Operand(_ARITHMETIC[op].format(*parts), "number")

    def _spatial(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=2)
        if op not in ("s_intersects", "s_disjoint") and any(map(_is_collection, args)):
            raise FilterRefused(f"{name[:40]} takes no collection of geometries: join single ones with OR.")
        left, right = (self._of_kind(one, "geometry").sql for one in args)
        return f"st_{op[2:]}({left}, {right})"

    def _temporal(self, name: str, op: str, args: list[Any]) -> str:
        _require(name, args, exactly=2)
        left, right = (self._of_kind(_whole_day(one), "instant", "interval") for one in args)
        return _TEMPORAL[op].format(left.sql, left.end or left.sql, right.sql, right.end or right.sql)

    def _alike(self, args: Sequence[object], *kinds: Kind) -> list[Operand]:
        """Return operands of one kind, of any or of these; texts sorted alike."""
        first = self._of_kind(args[0], *(kinds or ("text", "number", "boolean", "instant")))
        rest = [self._of_kind(one, first.kind) for one in args[1:]]
        if first.kind == "text":
            return [one._replace(sql=f'({one.sql} COLLATE "C")') for one in (first, *rest)]
        return [first, *rest]


def _require(name: str, args: Sequence[object], *, exactly: int | None = None, least: int = 0) -> None:
    if len(args) < least or (exactly is not None and len(args) != exactly):
        raise FilterRefused(f"{name[:40]} takes {exactly or f'{least} or more'} arguments, not {len(args)}.")


def _instant(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value).upper())
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise FilterRefused("Write an instant with its zone, such as TIMESTAMP('2026-01-31T08:00:00Z').")


def _day(value: object) -> datetime:
    try:
        found = date.fromisoformat(str(value))
    except ValueError as exc:
        raise FilterRefused("Write a day such as DATE('2026-01-31').") from exc
    return datetime.combine(found, datetime.min.time(), UTC)


def _last_moment(day: datetime) -> datetime:
    try:
        return day + timedelta(days=1, microseconds=-1)
    except OverflowError:
        return day


def _whole_day(node: object) -> object:
    """Return a day as the interval that it is to temporal functions."""
    return {"interval": [node["date"]] * 2} if isinstance(node, dict) and "date" in node else node


def _geojson(node: Mapping[str, Any]) -> BaseGeometry:
    try:
        geom = shapely.force_2d(shapely.from_geojson(json.dumps(node)))
    except (shapely.errors.GEOSException, ValueError, TypeError) as exc:
        raise FilterRefused("A geometry in it can not be read.") from exc
    if geom.is_empty or not geom.is_valid:
        raise FilterRefused("A geometry in it is empty, or crosses itself.")
    return geom


def _is_collection(node: object) -> bool:
    return isinstance(node, dict) and node.get("type") == "GeometryCollection"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _box(numbers: object, crs: PublishedCrs) -> BaseGeometry:
    if not isinstance(numbers, list) or len(numbers) not in (4, 6) or not all(map(_is_number, numbers)):
        raise FilterRefused("A box has 4 numbers, or 6 with heights.")
    try:
        return crs.box([float(number) for number in numbers])
    except BoxUpsideDown as exc:
        raise FilterRefused(str(BoxUpsideDown.__doc__)) from exc
    except OverflowError as exc:
        raise FilterRefused("A number of a box is too large.") from exc
