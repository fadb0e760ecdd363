"""Coordinates of rows: from columns of numbers or text, or from WKB, and back to WKB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geoservice.assigning.point_errors import NotAPoint, NotNumbers
from geoservice.engine.edges import Floats

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
#: Numbers as much of Europe writes them; of metres, such as can not be thousands.
_DECIMAL_COMMA = r"^\s*[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\s*$"
_DECIMAL_COMMA_OF_METRES = r"^\s*[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]{3})\s*$"
#: OGC 06-103r4, 8.2.4: byte order, type, two doubles.
POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])


def numbers(column: pa.Array | pa.ChunkedArray, name: str) -> Floats:
    """Return a column as (n,) doubles, NaN where it is null or says no number.

    Raises
    ------
    NotNumbers
        The column holds neither numbers nor text.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _parsed(column)
    elif pa.types.is_integer(column.type) or pa.types.is_decimal(column.type) or pa.types.is_floating(column.type):
        column = column.cast(pa.float64(), safe=False)
    elif not pa.types.is_null(column.type):
        raise NotNumbers(column=name, type=str(column.type))
    else:
        column = column.cast(pa.float64())
    if column.null_count:
        column = column.fill_null(np.nan)
    values: Floats = column.to_numpy(zero_copy_only=False)
    return values


def _parsed(text: pa.Array) -> pa.Array:
    text = pc.utf8_trim_whitespace(text)
    says = pc.match_substring_regex(text, _NUMBER)
    return pc.utf8_ltrim(pc.if_else(says, text, pa.scalar(None, text.type)), "+").cast(pa.float64())


def precision_remarks(schema: pa.Schema, names: Sequence[str]) -> list[str]:
    """Return a sentence when columns of coordinates have too few digits for places to be told apart."""
    single = [name for name in names if pa.types.is_float32(schema.field(name).type)]
    if not single:
        return []
    return [
        f"{' and '.join(single)}: numbers of 32 bits, which hold degrees to about 0.8 m, and metres from 16,777,216 on"
        " to 2 m: near a border another grid may own the place."
    ]


def with_points(column: pa.Array, *, in_degrees: bool) -> pa.Array:
    """Return a column of text with decimal points for commas, where a comma can be nothing else; else the column.

    Of metres, three digits behind a comma may be thousands: they stay.
    """
    if not pa.types.is_string(column.type):
        return column
    pattern = _DECIMAL_COMMA if in_degrees else _DECIMAL_COMMA_OF_METRES
    says = pc.match_substring_regex(column, pattern)
    return pc.if_else(says, pc.replace_substring(column, ",", "."), column) if pc.any(says).as_py() else column


def points(wkb: pa.Array, first_row: int) -> tuple[Floats, Floats]:
    """Return x and y of a column of WKB, NaN where there is none or the point is empty.

    Raises
    ------
    NotAPoint
        Something else than a point; it is named by its number.
    """
    if isinstance(wkb, pa.ChunkedArray):
        wkb = wkb.combine_chunks()
    if isinstance(wkb, pa.ExtensionArray):
        wkb = wkb.storage
    fast = _plain_points(wkb)
    if fast is not None:
        return np.ascontiguousarray(fast["x"]), np.ascontiguousarray(fast["y"])
    with np.errstate(invalid="ignore"):
        geoms = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
    kinds = shapely.get_type_id(geoms)
    other = (kinds != shapely.GeometryType.POINT) & ~pc.is_null(wkb).to_numpy(zero_copy_only=False)
    if other.any():
        at = int(np.argmax(other))
        found = "no geometry that can be read" if kinds[at] < 0 else shapely.GeometryType(int(kinds[at])).name.lower()
        raise NotAPoint(feature=first_row + at, found=found)
    geoms[shapely.is_empty(geoms)] = None
    return shapely.get_x(geoms), shapely.get_y(geoms)


def _plain_points(wkb: pa.Array) -> NDArray[Any] | None:
    """Return a view of WKB that is all points of two doubles, little-endian; None when some is something else."""
    if not pa.types.is_binary(wkb.type) or wkb.null_count or not len(wkb):
        return None
    _, offsets, values = wkb.buffers()
    starts = np.frombuffer(offsets, np.int32, count=len(wkb) + 1, offset=4 * wkb.offset)
    if starts[-1] - starts[0] != len(wkb) * POINT.itemsize or (np.diff(starts) != POINT.itemsize).any():
        return None
    found = np.frombuffer(values, POINT, count=len(wkb), offset=int(starts[0]))
    return found if (found["order"] == 1).all() and (found["type"] == 1).all() else None


def wkb_points(lon: Floats, lat: Floats) -> pa.Array:
    """Return positions as WKB points, null where they are NaN."""
    cells = np.empty(len(lon), POINT)
    cells["order"], cells["type"], cells["x"], cells["y"] = 1, 1, lon, lat
    offsets = np.arange(len(lon) + 1, dtype=np.int32) * POINT.itemsize
    array = pa.Array.from_buffers(pa.binary(), len(lon), [None, pa.py_buffer(offsets), pa.py_buffer(cells)])
    nowhere = np.isnan(lon)
    return pc.if_else(pa.array(~nowhere), array, pa.scalar(None, pa.binary())) if nowhere.any() else array
