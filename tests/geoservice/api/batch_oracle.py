"""Batches as text, answered one row after the other: slow and plain, to hold the quick ways to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from geoservice.api.batch.ndjson_form import NOT_JSON
from geoservice.api.batch.rows import NO_POSITION, OUTSIDE_MAINLAND, Ask
from geoservice.assigning.csv_fields import CsvPiece, CsvTable
from geoservice.engine.loaded_editions import METHODS
from geoservice.reading.csv_records import blocks, header_of, reading
from geoservice.web.streaming import BrokenRows

Answer = dict[str, Any]
FIELDS = ("grid_code", "method", "near_border", "edition", "unowned_reason", "problem")
TOGETHER = 8_192
DEEPEST = 20
LONGEST_LINE = 65_536
UNREADABLE = object()


def ndjson(body: bytes, ask: Ask) -> Iterator[bytes]:
    """Yield the answer to an NDJSON body; raise BrokenRows, TooManyRows."""
    lines: list[bytes] = []
    for line in _lines(body):
        lines.append(line)
        if len(lines) == TOGETHER:
            yield from _answered_lines(lines, ask)
            lines = []
    yield from _answered_lines(lines, ask)


def _lines(body: bytes) -> Iterator[bytes]:
    read = io.BytesIO(body).read
    rest = read(3).removeprefix(b"\xef\xbb\xbf")
    while piece := read(1 << 18):
        *whole, rest = (rest + piece).split(b"\n")
        if any(len(line) > LONGEST_LINE for line in [*whole, rest]):
            raise BrokenRows(reason="a line longer than 65536 bytes")
        yield from filter(bytes.strip, whole)
    yield from filter(bytes.strip, rest.split(b"\n"))


def _answered_lines(lines: list[bytes], ask: Ask) -> Iterator[bytes]:
    rows = [_json(line) for line in lines]
    each = answers([position_in(row) for row in rows], ask) if rows else []
    for line, row, answer in zip(lines, rows, each, strict=True):
        if row is UNREADABLE:
            answer = answer | {"problem": NOT_JSON}
        yield _answered_line(line.strip(b" \t\r"), row, answer) + b"\n"


def _answered_line(line: bytes, row: object, answer: Answer) -> bytes:
    """Return a row as it was written, with the answer behind its fields; anew where it has one of an answer already."""
    if not isinstance(row, dict) or not row or not row.keys().isdisjoint(FIELDS) or b"\r" in line:
        return orjson.dumps(with_answer(row if isinstance(row, dict) else {}, answer))
    assert line.endswith(b"}")
    return line.removesuffix(b"}") + b"," + orjson.dumps(answer).removeprefix(b"{")


def with_answer(fields: Answer, answer: Answer) -> Answer:
    """Return fields with those of an answer, which alone says what a problem is."""
    return {name: value for name, value in (fields | answer).items() if name != "problem" or "problem" in answer}


def _json(line: bytes) -> object:
    if deepest(line) > DEEPEST:
        return UNREADABLE
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return UNREADABLE


def deepest(text: bytes) -> int:
    """Return how deep brackets are nested, those in strings left out."""
    depth = found = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', text):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        found = max(found, depth)
    return found


def geojson(body: bytes, ask: Ask) -> Iterator[bytes]:
    """Yield the answer to a FeatureCollection that can be read."""
    features = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))["features"]
    found = []
    for begin in range(0, len(features), TOGETHER):
        some = features[begin : begin + TOGETHER]
        each = answers([position_in(_coordinates(one)) for one in some], ask)
        found += [orjson.dumps(_feature(one, answer)) for one, answer in zip(some, each, strict=True)]
    yield b'{"type":"FeatureCollection","features":[' + b",".join(found) + b"]}"


def _coordinates(feature: object) -> object:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    found = geometry.get("coordinates")
    return found[:2] if isinstance(found, list) and len(found) <= 4 else None


def _feature(feature: object, answer: Answer) -> Answer:
    if not isinstance(feature, dict):
        return {"type": "Feature", "geometry": None, "properties": answer}
    kept = feature.get("properties")
    return feature | {"properties": with_answer(kept if isinstance(kept, dict) else {}, answer)}


def as_csv(body: bytes, ask: Ask) -> Iterator[bytes]:
    """Yield the answer to a CSV; raise what its records are refused for, and TooManyRows."""
    read = reading(io.BytesIO(body), None)
    header = header_of(read, size=1 << 20)
    table = CsvTable(header, None, in_degrees=True)
    yield header.raw[header.preamble :] + header.delimiter.encode() + header.delimiter.join(FIELDS).encode() + b"\n"
    for block in blocks(read, header, size=1 << 20, longest=65_536):
        piece = CsvPiece(table, block, 1.0)
        if len(piece):
            pairs = zip(*map(_numbers, piece.coordinates()), strict=True)
            each = answers([position_in([lon, lat]) for lon, lat in pairs], ask)
            for record, answer in zip(piece.records().to_pylist(), each, strict=True):
                yield (
                    record.lstrip(b"\r\n")
                    + b"".join(
                        header.delimiter.encode() + _field(answer.get(name), header.delimiter) for name in FIELDS
                    )
                    + b"\n"
                )


def _numbers(column: Any) -> list[float]:
    number = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    return [float("nan") if one is None else one if isinstance(one, float)
            else float(one) if re.fullmatch(number, one.strip(), re.ASCII) else float("nan")
            for one in column.to_pylist()]  # fmt: skip


def _field(value: object, delimiter: str) -> bytes:
    if value is None:
        return b""
    text = io.StringIO()
    said = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow([said])
    return text.getvalue().encode()


def position_in(row: object) -> tuple[float, float] | None:
    """Return the position that a JSON value names, None when it is none."""
    if isinstance(row, dict):
        row = [row.get("lon"), row.get("lat")]
    if not isinstance(row, list) or len(row) != 2 or not {type(one) for one in row} <= {int, float}:
        return None
    lon, lat = row
    return (float(lon), float(lat)) if abs(lon) <= 180 and abs(lat) <= 90 else None


def answers(positions: list[tuple[float, float] | None], ask: Ask) -> list[Answer]:
    """Return what each position is answered."""
    nowhere = (float("nan"), float("nan"))
    lon, lat = np.array([position or nowhere for position in positions]).T.copy()
    answered = ask(lon, lat)
    return [_answer(answered, place, position is None) for place, position in enumerate(positions)]


def _answer(answered: Any, place: int, is_nowhere: bool) -> Answer:
    found = answered.owners
    if is_nowhere or answered.outside[place]:
        return dict.fromkeys(FIELDS) | {"problem": NO_POSITION if is_nowhere else OUTSIDE_MAINLAND}
    code, reason = int(found.code[place]), int(found.reason[place])
    return {
        "grid_code": None if code < 0 else found.codes[code], "method": METHODS[int(found.method[place])],
        "near_border": bool(found.near_border[place]), "edition": int(found.edition[place]) or None,
        "unowned_reason": None if reason < 0 else found.reasons[reason],
    }  # fmt: skip
