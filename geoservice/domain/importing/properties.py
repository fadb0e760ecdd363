"""Properties of a single feature, as a program sends them: of the layer's types and codes, or a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from layers.layer import Column, Layer

#: What integer holds; and bigint, which columns of own layers are.
_INTEGERS, _OWN_INTEGERS = range(-(2**31), 2**31), range(-(2**63), 2**63)
_WRITTEN = {"text": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
            "instant": "an instant with its zone", "day": "a day"}  # fmt: skip


def faults_of(layer: Layer, values: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each value that is not as the layer wants it, and each name that it has not."""
    columns = {column.name: column for column in layer.written if column.name != "code"}
    for name, value in values.items():
        column = columns.get(name)
        if column is None:
            near = get_close_matches(name, columns, n=1)
            meant = f"Did you mean {near[0]}?" if near else f"It has {', '.join(columns)}."
            yield f"The layer {layer.id} has no property of the name {name[:40]}. {meant}"
        elif not _fits(column, value, _OWN_INTEGERS if layer.own else _INTEGERS):
            yield f"The property {name} is {_wanted(column)}."


def _wanted(column: Column) -> str:
    wanted = f"one of {', '.join(column.codes)}" if column.codes else _WRITTEN[column.type]
    return f"{wanted}, or null" if column.nullable else wanted


def _fits(column: Column, value: object, integers: range) -> bool:
    if value is None:
        return column.nullable
    if column.codes:
        return isinstance(value, str) and value in column.codes
    if column.type == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if column.type == "integer":
        return isinstance(value, int) and value in integers
    if column.type == "number":
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str)
