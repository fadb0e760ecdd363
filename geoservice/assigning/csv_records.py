"""CSV as bytes: which delimiter, where records end. Nothing here takes a record apart."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geoservice.assigning.point_errors import (
    EncodingNotUtf8,
    HeaderMissing,
    LineEndsMixed,
    PointsUnreadable,
    QuotesBroken,
)
from geoservice.reading.encodings import require_encoding

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
#: Bytes read at a time.
BLOCK = 8 << 20
#: No honest record is longer; a quotation mark left open would swallow the rest of the file.
MAX_RECORD = 16 << 20
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13

#: What Excel puts before the header to say what separates the columns.
_SEPARATOR_SAID = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(.)"?\r?\n', re.IGNORECASE)
#: Returns the next bytes in UTF-8, at most about as many as asked for; none at the end.
Read = Callable[[int], bytes]


@dataclass(frozen=True)
class Header:
    """The first record."""

    #: As it stands in the file, a byte order mark and a line that names the separator included, its line end not.
    raw: bytes
    names: tuple[str, ...]
    delimiter: str
    #: Bytes read beyond the header, beginning with its line end.
    rest: bytes


@dataclass(frozen=True)
class Block:
    """Whole records: each begins with the line end of the record before.

    Parameters
    ----------
    content
        The bytes.
    starts
        (records + 1,) where each record begins, its line end included, and where the last one ends.
    first_row
        Number of the first record, from 1; the header is none.
    tail
        What follows the last record of the file: its line end, if it has one; empty for other blocks.
    """

    content: bytes
    starts: NDArray[np.int64]
    first_row: int
    tail: bytes


def reading(file: io.BufferedReader, encoding: str | None) -> Read:
    """Return how to read a file in UTF-8, its lines ended by newlines; raise EncodingUnknown."""
    return _with_newlines(decoded(file, encoding))


def ends_in_returns(content: bytes) -> bool:
    """Return whether the lines of a file, whose beginning this is, end in carriage returns alone."""
    return b"\r" in content and b"\n" not in content


def _with_newlines(read: Read) -> Read:
    """Return how to read a file whose lines may end in carriage returns alone, as old spreadsheets write them."""
    alone: bool | None = None

    def read_lines(size: int) -> bytes:
        nonlocal alone
        content = read(size)
        if alone is None and content:
            alone = ends_in_returns(content)
        return content.replace(b"\r", b"\n") if alone else content

    return read_lines


def decoded(file: io.BufferedReader, encoding: str | None) -> Read:
    """Return how to read a file in UTF-8, as it stands; raise EncodingUnknown."""
    if encoding is None:
        return file.read
    require_encoding(encoding)
    text = codecs.getreader(encoding)(file)

    def read(size: int) -> bytes:
        try:
            return text.read(size).encode()
        except UnicodeError as exc:
            raise PointsUnreadable(reason=f"it holds bytes that are not {encoding}") from exc

    return read


def header_of(read: Read, path: Path) -> Header:
    """Return the first record; raise HeaderMissing, EncodingNotUtf8."""
    head = read(BLOCK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EncodingNotUtf8(hint="it seems to be utf-16")
    said = _SEPARATOR_SAID.match(head)
    begin = said.end() if said else 0
    ends = _record_ends(head[begin:]) + begin
    end = int(ends[0]) if len(ends) else len(head)
    raw = head[: end - (head[end - 1 : end] == b"\r")]
    if b"\0" in raw:
        raise EncodingNotUtf8(line="the header", hint="it seems to be utf-16")
    try:
        text = raw[begin:].decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise EncodingNotUtf8(line="the header") from exc
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(DELIMITERS, key=_outside_quotes(text).count)
    if said and (named := said[1].decode("latin-1")) in DELIMITERS:
        delimiter = named
    if "\r" in text:
        raise LineEndsMixed(line="the header")
    names = next(csv.reader([text], delimiter=delimiter), []) if "\n" not in text else []
    if len(names) < 2:
        raise HeaderMissing(line=text[:100] or "nothing")
    return Header(raw, tuple(names), delimiter, head[len(raw) :])


def blocks(read: Read, rest: bytes) -> Iterator[Block]:
    """Yield the records after the header, in order; raise QuotesBroken.

    Parameters
    ----------
    rest
        What was read already, beginning with the line end of the header.
    """
    first_row = 1
    while True:
        more = read(BLOCK)
        rest += more
        _require_whole_line_ends(rest, first_row)
        ends = _record_ends(rest)
        starts = _line_ends(rest, ends)
        if not more:
            yield _last(rest, starts, first_row)
            return
        starts = _without_empty(rest, starts)
        if len(starts) < 2:  # not one whole record yet
            if len(rest) > MAX_RECORD:
                raise QuotesBroken(row=first_row)
            continue
        content, rest = rest[: starts[-1]], rest[starts[-1] :]
        yield Block(content, starts, first_row, b"")
        first_row += len(starts) - 1


def _require_whole_line_ends(content: bytes, first_row: int) -> None:
    """Raise LineEndsMixed for a carriage return alone outside quotation marks: to some it ends a row, to others not."""
    if b"\r" not in content:
        return
    values = np.frombuffer(content, np.uint8)
    alone = np.flatnonzero((values[:-1] == _RETURN) & (values[1:] != _NEWLINE))
    quotes = np.flatnonzero(values == _QUOTE)
    outside = alone[np.searchsorted(quotes, alone) % 2 == 0]
    if len(outside):
        raise LineEndsMixed(row=first_row + len(_record_ends(content[: outside[0]])))


def _last(content: bytes, starts: NDArray[np.int64], first_row: int) -> Block:
    if content.count(b'"') % 2:
        raise QuotesBroken(row=first_row + max(len(starts) - 1, 0))
    if not len(starts):
        return Block(b"", np.zeros(1, np.int64), first_row, b"")
    if content[starts[-1] :].strip(b"\r\n"):  # the last record has no line end
        starts = np.append(starts, len(content))
    starts = _without_empty(content, starts)
    return Block(content[: starts[-1]], starts, first_row, content[starts[-1] :])


def _record_ends(content: bytes) -> NDArray[np.int64]:
    """Return where the newlines are that no quotation marks enclose."""
    values = np.frombuffer(content, np.uint8)
    newlines = np.flatnonzero(values == _NEWLINE)
    if b'"' not in content:
        return newlines
    quotes = np.flatnonzero(values == _QUOTE)
    return newlines[np.searchsorted(quotes, newlines) % 2 == 0]


def _line_ends(content: bytes, newlines: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the line ends begin: at a carriage return, if there is one before the newline."""
    values = np.frombuffer(content, np.uint8)
    return newlines - ((newlines > 0) & (values[newlines - 1] == _RETURN)) if len(newlines) else newlines


def _without_empty(content: bytes, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join records that are a line end and nothing else to the record after; the last ones to what follows."""
    lengths = np.diff(starts)
    if not len(lengths) or lengths.min() > 2:
        return starts
    empty = [
        length <= 2 and not content[start : start + length].strip(b"\r\n")
        for start, length in zip(starts[:-1].tolist(), lengths.tolist(), strict=True)
    ]
    return np.append(starts[:1], starts[1:][~np.array(empty)])


def _outside_quotes(text: str) -> str:
    return "".join(text.split('"')[::2])
