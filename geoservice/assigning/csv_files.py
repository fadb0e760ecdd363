"""CSV in and out. What stands in a file is kept byte by byte; answers are put before the line ends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pacsv

from geoservice.assigning.added_columns import METHOD_NAMES, Added, Shaping
from geoservice.assigning.csv_fields import CsvPiece, CsvTable, whole_bytes, written
from geoservice.assigning.model import Answers, Piece, Request, Where
from geoservice.assigning.point_errors import OutputNotWritable
from geoservice.reading.csv_records import BLOCK, Header, blocks, decoded, ends_in_returns, header_of, reading


class CsvSource:
    """A CSV file of points."""

    def __init__(self, request: Request) -> None:
        self._path, self._encoding = request.points, request.encoding
        #: What separates the columns of a file of this name, whatever stands in it.
        self._delimiter = "\t" if self._path.suffix.lower() == ".tsv" else None
        in_degrees = request.crs is None or not request.crs.startswith("epsg")
        with self._path.open("rb") as file:
            self.header = self._header(reading(file, self._encoding))
        self.text = CsvTable(self.header, request.columns, in_degrees=in_degrees)
        self.schema = pa.schema([(name, pa.string()) for name in self.header.names])
        self.remarks = self.text.remarks
        with self._path.open("rb") as file:
            returns = ends_in_returns(decoded(file, self._encoding)(BLOCK))
        if returns:
            self.remarks.append("Its lines end in carriage returns alone; they are written as newlines.")

    @property
    def where(self) -> Where:
        """Return the columns of coordinates."""
        return self.text.columns

    def pieces(self) -> Iterator[CsvPiece]:
        """Yield the rows in blocks."""
        size = self._path.stat().st_size
        with self._path.open("rb") as file:
            read = reading(file, self._encoding)
            for block in blocks(read, self._header(read)):
                yield CsvPiece(self.text, block, file.tell() / size if size else 1.0)

    def _header(self, read: Any) -> Header:
        return header_of(read, delimiter=self._delimiter)


class CsvKept:
    """A CSV of another: every record as it stands, and the answer behind it."""

    def __init__(self, source: CsvSource, added: Added) -> None:
        header = source.header
        names = written([added.code_column, added.method_column], header.delimiter)
        self._header = header.raw + header.delimiter.encode() + names
        codes = [written([code], header.delimiter) for code in (*added.codes, None)]
        methods = [written([method], header.delimiter) for method in (*METHOD_NAMES, None)]
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
        return whole_bytes(lines) + piece.tail

    def write(self, path: Path, shaped: Iterator[bytes]) -> None:
        """Write the header and the records."""
        _write(path, self._header, shaped)


class CsvMade:
    """A CSV of another format: its columns and, in place of a geometry, longitude and latitude."""

    def __init__(self, shaping: Shaping, delimiter: str) -> None:
        self._shaping, self._delimiter = shaping, delimiter
        for column in shaping.schema:
            kind = column.type
            binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
            if pa.types.is_nested(kind) or binary:
                raise OutputNotWritable(column=column.name, type=str(kind), format="CSV")

    def shaped(self, piece: Piece, answers: Answers) -> bytes:
        """Return rows as text."""
        written = io.BytesIO()
        options = pacsv.WriteOptions(include_header=False, delimiter=self._delimiter, quoting_style="needed")
        pacsv.write_csv(self._shaping(piece, answers), written, options)
        return written.getvalue()

    def write(self, path: Path, shaped: Iterator[bytes]) -> None:
        """Write the header and the rows."""
        _write(path, written(self._shaping.schema.names, self._delimiter) + b"\n", shaped)


def _write(path: Path, header: bytes, pieces: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.write(header)
        for piece in pieces:
            file.write(piece)
