"""NDJSON, one row a line, and GeoJSON; every row comes back as it was, with the answer in it."""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase
from itertools import islice
from typing import Any

import orjson

from geoservice.api.batch.rows import CHUNK_ROWS, Ask, answers, position_in
from geoservice.web.json import dumps
from geoservice.web.parsing import TooDeep, check_depth
from geoservice.web.streaming import BrokenRows

MAX_LINE = 65_536
#: A GeoJSON document is read as a whole; larger ones go as NDJSON.
LARGEST_GEOJSON = 16_000_000


def answer_ndjson(body: RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield the rows of an NDJSON body, objects with lon and lat or pairs, with their answers.

    Raises: BrokenRows, TooManyRows.
    """
    lines = _lines(body)
    while chunk := list(islice(lines, CHUNK_ROWS)):
        rows = [_row(line) for line in chunk]
        found = answers([position_in(row) for row in rows], ask)
        yield b"".join(_line(row, answer) for row, answer in zip(rows, found, strict=True))


def _lines(body: RawIOBase) -> Iterator[bytes]:
    rest = b""
    while piece := body.read(1 << 18):
        *whole, rest = (rest + piece).split(b"\n")
        yield from filter(bytes.strip, whole)
        if len(rest) > MAX_LINE:
            raise BrokenRows(reason=f"a line longer than {MAX_LINE} bytes")
    if rest.strip():
        yield rest


def _row(line: bytes) -> object:
    try:
        check_depth(line)
        return orjson.loads(line)
    except (orjson.JSONDecodeError, TooDeep):
        return None


def _line(row: object, answer: dict[str, Any]) -> bytes:
    return dumps((row if isinstance(row, dict) else {}) | answer) + b"\n"


def answer_geojson(body: RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield a FeatureCollection of points with the answers among their properties.

    Raises: BrokenRows, TooManyRows, TooDeep.
    """
    features = iter(_features(body))
    yield b'{"type":"FeatureCollection","features":['
    comma = b""
    while chunk := list(islice(features, CHUNK_ROWS)):
        found = answers([position_in(_point(feature)) for feature in chunk], ask)
        yield comma + b",".join(dumps(_feature(feature, answer)) for feature, answer in zip(chunk, found, strict=True))
        comma = b","
    yield b"]}"


def _features(body: RawIOBase) -> list[object]:
    text = body.read(LARGEST_GEOJSON + 1)
    if len(text) > LARGEST_GEOJSON:
        raise BrokenRows(reason=f"a GeoJSON document of more than {LARGEST_GEOJSON} bytes; send NDJSON")
    check_depth(text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise BrokenRows(reason="not JSON") from exc
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise BrokenRows(reason="send a FeatureCollection of points, WGS 84")
    if "crs" in document and "CRS84" not in str(document["crs"])[:200]:
        raise BrokenRows(reason="GeoJSON is WGS 84 (RFC 7946): leave out crs, or transform the points first")
    features: list[object] = document["features"]
    return features


def _point(feature: object) -> object:
    """Return the coordinates of a point feature without its height; None when it is none."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    coordinates = geometry.get("coordinates")
    return coordinates[:2] if isinstance(coordinates, list) and len(coordinates) <= 4 else None


def _feature(feature: object, answer: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(feature, dict):
        return {"type": "Feature", "geometry": None, "properties": answer}
    properties = feature.get("properties")
    kept = properties if isinstance(properties, dict) else {}
    return feature | {"properties": kept | answer}
