"""GeoJSON: every feature comes back as it was, with the answer among its properties."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from io import RawIOBase
from itertools import islice
from typing import Any

import orjson

from geoservice.api.batch.json_rows import put, value_and_others, with_answer
from geoservice.api.batch.rows import CHUNK_ROWS, Answer, Ask, columns_of, parted, told
from geoservice.web.json import dumps
from geoservice.web.nesting import check_depth
from geoservice.web.streaming import BrokenRows

#: A GeoJSON document is read as a whole; larger ones go as NDJSON.
LARGEST_GEOJSON = 16_000_000


def answer_geojson(body: RawIOBase, ask: Ask) -> Iterator[bytes]:
    """Yield a FeatureCollection of points with the answers among their properties.

    Raises: BrokenRows, TooManyRows, TooDeep.
    """
    features = iter(_features(body))
    yield b'{"type":"FeatureCollection","features":['
    comma = b""
    while chunk := list(islice(features, CHUNK_ROWS)):
        found = told(columns_of([_point(feature) for feature in chunk]), ask)
        values = [orjson.Fragment(value_and_others(one)) for one in found.answers]
        for some, which in zip(parted(chunk), parted(found.which.tolist()), strict=True):
            if not put(_properties(some), [values[one] for one in which]):
                some = [_feature(feature, found.answers[one]) for feature, one in zip(some, which, strict=True)]
            yield comma + dumps(some)[1:-1]
            comma = b","
    yield b"]}"


def _features(body: RawIOBase) -> list[object]:
    text = body.read(LARGEST_GEOJSON + 1)
    if len(text) > LARGEST_GEOJSON:
        raise BrokenRows(reason=f"a GeoJSON document of more than {LARGEST_GEOJSON} bytes; send NDJSON")
    text = text.removeprefix(BOM_UTF8)
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


def _properties(features: Sequence[object]) -> list[object]:
    """Return the properties of features as they are; None for one that has none."""
    return [feature.get("properties") if isinstance(feature, dict) else None for feature in features]


def _feature(feature: object, answer: Answer) -> dict[str, Any]:
    if not isinstance(feature, dict):
        return {"type": "Feature", "geometry": None, "properties": answer}
    properties = feature.get("properties")
    kept = properties if isinstance(properties, dict) else {}
    return feature | {"properties": with_answer(kept, answer)}
