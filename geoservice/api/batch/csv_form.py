"""CSV: a header with lon and lat; every row comes back as it was, with the answer behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from geoservice.api.batch.rows import ADDED, CHUNK_ROWS, Ask, answers
from geoservice.web.streaming import BrokenRows
from layers.crs import Position, is_on_earth

MAX_COLUMNS = 256
MAX_ROW = 65_536

Row = list[str]


def answer_csv(body: io.RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield the rows of a CSV with their answers; raise BrokenRows, TooManyRows."""
    rows = _rows(body)
    header = next(rows, [])
    lon, lat = _columns(header)
    yield _written([[*header, *ADDED]])
    while chunk := list(islice(rows, CHUNK_ROWS)):
        found = answers([_position(row, lon, lat, len(header)) for row in chunk], ask)
        yield _written(
            [*_as_wide(row, len(header)), *(_text(answer.get(name)) for name in ADDED)]
            for row, answer in zip(chunk, found, strict=True)
        )


def _rows(body: io.RawIOBase) -> Iterator[Row]:
    text = io.TextIOWrapper(io.BufferedReader(body, 1 << 18), encoding="utf-8-sig", newline="")
    reader = csv.reader(_lines(text), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):  # noqa: B007  told when the next one is broken
            if row:  # an empty line is no row
                yield row
    except csv.Error as exc:
        raise BrokenRows(after_row=number, reason=str(exc)) from exc
    except UnicodeDecodeError as exc:
        raise BrokenRows(after_row=number, reason="not UTF-8") from exc


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield lines, none of them longer than any honest one: a quote left open would swallow the rest of the body."""
    while line := text.readline(MAX_ROW + 1):
        if len(line) > MAX_ROW:
            raise csv.Error(f"a line longer than {MAX_ROW} characters")
        yield line


def _columns(header: Row) -> tuple[int, int]:
    """Return which columns hold lon and lat; raise BrokenRows."""
    names = [name.strip().lower() for name in header]
    if len(names) > MAX_COLUMNS:
        raise BrokenRows(reason=f"{len(names)} columns; {MAX_COLUMNS} at most")
    if names.count("lon") != 1 or names.count("lat") != 1:
        raise BrokenRows(reason="the first line must name one column lon and one column lat, separated by commas")
    taken = sorted(set(ADDED) & set(names))
    if taken:
        raise BrokenRows(reason=f"rename the column {taken[0]}: the answer adds one of that name")
    return names.index("lon"), names.index("lat")


def _position(row: Row, lon: int, lat: int, width: int) -> Position | None:
    if len(row) != width:
        return None
    try:
        x, y = float(row[lon]), float(row[lat])
    except ValueError:
        return None
    return Position(x, y) if is_on_earth(x, y) else None


def _as_wide(row: Row, width: int) -> Row:
    """Return a row with as many fields as the header, so that the answer stands in its columns."""
    return row if len(row) == width else (row + [""] * width)[:width]


def _text(value: object) -> object:
    """Return a value as CSV writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _written(rows: object) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()
