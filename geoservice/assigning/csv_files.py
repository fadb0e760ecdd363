"""CSV in and out. What stands in a file is kept byte by byte; answers are put before the line ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from geoservice.assigning.added_columns import METHOD_NAMES, Added, Shaping
from geoservice.assigning.coordinates import coordinate_columns
from geoservice.assigning.csv_records import (
    BLOCK,
    DELIMITERS,
    Block,
    blocks,
    decoded,
    ends_in_returns,
    header_of,
    reading,
)
from geoservice.assigning.model import Answers, Piece, Request, Where
from geoservice.assigning.point_errors import (
    EncodingNotUtf8,
    OutputNotWritable,
    PointsUnreadable,
    RowTooWide,
)

Strings = list[pa.Array]
#: Numbers as much of Europe writes them; of metres, such as can not be thousands.
DECIMAL_COMMA = r"^\s*[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\s*$"
DECIMAL_COMMA_OF_METRES = r"^\s*[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]{3})\s*$"
COMMAS_READ = "Decimal commas of the coordinates were read as points."


class CsvSource:
    """A CSV file of points."""

    def __init__(self, request: Request) -> None:
        self._path, self._encoding = request.points, request.encoding
        self._in_degrees = request.crs is None or not request.crs.startswith("epsg")
        with self._path.open("rb") as file:
            self.header = header_of(reading(file, self._encoding), self._path)
        self.columns = coordinate_columns(self.header.names, request.columns)
        self.schema = pa.schema([(name, pa.string()) for name in self.header.names])
        x, y = self.columns
        self.remarks = [f"Columns separated by {DELIMITERS[self.header.delimiter]}; coordinates from {x} and {y}."]
        with self._path.open("rb") as file:
            returns = ends_in_returns(decoded(file, self._encoding)(BLOCK))
        if returns:
            self.remarks.append("Its lines end in carriage returns alone; they are written as newlines.")

    @property
    def where(self) -> Where:
        """Return the columns of coordinates."""
        return self.columns

    def with_points(self, column: pa.Array) -> pa.Array:
        """Return a column of text with decimal points for commas, where a comma can be nothing else, and say so.

        Where commas separate columns they stay. Of metres, three digits behind one may be thousands: they stay, too.
        """
        if self.header.delimiter == "," or not pa.types.is_string(column.type):
            return column
        pattern = DECIMAL_COMMA if self._in_degrees else DECIMAL_COMMA_OF_METRES
        if not pc.any(pc.match_substring_regex(column, pattern)).as_py():
            return column
        if COMMAS_READ not in self.remarks:
            self.remarks.append(COMMAS_READ)
        return _replaced(column, pattern)

    def pieces(self) -> Iterator[CsvPiece]:
        """Yield the rows in blocks."""
        size = self._path.stat().st_size
        with self._path.open("rb") as file:
            read = reading(file, self._encoding)
            header = header_of(read, self._path)
            for block in blocks(read, header.rest):
                yield CsvPiece(self, block, file.tell() / size if size else 1.0)


class CsvPiece:
    """Some records, as they stand in the file."""

    def __init__(self, source: CsvSource, block: Block, share: float) -> None:
        self._source, self._block = source, block
        self.first_row, self.share = block.first_row, share
        self.tail = block.tail

    def __len__(self) -> int:
        return len(self._block.starts) - 1

    def coordinates(self) -> tuple[pa.Array, pa.Array]:
        """Return the two columns: as numbers where all of them are, else as text."""
        x, y = map(self._source.with_points, self._parsed_coordinates or self._of_rows(self._places))
        return x, y

    def table(self) -> pa.Table:
        """Return all columns, as text."""
        names = self._source.header.names
        everything = list(range(len(names)))
        parsed = self._parsed(everything, pa.string()) if self._parsed_coordinates else None
        return pa.table(dict(zip(names, parsed or self._of_rows(everything), strict=True)))

    def records(self) -> pa.Array:
        """Return the records, each beginning with the line end of the one before; short ones are filled up."""
        starts = self._block.starts.astype(np.int32)
        buffers = [None, pa.py_buffer(starts), pa.py_buffer(self._block.content)]
        records = pa.Array.from_buffers(pa.binary(), len(self), buffers)
        if self._parsed_coordinates:
            return records
        width, delimiter = len(self._source.header.names), self._source.header.delimiter.encode()
        filling = [delimiter * (width - len(row)) for row in self._rows]
        return pc.binary_join_element_wise(records, pa.array(filling, pa.binary()), b"")

    @property
    def _places(self) -> list[int]:
        return [self._source.header.names.index(name) for name in self._source.columns]

    @cached_property
    def _parsed_coordinates(self) -> Strings | None:
        """Return the coordinates as Arrow's parser reads them: numbers, else text; None when some record is odd."""
        return self._parsed(self._places, pa.float64()) or self._parsed(self._places, pa.string())

    def _of_rows(self, places: list[int]) -> Strings:
        return [
            pa.array([row[place] if place < len(row) else None for row in self._rows], pa.string()) for place in places
        ]

    def _parsed(self, places: list[int], kind: pa.DataType) -> Strings | None:
        """Return columns as Arrow's parser reads them; None when it can not."""
        wanted = [str(place) for place in places]
        content = self._block.content.lstrip(b"\r\n")
        if not content:
            return [pa.array([], kind) for _ in wanted]
        try:
            table = pacsv.read_csv(
                pa.BufferReader(content),
                pacsv.ReadOptions(
                    use_threads=False,
                    block_size=len(content) + 1,
                    column_names=[str(place) for place in range(len(self._source.header.names))],
                ),
                pacsv.ParseOptions(delimiter=self._source.header.delimiter, newlines_in_values=b'"' in content),
                pacsv.ConvertOptions(
                    include_columns=wanted,
                    column_types=dict.fromkeys(wanted, kind),
                    null_values=[""],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        # A lone carriage return ends a record for Arrow and not for us.
        return [table.column(name).combine_chunks() for name in wanted] if table.num_rows == len(self) else None

    @cached_property
    def _rows(self) -> list[list[str]]:
        """Return the fields of every record, which may be fewer than the header has; raise RowTooWide."""
        content, starts = self._block.content, self._block.starts.tolist()
        return [
            self._fields(content[begin:end].lstrip(b"\r\n"), self.first_row + number)
            for number, (begin, end) in enumerate(pairwise(starts))
        ]

    def _fields(self, record: bytes, row: int) -> list[str]:
        try:
            lines = io.StringIO(record.decode(), newline="")
            fields = next(csv.reader(lines, delimiter=self._source.header.delimiter))
        except UnicodeDecodeError as exc:
            raise EncodingNotUtf8(row=row) from exc
        except csv.Error as exc:
            raise PointsUnreadable(row=row, reason=str(exc)) from exc
        width = len(self._source.header.names)
        if len(fields) > width:
            raise RowTooWide(row=row, fields=len(fields), columns=width)
        return fields


class CsvKept:
    """A CSV of another: every record as it stands, and the answer behind it."""

    def __init__(self, source: CsvSource, added: Added) -> None:
        header = source.header
        names = _written([added.code_column, added.method_column], header.delimiter)
        self._header = header.raw + header.delimiter.encode() + names
        codes = [_written([code], header.delimiter) for code in (*added.codes, None)]
        methods = [_written([method], header.delimiter) for method in (*METHOD_NAMES, None)]
        between = header.delimiter.encode()
        self._methods = len(methods)
        endings = [between + code + between + method for code in codes for method in methods]
        self._endings = pa.array(endings, pa.binary())

    def shaped(self, piece: Any, answers: Answers) -> bytes:
        """Return the records with their answers."""
        # -1 stands for none and is the last, of codes as of methods.
        count = len(self._endings) // self._methods
        ending = (answers.owner % count) * self._methods + answers.method % self._methods
        lines = pc.binary_join_element_wise(piece.records(), self._endings.take(pa.array(ending)), b"")
        _, offsets, values = lines.buffers()
        ends = np.frombuffer(offsets, np.int32)
        whole = values.slice(int(ends[lines.offset]), int(ends[lines.offset + len(lines)] - ends[lines.offset]))
        return bytes(memoryview(whole)) + piece.tail if len(lines) else piece.tail

    def write(self, path: Path, shaped: Iterator[bytes]) -> None:
        """Write the header and the records."""
        _write(path, self._header, shaped)


class CsvMade:
    """A CSV of another format: its columns and, in place of a geometry, longitude and latitude."""

    def __init__(self, shaping: Shaping, delimiter: str) -> None:
        self._shaping, self._delimiter = shaping, delimiter
        for column in shaping.schema:
            if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
                raise OutputNotWritable(column=column.name, type=str(column.type), format="CSV")

    def shaped(self, piece: Piece, answers: Answers) -> bytes:
        """Return rows as text."""
        written = io.BytesIO()
        options = pacsv.WriteOptions(include_header=False, delimiter=self._delimiter, quoting_style="needed")
        pacsv.write_csv(self._shaping(piece, answers), written, options)
        return written.getvalue()

    def write(self, path: Path, shaped: Iterator[bytes]) -> None:
        """Write the header and the rows."""
        _write(path, _written(self._shaping.schema.names, self._delimiter) + b"\n", shaped)


def _replaced(column: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(column, pattern), pc.replace_substring(column, ",", "."), column)


def _write(path: Path, header: bytes, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.write(header)
        for piece in pieces:
            file.write(piece)


def _written(fields: list[str | None], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(fields)
    # The writer marks a single empty field, lest its line be blank; here it stands behind others.
    return b"" if fields == [None] else text.getvalue().encode()
