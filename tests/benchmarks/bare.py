"""Applications that do nothing: what a look-up could cost at best on the same web server, without Flask and with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
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


trivial_flask = Flask(__name__, static_folder=None)


@trivial_flask.get("/v1/owner")
def owner() -> Response:
    """Answer the same through Flask."""
    return Response(BODY, mimetype="application/json")
