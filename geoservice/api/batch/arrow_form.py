"""Arrow IPC streams: columns lon and lat in, one row of answers for each row out, in the same batches."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geoservice.api.batch.rows import METHOD_OF, NO_POSITION, OUTSIDE_MAINLAND, Ask
from geoservice.web.streaming import BrokenRows

SCHEMA = pa.schema(
    [
        ("grid_code", pa.dictionary(pa.int32(), pa.string())),
        ("method", pa.dictionary(pa.int8(), pa.string())),
        ("near_border", pa.bool_()),
        ("edition", pa.int64()),
        ("unowned_reason", pa.dictionary(pa.int32(), pa.string())),
        ("problem", pa.string()),
    ]
)
#: Rows answered together.
CHUNK_ROWS = 262_144


def answer_arrow(body: io.RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield an Arrow stream with the answers to the rows of another; raise BrokenRows, TooManyRows."""
    out = io.BytesIO()
    writer = None
    for lon, lat in _positions(body):
        table = _answered(lon, lat, ask)
        if writer is None:
            writer = pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=False))
        writer.write_batch(table)
        yield _taken(out)
    if writer is None:
        writer = pa.ipc.new_stream(out, SCHEMA)
    writer.close()
    yield _taken(out)


def _taken(out: io.BytesIO) -> bytes:
    written = out.getvalue()
    out.seek(0)
    out.truncate()
    return written


def _positions(body: io.RawIOBase) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    try:
        head = pa.ipc.open_stream(body)
        yield from _columns(head)
    except (pa.ArrowException, OSError, MemoryError) as exc:
        raise BrokenRows(reason=f"not an Arrow IPC stream that can be read: {str(exc).splitlines()[0][:200]}") from exc


def _columns(stream: pa.ipc.RecordBatchStreamReader) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    places = [stream.schema.get_all_field_indices(name) for name in ("lon", "lat")]
    if any(len(place) != 1 for place in places):
        raise BrokenRows(reason="the stream must have one column lon and one column lat")
    for batch in stream:
        for begin in range(0, batch.num_rows, CHUNK_ROWS):
            some = batch.slice(begin, CHUNK_ROWS)
            lon, lat = (_doubles(some.column(place[0])) for place in places)
            yield lon, lat


def _doubles(column: pa.Array) -> NDArray[np.float64]:
    column.validate()
    doubles = column.cast(pa.float64())
    found: NDArray[np.float64] = doubles.to_numpy(zero_copy_only=False)  # null becomes NaN
    return found


def _answered(lon: NDArray[np.float64], lat: NDArray[np.float64], ask: Ask) -> pa.RecordBatch:
    answered = ask(lon, lat)
    found = answered.owners
    # Not so for NaN either.
    nowhere = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    bad = nowhere | answered.outside
    columns = [
        pa.DictionaryArray.from_arrays(pa.array(found.code, mask=found.code < 0), pa.array(found.codes, pa.string())),
        pa.DictionaryArray.from_arrays(pa.array(found.method, mask=bad), pa.array(METHOD_OF, pa.string())),
        pa.array(found.near_border, mask=bad),
        pa.array(found.edition, mask=found.edition == 0),
        pa.DictionaryArray.from_arrays(
            pa.array(found.reason, mask=found.reason < 0), pa.array(found.reasons, pa.string())
        ),
        pa.array(np.where(nowhere, NO_POSITION, OUTSIDE_MAINLAND).astype(object), pa.string(), mask=~bad),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
