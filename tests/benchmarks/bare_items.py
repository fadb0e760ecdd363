"""An application that answers a page of features by plain SQL, and nothing else: what it could cost at best."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import psycopg

_own = threading.local()
_PAGE = b"""
    SELECT public.st_asgeojson(f) FROM (
        SELECT t.code, t.name, t.kind, t.floors, t.households, t.address, t.in_use, t.grid_code, t.geom
          FROM bench.buildings AS t
         WHERE public.st_intersects(t.geom, public.st_makeenvelope(%s, %s, %s, %s, 4326)) LIMIT %s) AS f
"""


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer ?bbox=&limit= with a FeatureCollection: features and nothing beside them."""
    asked = parse_qs(environ["QUERY_STRING"])
    if "bbox" not in asked:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ["GEOSERVICE_DATABASE_URL"], autocommit=True)
    values = [*map(float, asked["bbox"][0].split(",")), int(asked["limit"][0])]
    rows = _own.connection.execute(_PAGE, values, prepare=True).fetchall()
    body = '{"type":"FeatureCollection","features":[' + ",".join(row[0] for row in rows) + "]}"
    sent = body.encode()
    start_response("200 OK", [("Content-Type", "application/geo+json"), ("Content-Length", str(len(sent)))])
    return [sent]
