"""The forms of a batch as a client writes and reads them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tests.oracles import Lonlats

#: The code of the owning grid for each position, None for none.
Codes = list[str | None]


@dataclass(frozen=True)
class Form:
    """How positions are sent in one form, and how codes are read from its answer."""

    media_type: str
    written: Callable[[Lonlats], bytes]
    codes: Callable[[bytes], Codes]


def _json(lonlats: Lonlats) -> bytes:
    return json.dumps({"positions": lonlats.tolist()}).encode()


def _json_codes(answer: bytes) -> Codes:
    return [row["grid_code"] for row in json.loads(answer)["results"]]


def _arrow(lonlats: Lonlats) -> bytes:
    lon, lat = lonlats.T
    table = pa.table({"lon": np.ascontiguousarray(lon), "lat": np.ascontiguousarray(lat)})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=100_000)
    return out.getvalue()


def _arrow_codes(answer: bytes) -> Codes:
    found: list[Any] = pa.ipc.open_stream(answer).read_all().column("grid_code").to_pylist()
    return found


def _csv(lonlats: Lonlats) -> bytes:
    return ("lon,lat\n" + "".join(f"{lon!r},{lat!r}\n" for lon, lat in lonlats.tolist())).encode()


def _csv_codes(answer: bytes) -> Codes:
    return [row["grid_code"] or None for row in csv.DictReader(io.StringIO(answer.decode()))]


def _ndjson(lonlats: Lonlats) -> bytes:
    return "".join(f'{{"lon":{lon!r},"lat":{lat!r}}}\n' for lon, lat in lonlats.tolist()).encode()


def _ndjson_codes(answer: bytes) -> Codes:
    return [json.loads(line)["grid_code"] for line in answer.splitlines()]


def _geojson(lonlats: Lonlats) -> bytes:
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": lonlat}, "properties": {}}
        for lonlat in lonlats.tolist()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _geojson_codes(answer: bytes) -> Codes:
    return [feature["properties"]["grid_code"] for feature in json.loads(answer)["features"]]


FORMS = {
    "JSON": Form("application/json", _json, _json_codes),
    "Arrow": Form("application/vnd.apache.arrow.stream", _arrow, _arrow_codes),
    "CSV": Form("text/csv", _csv, _csv_codes),
    "NDJSON": Form("application/x-ndjson", _ndjson, _ndjson_codes),
    "GeoJSON": Form("application/geo+json", _geojson, _geojson_codes),
}
