"""Filters by chance: right ones as CQL2 JSON and as text, and what becomes of a text that somebody mistyped."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import shapely

from tests.cql2_oracle import Feature

Node = Any
_SPATIAL = ("s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within")
_TEMPORAL = (
    "t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedBy", "t_finishes",
    "t_intersects", "t_meets", "t_metBy", "t_overlappedBy", "t_overlaps", "t_startedBy", "t_starts",
)  # fmt: skip
_COMPARED = ("=", "<>", "<", ">", "<=", ">=")
_MISTYPED = (
    "(", ")", ",", "'", '"', " ", "AND", "NOT", "NULL", "=", "<", "%", "-", "9" * 20, "1e400", "NaN", "POINT EMPTY",
    "geom", "floors", "\x00", "网", "''", "..", "BBOX(", "DATE('2026-01-01')", "CASEI(", "S_INTERSECTS(", "[", "{",
)  # fmt: skip


@dataclass(frozen=True)
class Chance:
    """Makes filters of a collection, out of what its features have."""

    chance: random.Random
    features: Sequence[Feature]
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    instants: tuple[str, ...] = ()

    def filter(self, depth: int = 3) -> Node:
        """Return what is true or false of a feature."""
        if depth and self.chance.random() < 0.6:
            op = self.chance.choice(("and", "or", "not"))
            count = 1 if op == "not" else self.chance.randint(2, 3)
            return {"op": op, "args": [self.filter(depth - 1) for _ in range(count)]}
        makers: list[Callable[[], Node]] = [self._of_text, self._of_text, self._is_null, self._of_place, self._of_place]
        makers += [self._of_number] * 3 if self.numbers else []
        makers += [self._of_flag] if self.flags else []
        makers += [self._of_instant] * 3 if self.instants else []
        return self.chance.choice(makers)()

    def mistyped(self, said: str) -> str:
        """Return a text of which parts are gone, doubled, or something else."""
        for _ in range(self.chance.randint(1, 3)):
            at = self.chance.randrange(len(said) + 1)
            to = min(len(said), at + self.chance.choice((0, 0, 1, 4)))
            said = said[:at] + self.chance.choice(("", *_MISTYPED)) + said[to:]
        return said

    def _one_of(self, names: Sequence[str]) -> Node:
        return {"property": self.chance.choice(names)}

    def _stored(self, name: str) -> Any:
        return self.chance.choice(self.features).properties[name]

    def _text(self, name: str) -> str:
        stored = self._stored(name)
        return self.chance.choice((stored or "", stored or "x", "O'Brien", "", "网格", "zz", str(stored)[:3]))

    def _of_text(self) -> Node:
        name = self.chance.choice(self.texts)
        column, said = {"property": name}, self._text(name)
        kind = self.chance.randrange(5)
        if kind == 0:
            return {"op": "in", "args": [column, [self._text(name) for _ in range(self.chance.randint(1, 4))]]}
        if kind == 1:
            signs = [self.chance.choice((sign, sign, sign, "%", "_")) for sign in said]
            like = "".join(signs) + self.chance.choice(("", "%"))
            return {"op": "like", "args": [column, like]}
        if kind == 2:
            parts = [{"op": "casei", "args": [one]} for one in (column, said.upper())]
            return {"op": self.chance.choice(_COMPARED), "args": parts}
        other = self._one_of(self.texts) if kind == 3 else said
        return {"op": self.chance.choice(_COMPARED), "args": [column, other]}

    def _is_null(self) -> Node:
        return {"op": "isNull", "args": [self._one_of((*self.texts, *self.numbers, *self.flags, *self.instants))]}

    def _of_flag(self) -> Node:
        flag = self._one_of(self.flags)
        return flag if self.chance.random() < 0.5 else {"op": "=", "args": [flag, self.chance.random() < 0.5]}

    def _number(self, depth: int = 2) -> Node:
        kind = self.chance.randrange(4) if depth else self.chance.randrange(2)
        if kind == 0:
            return self._one_of(self.numbers)
        if kind == 1:
            return self.chance.choice((0, 1, 2, 3, 5, 12, 0.5, 2.25, -1, -3.5))
        op = self.chance.choice(("+", "-", "*", "/", "%", "div", "^"))
        divisor = self.chance.choice((2, 3, 0.5)) if op in "/%div^" else self._number(depth - 1)
        return {"op": op, "args": [self._number(depth - 1), 2 if op == "^" else divisor]}

    def _of_number(self) -> Node:
        if self.chance.random() < 0.2:
            return {"op": "between", "args": [self._number() for _ in range(3)]}
        if self.chance.random() < 0.2:
            listed = [self._number(0) for _ in range(self.chance.randint(1, 4))]
            return {"op": "in", "args": [self._number(0), listed]}
        return {"op": self.chance.choice(_COMPARED), "args": [self._number(), self._number()]}

    def _instant(self, name: str) -> datetime:
        stored: datetime = self._stored(name)
        return stored + self.chance.choice((timedelta(), timedelta(hours=7)))

    def _time(self, name: str) -> Node:
        first, second = sorted((self._instant(name), self._instant(name)))
        kind = self.chance.randrange(4)
        if kind == 0:
            return {"timestamp": first.isoformat().replace("+00:00", "Z")}
        if kind == 1:
            return {"date": first.date().isoformat()}
        ends = [first.isoformat().replace("+00:00", "Z"), second.isoformat().replace("+00:00", "Z")]
        if kind == 2:
            ends[self.chance.randrange(2)] = ".."
        return {"interval": ends}

    def _of_instant(self) -> Node:
        name = self.chance.choice(self.instants)
        said = self._time(name)
        if "interval" not in said and self.chance.random() < 0.5:
            return {"op": self.chance.choice(_COMPARED), "args": [{"property": name}, said]}
        args = [{"property": name}, said]
        self.chance.shuffle(args)
        return {"op": self.chance.choice(_TEMPORAL), "args": args}

    def _of_place(self) -> Node:
        near = self.chance.choice([one for one in self.features if one.geom is not None]).geom
        assert near is not None
        west, south, east, north = near.bounds
        reach = self.chance.choice((0.0, 1e-5, 1e-4, 1e-3, 5e-3))
        kind = self.chance.randrange(5)
        if kind == 0:
            shape = {"bbox": [west - reach, south - reach, east + reach, north + reach]}
        elif kind == 1:  # meets its edge, in a corner
            shape = _geojson(shapely.Point(shapely.get_coordinates(near)[0]))
        elif kind == 2:
            shape = _geojson(shapely.LineString([(west - reach, south - 1e-6), (east + 1e-6, north + reach)]))
        elif kind == 3:
            shape = _geojson(shapely.box(west, south, east + reach + 1e-6, north + 1e-6))
        else:
            shape = _geojson(near)
        args = [{"property": "geom"}, shape]
        self.chance.shuffle(args)
        return {"op": self.chance.choice(_SPATIAL), "args": args}


def _geojson(geom: Any) -> Node:
    return {"type": geom.geom_type, "coordinates": shapely.geometry.mapping(geom)["coordinates"]}


def as_text(node: Node) -> str:
    """Return an expression as CQL2 text, every part of it in brackets."""
    if isinstance(node, bool):
        return str(node).upper()
    if isinstance(node, int | float):
        return repr(node)
    if isinstance(node, str):
        return "'" + node.replace("'", "''") + "'"
    if "property" in node:
        return str(node["property"])
    if "bbox" in node:
        return f"BBOX({','.join(map(repr, node['bbox']))})"
    if "type" in node:
        return shapely.to_wkt(shapely.geometry.shape(node), rounding_precision=-1)
    for name in ("timestamp", "date"):
        if name in node:
            return f"{name.upper()}('{node[name]}')"
    if "interval" in node:
        return "INTERVAL({})".format(",".join(f"'{end}'" for end in node["interval"]))
    return _operation(node["op"], node["args"])


def _operation(op: str, args: list[Node]) -> str:
    if op == "in":
        return f"({as_text(args[0])} IN ({','.join(map(as_text, args[1]))}))"
    parts = list(map(as_text, args))
    if op in ("and", "or"):
        return "(" + f" {op.upper()} ".join(parts) + ")"
    if op == "not":
        return f"(NOT ({parts[0]}))"
    if op == "isNull":
        return f"({parts[0]} IS NULL)"
    if op == "between":
        return f"({parts[0]} BETWEEN {parts[1]} AND {parts[2]})"
    if op == "like":
        return f"({parts[0]} LIKE {parts[1]})"
    if op == "casei" or op.startswith(("s_", "t_")):
        return f"{op.upper()}({','.join(parts)})"
    return f"({parts[0]} {op.upper()} {parts[1]})"
