"""What is answered when a tile is asked for, whichever way it is reached."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from geoservice.auth.model import PUBLIC
from geoservice.auth.permissions import Permission, may
from geoservice.services.tiles.service import Elsewhere, Given
from layers.catalogue import catalogue
from tilegen.matrix import Tile

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
#: RFC 8246: a version never changes.
_FOR_GOOD = "max-age=31536000, immutable"
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class TileAnswer:
    """A status and what comes with it; for who reads gzip, and for who does not."""

    layer: str
    version: int
    status: HTTPStatus
    headers: Headers
    body: bytes
    #: The same for who does not read gzip; None: it is the same.
    plain_headers: Headers | None = None
    #: It may be kept in memory.
    lasting: bool = True

    @property
    def status_line(self) -> str:
        """Return the status with its phrase."""
        return _STATUS_LINES[self.status]

    def in_encoding(self, *, gzip_read: bool) -> tuple[Headers, bytes]:
        """Return headers and body for who reads gzip or does not."""
        if gzip_read or self.plain_headers is None:
            return self.headers, self.body
        return self.plain_headers, gzip.decompress(self.body)

    def saying(self, more: Headers) -> TileAnswer:
        """Return the answer with more headers."""
        plain_headers = None if self.plain_headers is None else self.plain_headers + more
        return replace(self, headers=self.headers + more, plain_headers=plain_headers)


_STATUS_LINES = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}


def unchanged(headers: Headers) -> Headers:
    """Return what is said to who has it already: RFC 9110, 15.4.5."""
    return [pair for pair in headers if not pair[0].startswith("Content-")]


def _plain_length(packed: bytes) -> int:
    """Return how long a body is that was compressed in one piece: RFC 1952, 2.3.1, ISIZE."""
    return int.from_bytes(packed[-4:], "little")


def tags_of(version: int) -> tuple[str, str]:
    """Return the strong tags of a tile under its own version, as gzip and as it is: RFC 9110, 8.8.3.3."""
    return f'"{version}-gzip"', f'"{version}"'


def answer_with(
    result: Given | Elsewhere, layer: str, version: int, tile: Tile, address: Callable[[int], str]
) -> TileAnswer:
    """Return the answer for what the service says of a tile of a version.

    Parameters
    ----------
    address
        Returns the address of this tile under another version.
    """
    kept_by = "public" if may(PUBLIC.role, Permission(catalogue()[layer].read)) else "private"
    for_good = [("Cache-Control", f"{kept_by}, {_FOR_GOOD}")]
    if isinstance(result, Elsewhere):
        location = [("Location", address(result.version)), ("Content-Length", "0")]
        if result.for_good:
            return TileAnswer(layer, version, HTTPStatus.PERMANENT_REDIRECT, [*location, *for_good], b"")
        said = [*location, ("Cache-Control", "no-store")]
        return TileAnswer(layer, version, HTTPStatus.TEMPORARY_REDIRECT, said, b"", lasting=False)
    caching = for_good if result.lasting else [("Cache-Control", "no-store")]
    if not result.data:
        return TileAnswer(layer, version, HTTPStatus.NO_CONTENT, caching, b"", lasting=result.lasting)
    tagged, plain = tags_of(version)
    said = [("Content-Type", MEDIA_TYPE), ("Vary", "Accept-Encoding"), *caching]
    packed = [("Content-Encoding", "gzip"), ("ETag", tagged), ("Content-Length", str(len(result.data)))]
    whole = [("ETag", plain), ("Content-Length", str(_plain_length(result.data)))]
    return TileAnswer(layer, version, HTTPStatus.OK, said + packed, result.data, said + whole, result.lasting)
