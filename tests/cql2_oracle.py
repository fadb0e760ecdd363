"""What a CQL2 expression means, once more, by other means: Python's own values and shapely, feature by feature, no SQL.

As OGC 21-065r2 has it, with the third truth of SQL: what is asked of a value that is not there is neither.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

Node = Any
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
#: Of two intervals, from the first to the second and from the third to the fourth instant (table 8).
_TEMPORAL: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
    "t_after": lambda a, _, __, d: a > d, "t_before": lambda _, b, c, __: b < c,
    "t_contains": lambda a, b, c, d: a < c and b > d, "t_disjoint": lambda a, b, c, d: b < c or a > d,
    "t_during": lambda a, b, c, d: a > c and b < d, "t_equals": lambda a, b, c, d: (a, b) == (c, d),
    "t_finishedby": lambda a, b, c, d: a < c and b == d, "t_finishes": lambda a, b, c, d: a > c and b == d,
    "t_intersects": lambda a, b, c, d: a <= d and b >= c, "t_meets": lambda _, b, c, __: b == c,
    "t_metby": lambda a, _, __, d: a == d, "t_overlappedby": lambda a, b, c, d: c < a < d < b,
    "t_overlaps": lambda a, b, c, d: a < c < b < d, "t_startedby": lambda a, b, c, d: a == c and b > d,
    "t_starts": lambda a, b, c, d: a == c and b < d,
}  # fmt: skip


class NotReckoned(Exception):
    """The service may refuse this, or never come to it: a division by nothing, a number that is too large."""


@dataclass(frozen=True)
class Feature:
    """Its properties, and where it is."""

    properties: Mapping[str, Any]
    geom: BaseGeometry | None


def is_meant(expression: Node, feature: Feature) -> bool:
    """Return whether an expression is true of a feature.

    Raises
    ------
    NotReckoned
    """
    return _value(expression, feature) is True


def _value(node: Node, feature: Feature) -> Any:
    if isinstance(node, bool | str):
        return node
    if isinstance(node, int | float):
        return float(node)
    if "property" in node:
        return _property(node["property"], feature)
    if "timestamp" in node:
        return datetime.fromisoformat(node["timestamp"].upper())
    if "date" in node:
        return datetime.combine(date.fromisoformat(node["date"]), time.min, UTC)
    if "type" in node:
        return shapely.force_2d(shapely.from_geojson(json.dumps(node)))
    if "bbox" in node:
        half = len(node["bbox"]) // 2
        return shapely.MultiPoint([node["bbox"][:2], node["bbox"][half : half + 2]]).envelope
    return _operation(node["op"].lower(), node["args"], feature)


def _property(name: str, feature: Feature) -> Any:
    if name == "geom":
        return feature.geom
    value = feature.properties[name]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _operation(op: str, args: list[Node], feature: Feature) -> Any:
    if op in ("and", "or"):
        return _all_or_any(op, [_value(one, feature) for one in args])
    if op in _TEMPORAL:
        ends = [*_interval(args[0], feature), *_interval(args[1], feature)]
        return None if None in ends else _TEMPORAL[op](*ends)
    if op == "in":
        value, listed = _value(args[0], feature), [_value(one, feature) for one in args[1]]
        equal = [None if None in (value, one) else value == one for one in listed]
        return _all_or_any("or", equal)
    values = [_value(one, feature) for one in args]
    if op == "isnull":
        return values[0] is None
    if any(one is None for one in values):
        return _of_nothing(op, values)
    return _of_values(op, values)


def _of_nothing(op: str, values: list[Any]) -> Any:
    """Return what is known of values of which one is not there: a value between is not when it is beyond one end."""
    if op == "between" and values[0] is not None:
        low = None if values[1] is None else values[0] >= values[1]
        high = None if values[2] is None else values[0] <= values[2]
        return _all_or_any("and", [low, high])
    return None


def _of_values(op: str, values: list[Any]) -> Any:
    if op == "not":
        return not values[0]
    if op in _COMPARED:
        return _COMPARED[op](*map(_sorted_by, values))
    if op == "between":
        value, low, high = values
        return low <= value <= high
    if op == "like":
        return _pattern(values[1]).fullmatch(values[0]) is not None
    if op == "casei":
        return values[0].lower()
    if op.startswith("s_"):
        return bool(getattr(shapely, op[2:])(*values))
    return _reckoned(op, values)


def _sorted_by(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _all_or_any(op: str, truths: list[Any]) -> Any:
    decisive = op == "or"
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _pattern(like: str) -> re.Pattern[str]:
    found, escaped = "", False
    for sign in like:
        if escaped or sign not in "\\%_":
            found, escaped = found + re.escape(sign), False
        elif sign == "\\":
            escaped = True
        else:
            found += ".*" if sign == "%" else "."
    if escaped:
        raise NotReckoned
    return re.compile(found, re.DOTALL)


def _reckoned(op: str, values: list[float]) -> float:
    if op == "-" and len(values) == 1:
        return -values[0]
    a, b = values
    try:
        if op in ("%", "div"):
            return _whole(op, a, b)
        found = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": math.pow}[op](
            a, b
        )
    except (ArithmeticError, ValueError) as exc:
        raise NotReckoned from exc
    if not math.isfinite(found) or (found == 0 and op in "*/^" and a != 0):
        raise NotReckoned
    return found


def _whole(op: str, a: float, b: float) -> float:
    """Return the rest of a division, or how often it goes: of decimals of 15 digits, as the database has them."""
    try:
        with localcontext(prec=800):
            first, second = Decimal(f"{a:.15g}"), Decimal(f"{b:.15g}")
            rest = first % second
            return float(rest if op == "%" else (first - rest) / second)
    except InvalidOperation as exc:
        raise NotReckoned from exc


def _interval(node: Node, feature: Feature) -> tuple[Any, Any]:
    if isinstance(node, dict) and "date" in node:
        node = {"interval": [node["date"]] * 2}
    if not (isinstance(node, dict) and "interval" in node):
        value = _value(node, feature)
        return value, value
    first, last = (_end(one, feature, last=n == 1) for n, one in enumerate(node["interval"]))
    return first, last


def _end(said: Node, feature: Feature, *, last: bool) -> Any:
    if said == "..":
        return _LAST if last else _FIRST
    if not isinstance(said, str):
        return _value(said, feature)
    if "T" in said.upper():
        return datetime.fromisoformat(said.upper())
    day = datetime.combine(date.fromisoformat(said), time.min, UTC)
    return day + timedelta(days=1, microseconds=-1) if last else day
