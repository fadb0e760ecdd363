"""A CSV as rows of text: its encoding, what separates its columns, and its records taken apart."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from geoservice.reading.csv_errors import EncodingNotUtf8, LineEndsMixed, QuotesBroken, RowTooLong
from geoservice.reading.csv_records import DELIMITERS, Block, Header, Read, blocks, reading, rows_before
from geoservice.reading.dbf import seems_encoded
from geoservice.reading.file_errors import (
    EncodingNotStated,
    FileNotWhatItSays,
    FileTooLarge,
    NoFeatures,
    TooManyFeatures,
)
from geoservice.reading.limits import Limits
from geoservice.reading.sheet_tables import Sheet

_HEAD = 64 * 1024
#: What Excel puts first to say what separates the columns.
_SEPARATOR_SAID = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
#: How files begin that are packed, workbooks of old or databases.
_NO_TEXTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"SQLite format 3\0")
#: Rows beside features that a file may have: titles, totals, notes.
_MORE_ROWS = 1000


def read_csv(path: Path, *, encoding: str | None, limits: Limits) -> Sheet:
    """Return the records of a CSV that are not empty, numbered as spreadsheets number them.

    Parameters
    ----------
    encoding
        None: UTF-8, else GB 18030 if most of what would be read so is common Chinese, and that is told.

    Raises
    ------
    EncodingNotStated, EncodingUnknown, TextNotInEncoding, QuotesBroken, LineEndsMixed, RowTooLong
        What is wrong with its text.
    FileTooLarge, TooManyFeatures, NoFeatures, FileNotWhatItSays
        It is too large, empty, or no text.
    """
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise FileTooLarge(file=path.name, bytes=size, most=limits.file_bytes)
    remarks = []
    if encoding is None:
        encoding = _encoding(path)
        if encoding == "gb18030":
            remarks.append("The text is no UTF-8 and was read as GB 18030, which GBK is part of.")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else None
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    with path.open("rb") as file:
        for number, row in _records(file, encoding, delimiter):
            if not any(row):
                continue
            rows.append(row)
            numbers.append(number)
            if len(rows) > limits.features + _MORE_ROWS:
                raise TooManyFeatures(most=limits.features)
    if not rows:
        raise NoFeatures
    widths = [len(row) for row in rows]
    width = max(widths)
    cells = [[*row, *[None] * (width - len(row))] for row in rows]
    return Sheet(None, cells, numbers, remarks=remarks, widths=widths)


def _encoding(path: Path) -> str | None:
    """Return what to decode a file with; None: nothing. Raise EncodingNotStated, FileNotWhatItSays."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode()
    except UnicodeDecodeError as exc:
        if content.startswith(_NO_TEXTS):
            raise FileNotWhatItSays(file=path.name, expected="text") from exc
        found = seems_encoded([line for line in content.splitlines() if not line.isascii()])
        if found is None:
            raise EncodingNotStated from exc
        return "gb18030"
    return None


def _records(
    file: io.BufferedReader, encoding: str | None, delimiter: str | None
) -> Iterator[tuple[int, list[str | None]]]:  # fmt: skip
    """Yield the row, empty ones counted, and the fields of each record that is not empty."""
    read = _KeptReading(reading(file, encoding))
    head = read(_HEAD).removeprefix(codecs.BOM_UTF8)
    said = _SEPARATOR_SAID.match(head.decode("utf-8", "replace"))
    if said is not None:
        head = head[len(said[0].encode()) :]
        delimiter = said[1] if said[1] in DELIMITERS else delimiter
    delimiter = delimiter or _delimiter(head)
    # Records begin with the line end of the one before: the first gets one.
    read.content = b"\n" + head
    found = blocks(read, Header(b"", (), delimiter, read.content))
    rows, records = 0, 0
    while (block := _next(found, read, delimiter, rows, records)) is not None:
        for begin, end in pairwise(block.starts.tolist()):
            record = block.content[begin:end].lstrip(b"\r\n")
            rows += block.content[begin : end - len(record)].count(b"\n")
            yield rows, _fields(record, delimiter, rows)
        records += len(block.starts) - 1
        read.content = read.content[len(block.content) :]


def _next(found: Iterator[Block], read: _KeptReading, delimiter: str, rows: int, records: int) -> Block | None:
    """Return the next block; raise what is wrong with it by its row, of so many rows and records before."""
    try:
        return next(found, None)
    except (QuotesBroken, LineEndsMixed, RowTooLong, EncodingNotUtf8) as exc:
        fields = exc.fields
        if isinstance(record := fields.get("row"), int):
            inside = rows_before(read.content, delimiter, record - records - 1)
            fields = {**fields, "row": rows + inside + 1}
        raise (EncodingNotStated if isinstance(exc, EncodingNotUtf8) else type(exc))(**fields) from exc


class _KeptReading:
    """Reads, and keeps what was read until somebody takes it away."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.content = b""

    def __call__(self, size: int) -> bytes:
        """Return the next bytes."""
        content = self._read(size)
        self.content += content
        return content


def _delimiter(head: bytes) -> str:
    """Return what stands most often outside quotation marks in the first lines; titles above a header have none."""
    lines = head.decode("utf-8", "replace").splitlines()[:30]
    outside = "".join("".join(line.split('"')[::2]) for line in lines)
    return max(DELIMITERS, key=outside.count)


def _fields(record: bytes, delimiter: str, row: int) -> list[str | None]:
    try:
        fields = next(csv.reader(io.StringIO(record.decode(), newline=""), delimiter=delimiter), [])
    except csv.Error as exc:  # the records are whole and their quotation marks sound: only this is left
        raise RowTooLong(row=row, most=csv.field_size_limit()) from exc
    return [field or None for field in fields]
