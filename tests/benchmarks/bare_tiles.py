"""An application that cuts a tile by a bare statement, and nothing else: what a tile could cost at best over HTTP."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from tests.benchmarks.tile_rivals import bare_statement

_own = threading.local()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer /{layer}/{srid}/{z}/{x}/{y} with a tile, not compressed."""
    if environ["PATH_INFO"].count("/") != 5:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    layer, srid, z, x, y = environ["PATH_INFO"][1:].split("/")
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ["GEOSERVICE_DATABASE_URL"], autocommit=True)
    asked = {"z": int(z), "x": int(x), "y": int(y)}
    row = _own.connection.execute(bare_statement(layer, int(srid)), asked, prepare=True, binary=True).fetchone()
    kind, length = ("Content-Type", "application/vnd.mapbox-vector-tile"), ("Content-Length", str(len(row[0])))
    start_response("200 OK", [kind, length])
    return [row[0]]
