"""CSV: a header that names the coordinates; every row comes back as it was, with the answer behind it.

What a record, a field, a number and a mistake is, is the matter of `assigning`: a body is read as a file is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from geoservice.api.batch.rows import ADDED, Answer, Ask, NumberedAnswers, told
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
    for block in blocks(read, header, size=PIECE_BYTES, longest=MAX_ROW):
        if len(piece := CsvPiece(table, block, 1.0)):
            lon, lat = (numbers(column, name) for column, name in zip(piece.coordinates(), table.columns, strict=True))
            yield _behind(piece, told((lon, lat), ask), delimiter)


def _behind(piece: CsvPiece, answers: NumberedAnswers, delimiter: str) -> bytes:
    """Return the records of a piece with the answers behind them."""
    endings = pa.array([_ending(one, delimiter) for one in answers.answers], pa.binary())
    records = pc.ascii_ltrim(piece.records().cast(pa.string()), _LINE_ENDS).cast(pa.binary())
    return whole_bytes(pc.binary_join_element_wise(records, endings.take(pa.array(answers.which)), b""))


def _ending(answer: Answer, delimiter: str) -> bytes:
    """Return an answer as the last fields of a record, with the line end."""
    return b"".join(delimiter.encode() + written([_text(answer.get(name))], delimiter) for name in ADDED) + b"\n"


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
