"""Applications that do nothing: what a look-up could cost at best on the same web server, without Flask and with it."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response

#: As long as a look-up's answer may be.
BODY_BYTES = 700
_BARE = json.dumps({"filler": ""}).encode()
BODY = _BARE.replace(b'""', b'"' + b"x" * (BODY_BYTES - len(_BARE)) + b'"')
_HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def bare(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer everything with the same body."""
    start_response("200 OK", _HEADERS)
    return [BODY]


#: Names a file with what `tiles` answers: pickled, bodies by address, compressed with gzip.
TILES = "GEOSERVICE_BENCH_TILES"


@cache
def _bodies() -> dict[str, bytes]:
    found: dict[str, bytes] = pickle.loads(Path(os.environ[TILES]).read_bytes())  # noqa: S301  written by the benchmark
    return found


def tiles(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with a tile from a dictionary."""
    body = _bodies().get(environ["PATH_INFO"], b"")
    kind, length = ("Content-Type", "application/vnd.mapbox-vector-tile"), ("Content-Length", str(len(body)))
    start_response("200 OK", [kind, ("Content-Encoding", "gzip"), length])
    return [body]


trivial_flask = Flask(__name__, static_folder=None)


@trivial_flask.get("/v1/owner")
def owner() -> Response:
    """Answer the same through Flask."""
    return Response(BODY, mimetype="application/json")
