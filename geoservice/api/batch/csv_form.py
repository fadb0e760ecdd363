"""CSV: a header that names the coordinates; every row comes back as it was, with the answer behind it.

What a record, a field, a number and a mistake is, is the matter of `assigning`: a body is read as a file is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geoservice.api.batch.rows import ADDED, METHOD_OF, NO_POSITION, OUTSIDE_MAINLAND, Ask
from geoservice.assigning.coordinates import require_free
from geoservice.assigning.csv_fields import CsvPiece, CsvTable, whole_bytes, written
from geoservice.assigning.positions import numbers
from geoservice.reading.csv_records import blocks, header_of, reading
from geoservice.web.streaming import BrokenRows

MAX_COLUMNS = 256
#: Bytes of a row.
MAX_ROW = 65_536
#: Bytes read at a time: memory stays in proportion to this.
PIECE_BYTES = 1 << 20
_LINE_ENDS = "\r\n"


def answer_csv(body: io.RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield the rows of a CSV with their answers; empty lines are none, and lines end in newlines.

    Raises
    ------
    BrokenRows, TooManyRows
        Too many columns; more rows than are answered.
    GeoserviceError
        What is wrong with the CSV, as for a file of points.
    """
    read = reading(body, None)
    header = header_of(read, size=PIECE_BYTES)
    if len(header.names) > MAX_COLUMNS:
        raise BrokenRows(reason=f"{len(header.names)} columns; {MAX_COLUMNS} at most")
    table = CsvTable(header, None, in_degrees=True)
    require_free([name.strip() for name in header.names], ADDED)
    delimiter = header.delimiter
    yield header.raw[header.preamble :] + delimiter.encode() + written(list(ADDED), delimiter) + b"\n"
    answers = _AnswerColumns(delimiter)
    for block in blocks(read, header, size=PIECE_BYTES, longest=MAX_ROW):
        if len(piece := CsvPiece(table, block, 1.0)):
            yield answers.behind(piece, table, ask)


class _AnswerColumns:
    """Writes answers as fields of CSV."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._methods = self._texts([*METHOD_OF, None])
        self._near = self._texts(["false", "true", None])
        self._problems = self._texts([None, NO_POSITION, OUTSIDE_MAINLAND])
        self._codes: tuple[tuple[str, ...], pa.Array] = ((), self._texts([None]))
        self._reasons: tuple[tuple[str, ...], pa.Array] = ((), self._texts([None]))

    def behind(self, piece: CsvPiece, table: CsvTable, ask: Ask) -> bytes:
        """Return the records of a piece with the answers behind them."""
        lon, lat = (numbers(column, name) for column, name in zip(piece.coordinates(), table.columns, strict=True))
        # Not so for NaN either.
        nowhere = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
        answered = ask(np.where(nowhere, np.nan, lon), np.where(nowhere, np.nan, lat))
        found, bad = answered.owners, nowhere | answered.outside
        if found.codes != self._codes[0]:
            self._codes = (found.codes, self._texts([*found.codes, None]))
        if found.reasons != self._reasons[0]:
            self._reasons = (found.reasons, self._texts([*found.reasons, None]))
        edition = pa.array(found.edition, mask=bad | (found.edition == 0)).cast(pa.string()).fill_null("")
        columns = [
            self._codes[1].take(pa.array(np.where(bad | (found.code < 0), len(found.codes), found.code))),
            self._methods.take(pa.array(np.where(bad, len(METHOD_OF), found.method))),
            self._near.take(pa.array(np.where(bad, 2, found.near_border.astype(np.int8)))),
            edition.cast(pa.binary()),
            self._reasons[1].take(pa.array(np.where(bad | (found.reason < 0), len(found.reasons), found.reason))),
            self._problems.take(pa.array(np.where(nowhere, 1, np.where(answered.outside, 2, 0)))),
        ]
        records = pc.ascii_ltrim(piece.records().cast(pa.string()), _LINE_ENDS).cast(pa.binary())
        lines = pc.binary_join_element_wise(records, *columns, self._delimiter.encode())
        return whole_bytes(pc.binary_join_element_wise(lines, b"\n", b""))

    def _texts(self, values: list[str | None]) -> pa.Array:
        return pa.array([written([value], self._delimiter) for value in values], pa.binary())
