"""Columns as GDAL takes them, no digit lost: what it would round, or has no type for, becomes text."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pyarrow as pa

from geoservice.assigning.point_errors import OutputNotWritable

#: Decimal digits that every double keeps, and that every 64-bit integer holds.
_OF_A_DOUBLE, _OF_AN_INTEGER = 15, 18
#: How many of a duration's units are a second.
_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def with_plain_columns(table: pa.Table, file: str) -> pa.Table:
    """Return a table as GDAL takes it.

    Dictionaries would be numbers to it; of a column without any value it knows no type; of integers beyond 2^63 and of
    long decimals it makes doubles. Records become JSON, durations ISO 8601.

    Raises
    ------
    OutputNotWritable
        A column has a type that nothing becomes of; or a number that no integer holds.
    """
    for place, field in enumerate(table.schema):
        if not _is_taken(field.type):
            table = table.set_column(place, field.name, _plain(table.column(place), field, file))
    return table


def _plain(column: pa.ChunkedArray, field: pa.Field, file: str) -> pa.ChunkedArray | pa.Array:
    kind = field.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type), field.with_type(kind.value_type), file)
    if _is_taken(kind):  # what a dictionary holds
        return column
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_uint64(kind):
        return _signed(column, field, file)
    if pa.types.is_decimal(kind):
        return _of_decimals(column)
    if pa.types.is_duration(kind):
        return _of_durations(column)
    if pa.types.is_nested(kind):
        values = column.to_pylist()
        return pa.array([None if one is None else _json(one) for one in values], pa.string())
    raise OutputNotWritable(column=field.name, type=str(kind), file=file)


def _is_taken(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_in_lists(kind.value_type)
    temporal = pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_timestamp(kind)
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return _is_in_lists(kind) or temporal or binary


def _is_in_lists(kind: pa.DataType) -> bool:
    whole = pa.types.is_integer(kind) and not pa.types.is_uint64(kind)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return whole or text or pa.types.is_boolean(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)


def _signed(column: pa.ChunkedArray, field: pa.Field, file: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid as exc:
        largest = max(value for value in column.to_pylist() if value is not None)
        raise OutputNotWritable(column=field.name, value=largest, file=file) from exc


def _of_decimals(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if kind.scale <= 0 and kind.precision - kind.scale <= _OF_AN_INTEGER:
        return column.cast(pa.int64())
    if kind.precision <= _OF_A_DOUBLE:
        return column.cast(pa.float64())
    return pa.array([None if one is None else format(one, "f") for one in column.to_pylist()], pa.string())


def _of_durations(column: pa.ChunkedArray) -> pa.Array:
    a_second = _A_SECOND[column.type.unit]
    counts = column.cast(pa.int64()).to_pylist()
    return pa.array([None if one is None else f"PT{Decimal(one) / a_second:f}S" for one in counts], pa.string())


def _json(record: object) -> str:
    """Return a record as JSON, which has null for what is no number; bytes in hexadecimal digits."""
    return orjson.dumps(record, default=lambda one: one.hex() if isinstance(one, bytes) else str(one)).decode()
