"""NDJSON, one row a line; every row comes back as it was written, with the answer behind its fields.

Rows are read and answered many at once where they are alike, and one by one where they are not, with the same bytes.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import RawIOBase
from itertools import chain

import numpy as np
import orjson

from geoservice.api.batch.json_rows import have_room, with_answer
from geoservice.api.batch.rows import ADDED, CHUNK_ROWS, Answer, Ask, Columns, NumberedAnswers, columns_of, parted, told
from geoservice.web.json import dumps
from geoservice.web.nesting import MAX_DEPTH, TooDeep, check_depth
from geoservice.web.streaming import BrokenRows

MAX_LINE = 65_536
#: What stands for a line that can not be read.
_UNREADABLE = object()
NOT_JSON = f"Write one value of JSON in a line, in UTF-8, nested at most {MAX_DEPTH} deep: this line is none."
_NOT_READ = dumps(dict.fromkeys(ADDED) | {"problem": NOT_JSON}) + b"\n"
_OPENING, _CLOSING, _NEWLINE = b"{}\n"
_BLANKS = b" \t\r"


@dataclass(frozen=True)
class Part:
    """Some rows as they are answered."""

    positions: Columns
    #: Of those that are answered one by one; else none.
    rows: Sequence[object]
    lines: Sequence[bytes]
    #: Of objects that are alike: what each has before its closing brace.
    fields: Sequence[bytes] | None

    def answered(self, found: NumberedAnswers, which: Sequence[int]) -> bytes:
        """Return the rows with their answers."""
        if self.fields is None:
            answers = [found.answers[one] for one in which]
            return b"".join(map(_line, self.lines, self.rows, answers))
        behind = [_behind(one) for one in found.answers]
        return b"".join(chain.from_iterable(zip(self.fields, [behind[one] for one in which], strict=True)))


def answer_ndjson(body: RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield the rows of an NDJSON body, objects with lon and lat or pairs, with their answers.

    Raises: BrokenRows, TooManyRows.
    """
    for lines in _chunks(body):
        parts = [_part(some) for some in parted(lines)]
        lon, lat = np.concatenate([part.positions for part in parts], axis=1)
        found = told((lon, lat), ask)
        for part, which in zip(parts, parted(found.which.tolist()), strict=True):
            yield part.answered(found, which)


def _part(lines: Sequence[bytes]) -> Part:
    text = b"[" + b",\n".join(lines) + b"]"
    if b"\r" in text:
        lines = [line.strip(_BLANKS) for line in lines]
        text = b"[" + b",\n".join(lines) + b"]"
    rows: list[object] | None = None
    if _is_flat(text):
        with suppress(orjson.JSONDecodeError):
            rows = orjson.loads(text)
    if rows is None:
        rows = [_row(line) for line in lines]
        return Part(columns_of(rows), rows, lines, None)
    if all(rows) and have_room(rows):  # the objects are made and gone while they are near the processor
        return Part(columns_of(rows), (), (), text[1:-2].split(b"},\n"))
    return Part(columns_of(rows), rows, lines, None)


def _chunks(body: RawIOBase) -> Iterator[list[bytes]]:
    """Yield the lines that are not empty, so many together as are answered together; a byte order mark is left out."""
    lines: list[bytes] = []
    rest = _beginning(body)
    while piece := body.read(1 << 18):
        *whole, rest = (rest + piece).split(b"\n")
        _require_short([*whole, rest])
        lines += filter(bytes.strip, whole)
        while len(lines) >= CHUNK_ROWS:
            yield lines[:CHUNK_ROWS]
            del lines[:CHUNK_ROWS]
    lines += filter(bytes.strip, rest.split(b"\n"))
    if lines:
        yield lines


def _beginning(body: RawIOBase) -> bytes:
    """Return the first bytes without a byte order mark, as programs of Windows write it."""
    start = b""
    while len(start) < len(BOM_UTF8) and (piece := body.read(len(BOM_UTF8) - len(start))):
        start += piece
    return start.removeprefix(BOM_UTF8)


def _require_short(lines: Sequence[bytes]) -> None:
    if max(map(len, lines)) > MAX_LINE:
        raise BrokenRows(reason=f"a line longer than {MAX_LINE} bytes")


def _is_flat(text: bytes) -> bool:
    """Return whether a list with a newline behind each comma, if it can be read, has an object in each line.

    A line has one brace at its beginning, one at its end, and nothing else that nests. No text of JSON goes on in the
    next line, so these braces enclose the line whatever stands between. Nor is there a carriage return in it.
    """
    values = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(values == _NEWLINE), len(values))
    return (
        (np.count_nonzero(values == _OPENING) == np.count_nonzero(values == _CLOSING) == len(ends))
        and values[1] == _OPENING
        and (values[ends[:-1] + 1] == _OPENING).all()
        and (values[ends - 2] == _CLOSING).all()
        and text.find(b"[", 1) < 0
        and text.find(b"]") == len(text) - 1
        and b"\r" not in text
    )


def _row(line: bytes) -> object:
    try:
        check_depth(line)
        return orjson.loads(line)
    except (orjson.JSONDecodeError, TooDeep):
        return _UNREADABLE


def _behind(answer: Answer) -> bytes:
    """Return what stands behind the fields of an object that has some, up to the end of its line."""
    return b"," + dumps(answer)[1:] + b"\n"


def _line(line: bytes, row: object, answer: Answer) -> bytes:
    if row is _UNREADABLE:
        return _NOT_READ
    if not isinstance(row, dict):
        return dumps(answer) + b"\n"
    # Some programs end a line where a carriage return is.
    if row and have_room([row]) and b"\r" not in (text := line.strip(_BLANKS)):
        return text[:-1] + _behind(answer)
    return dumps(with_answer(row, answer)) + b"\n"
