"""Static files of pages: found in one directory, typed, packed for slow lines, kept as long as their version says."""

from __future__ import annotations

import gzip
from pathlib import Path

from flask import Response, abort, request, send_from_directory

#: Below this a compressed answer is not worth its header.
COMPRESS_FROM_BYTES = 1_000
_FOR_EVER_S = 365 * 24 * 3600
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED_ALREADY = (".png", ".woff2")


def file_response(directory: Path, path: str, *, max_age_s: int, immutable: bool = False) -> Response:
    """Return one file of a directory; 404 for any other place or type.

    send_from_directory refuses every path that leaves the directory.
    """
    suffix = "." + path.rpartition(".")[2]
    if suffix not in _TYPES:
        abort(404)
    response = send_from_directory(directory, path, mimetype=_TYPES[suffix], max_age=max_age_s)
    response.headers["Content-Type"] = _TYPES[suffix]
    response.headers["X-Content-Type-Options"] = "nosniff"
    if immutable:
        response.cache_control.immutable = True
    return response if suffix in _PACKED_ALREADY else packed(response)


def versioned_file_response(directory: Path, path: str, *, asked: str, current: str) -> Response:
    """Return a file under its version, for ever; under another version, revalidated.

    A page from before an upgrade still gets its files, but must not keep the new ones as the old.
    """
    if asked == current:
        return file_response(directory, path, max_age_s=_FOR_EVER_S, immutable=True)
    return file_response(directory, path, max_age_s=0)


def packed(response: Response) -> Response:
    """Return a whole answer compressed when the caller can read that; its tag then is a weak one."""
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0 or response.status_code != 200:
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= COMPRESS_FROM_BYTES:
        response.set_data(gzip.compress(body, compresslevel=5))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)
    return response
