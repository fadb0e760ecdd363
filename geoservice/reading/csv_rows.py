"""A CSV as rows of text: its encoding, what separates its columns, and its records taken apart."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from geoservice.reading.csv_errors import EncodingNotUtf8, RowTooLong
from geoservice.reading.csv_records import DELIMITERS, Header, blocks, reading
from geoservice.reading.dbf import seems_encoded
from geoservice.reading.file_errors import EncodingNotStated, FileTooLarge, NoFeatures, TooManyFeatures
from geoservice.reading.limits import Limits
from geoservice.reading.sheet_tables import Sheet

_HEAD = 64 * 1024
#: What Excel puts first to say what separates the columns.
_SEPARATOR_SAID = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
#: Rows beside features that a file may have: titles, totals, notes.
_MORE_ROWS = 1000


def read_csv(path: Path, *, encoding: str | None, limits: Limits) -> Sheet:
    """Return the records of a CSV.

    Parameters
    ----------
    encoding
        None: UTF-8, else GB 18030 if most of what would be read so is common Chinese, and that is told.

    Raises
    ------
    EncodingNotStated, EncodingUnknown, TextNotInEncoding, QuotesBroken, LineEndsMixed, RowTooLong
        What is wrong with its text.
    FileTooLarge, TooManyFeatures, NoFeatures
        It is too large, or empty.
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
    with path.open("rb") as file:
        for row in _records(file, encoding, delimiter):
            rows.append(row)
            if len(rows) > limits.features + _MORE_ROWS:
                raise TooManyFeatures(most=limits.features)
    if not rows:
        raise NoFeatures
    width = max(map(len, rows))
    cells = [[*row, *[None] * (width - len(row))] for row in rows]
    return Sheet(None, cells, range(1, len(rows) + 1), remarks=remarks)


def _encoding(path: Path) -> str | None:
    """Return what to decode a file with; None: nothing. Raise EncodingNotStated."""
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode()
    except UnicodeDecodeError as exc:
        found = seems_encoded([line for line in content.splitlines() if not line.isascii()])
        if found is None:
            raise EncodingNotStated from exc
        return "gb18030"
    return None


def _records(file: io.BufferedReader, encoding: str | None, delimiter: str | None) -> Iterator[list[str | None]]:
    """Yield the fields of each record; a record of nothing is one of no fields."""
    read = reading(file, encoding)
    head = read(_HEAD).removeprefix(codecs.BOM_UTF8)
    said = _SEPARATOR_SAID.match(head.decode("utf-8", "replace"))
    if said is not None:
        head = head[len(said[0].encode()) :]
        delimiter = said[1] if said[1] in DELIMITERS else delimiter
    delimiter = delimiter or _delimiter(head)
    try:
        # Records begin with the line end of the one before: the first gets one.
        for block in blocks(read, Header(b"", (), delimiter, b"\n" + head)):
            content, starts = block.content, block.starts.tolist()
            for number, (begin, end) in enumerate(pairwise(starts)):
                yield _fields(content[begin:end].lstrip(b"\r\n"), delimiter, block.first_row + number)
    except EncodingNotUtf8 as exc:
        raise EncodingNotStated(**exc.fields) from exc


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
