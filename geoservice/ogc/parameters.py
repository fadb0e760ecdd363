"""What a query asks for: read strictly, and refused in a sentence where it can not be read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any, NoReturn

import orjson
import shapely
from flask import request

from geoservice.domain.filtering import FilterLanguage, read_filter
from geoservice.services.layers.items import Collection
from geoservice.web.parsing import InvalidInput
from layers.conditions import Condition, condition_of
from layers.crs import OutsideCrs
from layers.errors import FilterRefused
from layers.items import Order, Period, Selection, Shown, told_columns
from layers.layer import Column
from layers.published_crs import CRS84, BoxUpsideDown, PublishedCrs

LIMIT = 100
#: Every address takes these.
EVERYWHERE = ("f", "lang")
OF_ITEM = ("crs", "properties")
OF_ITEMS = (
    *OF_ITEM, "limit", "after", "bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs", "sortby",
)  # fmt: skip
#: Sorted by so many columns at most.
ORDERS_MAX = 4
#: Where nothing else is said.
FORMS = ("json", "html")
TILE_FORMS = ("mvt",)
_CHOICES = {"lang": ("zh", "en"), "filter-lang": ("cql2-text", "cql2-json")}
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_INTEGER = re.compile(r"[0-9]{1,1000}", re.ASCII)
#: A zone whose plus sign came as a blank, because it was not written %2B.
_BLANK_ZONE = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)", re.ASCII)
#: How QGIS writes an end that is open.
_OPEN = ("", "..")
_OPEN_YEARS = ("0000-", "9999-")


def filtered_by_name(collection: Collection) -> tuple[Column, ...]:
    """Return the columns that a query may ask about by their names alone: all but those named like a parameter."""
    return tuple(one for one in collection.layer.columns if one.name not in (*EVERYWHERE, *OF_ITEMS))


def require_known(*names: str, forms: tuple[str, ...] = FORMS) -> None:
    """Raise InvalidInput for a parameter that an address does not take, or a value that it can not have.

    Parameters
    ----------
    forms
        In which an address answers, by the names that `f` has for them.
    """
    allowed = (*EVERYWHERE, *names)
    choices = _CHOICES | {"f": forms}
    for name, value in request.args.items():
        if name not in allowed:
            _refuse(name, "unknown", f"there is no such parameter here; there are {', '.join(allowed)}")
        if name in choices and value not in choices[name]:
            _refuse(name, "choice", f"write {' or '.join(choices[name])}")


def selection_of(collection: Collection) -> Selection:
    """Return which features a query means; raise InvalidInput, FilterRefused, OutsideCrs."""
    order = tuple(_orders(collection))
    return Selection(
        collection.home, _area(collection), _period(), _condition(collection), order, _after(1 + len(order))
    )


def shown_of(collection: Collection, period: Period | None = None) -> Shown:
    """Return what a query wants told of each feature; raise InvalidInput."""
    return Shown(_crs(collection, "crs"), _properties(told_columns(collection.layer, period)))


def limit_of(most: int) -> int:
    """Return how many features a page has: more than the most are never sent, and asking for them is no error."""
    said = request.args.get("limit")
    if said is None:
        return min(LIMIT, most)
    if _INTEGER.fullmatch(said) is None or int(said) < 1:
        _refuse("limit", "integer", f"write a whole number from 1; {most} at most are sent at once")
    return min(int(said), most)


def cursor_of(end: tuple[str | None, ...]) -> str:
    """Return what to send as `after` to go on from where a page ended."""
    return base64.urlsafe_b64encode(orjson.dumps(end)).decode().rstrip("=")


def crs_named(collection: Collection, said: str) -> PublishedCrs | None:
    """Return the reference system of a URI, bare or in brackets as a header has it; None: it is not offered."""
    uri = said.strip().removeprefix("<").removesuffix(">")
    return next((one for one in collection.crs if one.uri == uri), None)


def _refuse(name: str, code: str, detail: str) -> NoReturn:
    raise InvalidInput([{"pointer": name[:80], "code": code, "detail": detail}])


def _crs(collection: Collection, name: str) -> PublishedCrs:
    found = crs_named(collection, request.args.get(name, CRS84))
    if found is None:
        _refuse(name, "unknown_crs", f"write one of {', '.join(one.uri for one in collection.crs)}")
    return found


def _area(collection: Collection) -> bytes | None:
    crs, said = _crs(collection, "bbox-crs"), request.args.get("bbox")
    if said is None:
        return None
    parts = said.split(",")
    if len(parts) not in (4, 6) or any(_NUMBER.fullmatch(part.strip()) is None for part in parts):
        _refuse("bbox", "numbers", "write 4 numbers with commas, or 6 with heights: the lower corner, then the upper")
    try:
        return shapely.to_wkb(crs.box([float(part) for part in parts]))
    except BoxUpsideDown:
        _refuse("bbox", "order", "the lower corner comes first, then the upper; of degrees west may be greater")
    except OutsideCrs:
        _refuse("bbox", "outside", "a corner lies outside the reference system, or its axes are in the other order")


def _period() -> Period | None:
    said = request.args.get("datetime")
    if said is None:
        return None
    begin, slash, end = said.partition("/")
    if not slash:
        return Period(_moment(begin, last=False), _moment(begin, last=True))
    if begin in _OPEN and end in _OPEN:
        return Period(None, None)
    period = Period(
        None if _is_open(begin) else _moment(begin, last=False), None if _is_open(end) else _moment(end, last=True)
    )
    if period.start is not None and period.end is not None and period.start > period.end:
        _refuse("datetime", "order", "the beginning comes first, then the end")
    return period


def _is_open(said: str) -> bool:
    return said in _OPEN or said.startswith(_OPEN_YEARS)


def _moment(said: str, *, last: bool) -> datetime:
    """Return an instant, or where a day begins or ends."""
    try:
        if len(said) == 10:
            return datetime.combine(date.fromisoformat(said), time.max if last else time.min, UTC)
        found = datetime.fromisoformat(_BLANK_ZONE.sub("+", said).upper())
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    detail = "write an instant with its zone, such as 2026-01-31T08:00:00Z, a day, or two of them with / between"
    _refuse("datetime", "instant", detail)


def _condition(collection: Collection) -> Condition | None:
    crs, said = _crs(collection, "filter-crs"), request.args.get("filter")
    parts: list[Any] = list(_equalities(collection))
    if said is not None:
        language: FilterLanguage = "cql2-json" if request.args.get("filter-lang") == "cql2-json" else "cql2-text"
        parts.append(read_filter(said, language))
    if not parts:
        return None
    expression = parts[0] if len(parts) == 1 else {"op": "and", "args": parts}
    try:
        return condition_of(collection.layer, expression, crs)
    except OutsideCrs as exc:
        raise FilterRefused("A place in it lies outside its reference system; filter-crs names another.") from exc


def _equalities(collection: Collection) -> Iterator[dict[str, Any]]:
    for column in filtered_by_name(collection):
        said = request.args.get(column.name)
        if said is not None:
            yield {"op": "=", "args": [{"property": column.name}, _value(column, said)]}


def _value(column: Column, said: str) -> Any:
    if column.type in ("integer", "number"):
        if _NUMBER.fullmatch(said) is None:
            _refuse(column.name, "number", "write a number with a point, such as 91.77")
        return float(said)
    if column.type == "boolean":
        if said not in ("true", "false"):
            _refuse(column.name, "boolean", "write true or false")
        return said == "true"
    if column.type == "day":
        return {"date": said}
    return {"timestamp": _BLANK_ZONE.sub("+", said)} if column.type == "instant" else said


def _orders(collection: Collection) -> Iterator[Order]:
    said = request.args.get("sortby")
    if said is None:
        return
    names = said.split(",")
    if len(names) > ORDERS_MAX:
        _refuse("sortby", "too_many", f"features are sorted by {ORDERS_MAX} properties at most")
    for name in names:
        bare = name.lstrip(" ").removeprefix("+")  # a plus sign that is not written %2B comes as a blank
        descending = bare.startswith("-")
        yield Order(_known(bare.removeprefix("-"), collection.layer.columns, "sortby"), descending)


def _properties(columns: Iterable[Column]) -> tuple[str, ...] | None:
    said = request.args.get("properties")
    return None if said is None else tuple(_known(name, columns, "properties") for name in said.split(",") if name)


def _known(name: str, columns: Iterable[Column], parameter: str) -> str:
    there = [one.name for one in columns]
    if name not in there:
        _refuse(parameter, "unknown", f"there is no property {name[:40]}; there are {', '.join(there)}")
    return name


def _after(values: int) -> tuple[str | None, ...] | None:
    said = request.args.get("after")
    if said is None:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    except (ValueError, binascii.Error):
        found = None
    if not isinstance(found, list) or len(found) != values or not all(_is_position(one) for one in found):
        _refuse("after", "cursor", "follow the link next of the page before, with the same order")
    return tuple(found)


def _is_position(value: object) -> bool:
    return value is None or (isinstance(value, str) and "\x00" not in value)
