"""Answers put into objects of JSON: many at once, without a copy of any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from geoservice.api.batch.rows import ADDED, Answer
from geoservice.web.json import dumps

_FIRST, *_, _PROBLEM = ADDED
_BEFORE_VALUE = len(dumps({_FIRST: 0})) - len(b"0}")


def value_and_others(answer: Answer) -> bytes:
    """Return an answer as JSON from the value of its first field on, without braces."""
    return dumps(answer)[_BEFORE_VALUE:-1]


def with_answer(fields: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Return fields with those of an answer; a problem that they brought is that of an older one, and goes."""
    found = fields | answer
    if _PROBLEM not in answer:
        found.pop(_PROBLEM, None)
    return found


def have_room(rows: Sequence[object]) -> bool:
    """Return whether each row is an object that has no field of an answer yet; one that it has keeps its place."""
    objects: Any = rows
    return {*map(type, rows)} == {dict} and set().union(*objects).isdisjoint(ADDED)


def put(rows: Sequence[object], values: Iterable[orjson.Fragment]) -> bool:
    """Put the first field of an answer behind the others of each row, with what is to be written as its value.

    Returns
    -------
    Whether that was done: not where some row has no room for it.
    """
    if not have_room(rows):
        return False
    objects: Any = rows
    for row, value in zip(objects, values):  # noqa: B905 - values may go on
        row[_FIRST] = value
    return True
