"""CSV taken apart: the fields of records, by one rule for files and for bodies of requests."""

from __future__ import annotations

import csv
import io
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from geoservice.assigning.coordinates import coordinate_columns
from geoservice.assigning.model import CoordinateColumns
from geoservice.assigning.point_errors import PointsUnreadable
from geoservice.assigning.positions import with_points
from geoservice.reading.csv_errors import RowTooWide
from geoservice.reading.csv_records import DELIMITERS, Block, Header

Strings = list[pa.Array]
COMMAS_READ = "Decimal commas of the coordinates were read as points."


class CsvTable:
    """What is known of a CSV by its header, and is found out of it on the way.

    Parameters
    ----------
    columns
        Of the coordinates; None: they are guessed by their names.
    in_degrees
        Whether they are degrees, and not metres.
    """

    def __init__(self, header: Header, columns: CoordinateColumns | None, *, in_degrees: bool) -> None:
        self.header = header
        self.columns = coordinate_columns(header.names, columns)
        self._in_degrees = in_degrees
        x, y = self.columns
        self.remarks = [f"Columns separated by {DELIMITERS[header.delimiter]}; coordinates from {x} and {y}."]

    def with_points(self, column: pa.Array) -> pa.Array:
        """Return a column with decimal points for commas, and say so; where commas separate columns they stay."""
        if self.header.delimiter == ",":
            return column
        plain = with_points(column, in_degrees=self._in_degrees)
        if plain is not column and COMMAS_READ not in self.remarks:
            self.remarks.append(COMMAS_READ)
        return plain


class CsvPiece:
    """Some records, as they stand in the file."""

    def __init__(self, table: CsvTable, block: Block, share: float) -> None:
        self._table, self._block = table, block
        self.first_row, self.share = block.first_row, share
        self.tail = block.tail

    def __len__(self) -> int:
        return len(self._block.starts) - 1

    def coordinates(self) -> tuple[pa.Array, pa.Array]:
        """Return the two columns: as numbers where all of them are, else as text."""
        x, y = map(self._table.with_points, self._parsed_coordinates or self._of_rows(self._places))
        return x, y

    def table(self) -> pa.Table:
        """Return all columns, as text."""
        names = self._table.header.names
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
        width, delimiter = len(self._table.header.names), self._table.header.delimiter.encode()
        filling = [delimiter * (width - len(row)) for row in self._rows]
        return pc.binary_join_element_wise(records, pa.array(filling, pa.binary()), b"")

    @property
    def _places(self) -> list[int]:
        return [self._table.header.names.index(name) for name in self._table.columns]

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
                    column_names=[str(place) for place in range(len(self._table.header.names))],
                ),
                pacsv.ParseOptions(delimiter=self._table.header.delimiter, newlines_in_values=b'"' in content),
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
            fields = next(csv.reader(lines, delimiter=self._table.header.delimiter))
        except csv.Error as exc:
            raise PointsUnreadable(row=row, reason=str(exc)) from exc
        width = len(self._table.header.names)
        if len(fields) > width:
            raise RowTooWide(row=row, fields=len(fields), columns=width)
        return fields


def whole_bytes(lines: pa.Array) -> bytes:
    """Return the values of a binary column, one after the other."""
    if not len(lines):
        return b""
    _, offsets, values = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)
    whole = values.slice(int(ends[lines.offset]), int(ends[lines.offset + len(lines)] - ends[lines.offset]))
    return bytes(memoryview(whole))


def written(fields: list[str | None], delimiter: str) -> bytes:
    """Return fields as a record of CSV, without its line end."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(fields)
    # The writer marks a single empty field, lest its line be blank; here it stands behind others.
    return b"" if fields == [None] else text.getvalue().encode()
