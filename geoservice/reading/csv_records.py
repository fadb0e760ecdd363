"""CSV as bytes, of files and of requests: which delimiter, where records end. Nothing here takes a record apart.

A quotation mark encloses where it begins a field, is doubled within, and ends the field; elsewhere it is a character
like any other, such as that of inches (RFC 4180, and how spreadsheets write).
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geoservice.reading.csv_errors import (
    EncodingNotUtf8,
    HeaderMissing,
    LineEndsMixed,
    QuotesBroken,
    RowTooLong,
    TextNotInEncoding,
)
from geoservice.reading.encodings import require_encoding

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
#: Bytes read at a time.
BLOCK = 8 << 20
#: No honest record is longer; a quotation mark left open would swallow the rest of the file.
MAX_RECORD = 16 << 20
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13
#: Every character that may separate, for as long as nobody knows which does.
_ANY = "".join(DELIMITERS)

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
    #: How many bytes of `raw` stand before the first name: a byte order mark, a line that names the separator.
    preamble: int = 0


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


class Readable(Protocol):
    """A file, or the body of a request."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


def reading(file: Readable, encoding: str | None) -> Read:
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


def decoded(file: Readable, encoding: str | None) -> Read:
    """Return how to read a file in UTF-8, as it stands; raise EncodingUnknown."""
    if encoding is None:
        return file.read
    require_encoding(encoding)
    decoder = codecs.getincrementaldecoder(encoding)()

    def read(size: int) -> bytes:
        text = ""
        try:
            while not text and (content := file.read(size)):
                text = decoder.decode(content)
            # At the end nothing may be left of a character.
            return (text or decoder.decode(b"", final=True)).encode()
        except UnicodeError as exc:
            raise TextNotInEncoding(encoding=encoding) from exc

    return read


