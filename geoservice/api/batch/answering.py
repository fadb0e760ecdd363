"""The way of a batch: read within limits, answered by one state of what is in force, kept until whole, then sent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

import numpy as np
from flask import Response
from numpy.typing import NDArray

from geoservice.api.answers import age_header
from geoservice.api.batch.arrow_form import answer_arrow
from geoservice.api.batch.csv_form import answer_csv
from geoservice.api.batch.geojson_form import answer_geojson
from geoservice.api.batch.ndjson_form import answer_ndjson
from geoservice.api.batch.rows import Answered, Ask, Form
from geoservice.auth.model import PUBLIC, Identity
from geoservice.services.ownership import BulkLookup
from geoservice.web.streaming import TooManyRows, incoming
from layers.crs import degrees_on_wgs84

FORMS: dict[str, Form] = {
    "text/csv": answer_csv,
    "application/x-ndjson": answer_ndjson,
    "application/geo+json": answer_geojson,
    "application/vnd.apache.arrow.stream": answer_arrow,
}
#: Rows in one request: of anybody, and of who shows a key.
MAX_ROWS_PUBLIC = 10_000
MAX_ROWS = 1_000_000
#: Answers longer than this wait on the disk.
_IN_MEMORY_BYTES = 4_194_304
_PIECE_BYTES = 262_144


def limited(lookup: BulkLookup, limit: int, crs: str | None = None) -> Ask:
    """Return the question about degrees of a CRS, for so many rows together; then it raises TooManyRows."""
    left = limit

    def ask(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Answered:
        nonlocal left
        left -= len(lon)
        if left < 0:
            raise TooManyRows(limit=limit)
        if crs is None:
            return Answered(lookup.owners(lon, lat), np.zeros(len(lon), np.bool_))
        placed_lon, placed_lat = degrees_on_wgs84(lon, lat, crs=crs)
        return Answered(lookup.owners(placed_lon, placed_lat), np.isnan(placed_lon) & ~np.isnan(lon))

    return ask


def answer_stream(media_type: str, lookup: BulkLookup, identity: Identity, crs: str | None = None) -> Response:
    """Answer the body of this request in its own form.

    The answer is whole before its first byte is sent: a mistake in the last row still gets a status of its own, and a
    client that sends everything before it reads anything can not hold us up.
    """
    limit = MAX_ROWS_PUBLIC if identity is PUBLIC else MAX_ROWS
    answer = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)
    try:
        with incoming() as body:
            for piece in FORMS[media_type](body, limited(lookup, limit, crs)):
                answer.write(piece)
    except BaseException:  # whatever stops it, the file must not stay
        answer.close()
        raise
    length = answer.tell()
    answer.seek(0)
    response = Response(_pieces(answer), mimetype=media_type)
    response.headers["Content-Length"] = str(length)
    response.headers["Cache-Control"] = "no-store"
    response.headers.add(*age_header(lookup.age_s))
    response.call_on_close(answer.close)
    return response


def _pieces(answer: IO[bytes]) -> Iterator[bytes]:
    with answer:
        while piece := answer.read(_PIECE_BYTES):
            yield piece