def header_of(read: Read, *, delimiter: str | None = None, size: int | None = None) -> Header:
    """Return the first record.

    Parameters
    ----------
    delimiter
        What separates the fields; None: what the file says, else what stands most often in the header.
    size
        Bytes to read; None: a block.

    Raises
    ------
    HeaderMissing, EncodingNotUtf8, LineEndsMixed, QuotesBroken
        What is wrong with it.
    """
    head = read(size or BLOCK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EncodingNotUtf8(hint="it seems to be utf-16")
    said = _SEPARATOR_SAID.match(head)
    begin = said.end() if said else len(codecs.BOM_UTF8) * head.startswith(codecs.BOM_UTF8)
    quotes = _quotes_in(head[begin:], _ANY)
    ends = _record_ends(head[begin:], quotes) + begin
    end = int(ends[0]) if len(ends) else len(head)
    raw = head[: end - (head[end - 1 : end] == b"\r")]
    if b"\0" in raw:
        raise EncodingNotUtf8(line="the header", hint="it seems to be utf-16")
    try:
        text = raw[begin:].decode()
    except UnicodeDecodeError as exc:
        raise EncodingNotUtf8(line="the header") from exc
    if "\r" in text:
        raise LineEndsMixed(line="the header")
    if said and (named := said[1].decode("latin-1")) in DELIMITERS:
        delimiter = named
    delimiter = delimiter or max(DELIMITERS, key=_outside_quotes(text).count)
    return Header(raw, _names(text, delimiter), delimiter, head[len(raw) :], begin)


def _names(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        names = next(csv.reader([text], delimiter=delimiter), []) if "\n" not in text else []
    except csv.Error:  # a name longer than any
        names = []
    if len(names) < 2:
        raise HeaderMissing(line=text[:100] or "nothing")
    return tuple(names)


def blocks(read: Read, header: Header, *, size: int | None = None, longest: int = MAX_RECORD) -> Iterator[Block]:
    """Yield the records after the header, in order.

    Parameters
    ----------
    size
        Bytes to read at a time; None: a block.
    longest
        Bytes that a record may have.

    Raises
    ------
    QuotesBroken, LineEndsMixed, RowTooLong, EncodingNotUtf8
        What is wrong with a record; it is named by its number.
    """
    first_row, rest = 1, header.rest
    while True:
        more = read(size or BLOCK)
        rest += more
        quotes = _quotes_in(rest, header.delimiter)
        _require_whole_line_ends(rest, quotes, first_row)
        starts = _without_empty(rest, _line_ends(rest, _record_ends(rest, quotes)))
        if more:
            if len(starts) < 2:  # not one whole record yet
                if len(rest) > longest:
                    raise QuotesBroken(row=first_row) if len(quotes.at) % 2 else RowTooLong(row=first_row, most=longest)
                continue
            block, rest = Block(rest[: starts[-1]], starts, first_row, b""), rest[starts[-1] :]
        else:
            if len(quotes.at) % 2:
                raise QuotesBroken(row=first_row + max(len(starts) - 1, 0))
            block = _last(rest, starts, first_row)
        _require_sound(block, quotes, longest)
        yield block
        if not more:
            return
        first_row += len(block.starts) - 1


def _require_sound(block: Block, quotes: Quotes, longest: int) -> None:
    """Raise what is wrong with one of its records."""
    lengths = np.diff(block.starts)
    if len(lengths) and lengths.max() > longest:
        raise RowTooLong(row=block.first_row + int(np.argmax(lengths > longest)), most=longest)
    if quotes.broken_at is not None and quotes.broken_at < len(block.content):
        raise QuotesBroken(row=_row_at(block, quotes.broken_at))
    content = pa.py_buffer(block.content)
    try:
        # Arrow looks at bytes where they are; decoding them would make four of each.
        whole = pa.py_buffer(np.array([0, content.size], np.int64))
        pa.Array.from_buffers(pa.large_string(), 1, [None, whole, content]).validate(full=True)
    except pa.ArrowInvalid as exc:
        raise EncodingNotUtf8(row=_row_at(block, _first_not_utf8(block.content))) from exc


def _row_at(block: Block, at: int) -> int:
    return block.first_row + max(int(np.searchsorted(block.starts, at, side="right")) - 1, 0)


def _first_not_utf8(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as exc:
        return exc.start
    return 0


def _require_whole_line_ends(content: bytes, quotes: Quotes, first_row: int) -> None:
    """Raise LineEndsMixed for a carriage return alone outside quotation marks: to some it ends a row, to others not."""
    if b"\r" not in content:
        return
    values = np.frombuffer(content, np.uint8)
    alone = np.flatnonzero((values[:-1] == _RETURN) & (values[1:] != _NEWLINE))
    outside = alone[np.searchsorted(quotes.at, alone) % 2 == 0]
    if len(outside):
        starts = _without_empty(content, _line_ends(content, _record_ends(content, quotes)))
        begun = int(np.searchsorted(starts, outside[0], side="right"))
        raise LineEndsMixed(row=first_row + max(begun - 1, 0))


def _last(content: bytes, starts: NDArray[np.int64], first_row: int) -> Block:
    if not len(starts):
        return Block(b"", np.zeros(1, np.int64), first_row, b"")
    if content[starts[-1] :].strip(b"\r\n"):  # the last record has no line end
        starts = np.append(starts, len(content))
    starts = _without_empty(content, starts)
    return Block(content[: starts[-1]], starts, first_row, content[starts[-1] :])


class Quotes(NamedTuple):
    """The quotation marks that enclose, in turns opening and closing; of a doubled one both are there, or neither."""

    at: NDArray[np.int64]
    #: Where text follows a closing one, so that nobody knows what was meant; None: nowhere.
    broken_at: int | None = None


def _quotes_in(content: bytes, delimiters: str) -> Quotes:
    """Return the quotation marks that enclose, of whole records that begin with a field or a line end."""
    if b'"' not in content:
        return Quotes(np.zeros(0, np.int64))
    values = np.frombuffer(content, np.uint8)
    quotes = np.flatnonzero(values == _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    first, last = int(opening[0] == 0), len(closing) - int(quotes[-1] == len(values) - 1 and len(quotes) % 2 == 0)
    before, behind = values[opening[first:] - 1], values[closing[:last] + 1]
    separates = np.zeros(256, np.bool_)
    separates[[_NEWLINE, _QUOTE, *delimiters.encode()]] = True
    ends = separates.copy()
    ends[_RETURN] = True
    # As nearly always: they come in pairs around fields, and one beside one is doubled.
    if separates[before].all() and ends[behind].all():
        return Quotes(quotes)
    return _quotes_one_by_one(content, quotes.tolist(), delimiters.encode())


def _quotes_one_by_one(content: bytes, quotes: list[int], delimiters: bytes) -> Quotes:
    enclosing: list[int] = []
    broken_at, skipped = None, -1
    for place, at in enumerate(quotes):
        if at == skipped:
            continue
        if len(enclosing) % 2 == 0:
            if at == 0 or content[at - 1] in b"\n" + delimiters:
                enclosing.append(at)
        elif place + 1 < len(quotes) and quotes[place + 1] == at + 1:
            skipped = at + 1  # doubled
        else:
            enclosing.append(at)
            if (
                broken_at is None
                and content[at + 1 : at + 2] not in (b"", b"\r", b"\n")
                and (content[at + 1] not in delimiters)
            ):
                broken_at = at
    return Quotes(np.array(enclosing, np.int64), broken_at)


def _record_ends(content: bytes, quotes: Quotes) -> NDArray[np.int64]:
    """Return where the newlines are that no quotation marks enclose."""
    newlines = np.flatnonzero(np.frombuffer(content, np.uint8) == _NEWLINE)
    return newlines[np.searchsorted(quotes.at, newlines) % 2 == 0] if len(quotes.at) else newlines


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


def rows_before(content: bytes, delimiter: str, record: int) -> int:
    """Return how many rows, the empty ones among them, stand before a record, by its place among those that are none.

    Parameters
    ----------
    content
        Begins with a line end, as blocks do.
    """
    starts = _line_ends(content, _record_ends(content, _quotes_in(content, delimiter))).tolist()
    filled = [row for row, (begin, end) in enumerate(pairwise([*starts, len(content)]))
              if content[begin:end].strip(b"\r\n")]  # fmt: skip
    return filled[record] if record < len(filled) else len(starts)


def _outside_quotes(text: str) -> str:
    return "".join(text.split('"')[::2])
