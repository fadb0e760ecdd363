"""What is answered when a tile is asked for, whichever way it is reached."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from http import HTTPStatus

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.services.tiles.service import FoundTile, MovedTile
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

    def asked_again(self) -> TileAnswer:
        """Return the answer for an address that names no version: whoever keeps it asks each time, by its tag."""
        caching = ("Cache-Control", "private, no-cache" if self.lasting else "no-store")

        def said(headers: Headers) -> Headers:
            return [pair for pair in headers if pair[0] != "Cache-Control"] + [caching]

        plain = None if self.plain_headers is None else said(self.plain_headers)
        return replace(self, headers=said(self.headers), plain_headers=plain)

    def saying(self, more: Headers) -> TileAnswer:
        """Return the answer with more headers."""
        plain_headers = None if self.plain_headers is None else self.plain_headers + more
        return replace(self, headers=self.headers + more, plain_headers=plain_headers)


_STATUS_LINES = {status: f"{status.value} {status.phrase}" for status in HTTPStatus}


def _plain_length(packed: bytes) -> int:
    """Return how long a body is that was compressed in one piece: RFC 1952, 2.3.1, ISIZE."""
    return int.from_bytes(packed[-4:], "little")


def tags_of(version: int) -> tuple[str, str]:
    """Return the strong tags of a tile under its own version, as gzip and as it is: RFC 9110, 8.8.3.3."""
    return f'"{version}-gzip"', f'"{version}"'


def has_tag(if_none_match: str, tag: str) -> bool:
    """Return whether a client has what a tag names, though a cache between made it weak: RFC 9110, 13.1.2."""
    return tag in if_none_match


def may_read(identity: Identity, layer: str) -> bool:
    """Return whether somebody may see the tiles of a layer: the map, and what is drawn on it."""
    found = catalogue().get(layer)  # None: it was dropped a moment ago
    return (
        found is not None
        and permitted(identity, Permission.VIEW_MAP)
        and permitted(identity, Permission(found.read))
    )  # fmt: skip


def unchanged_headers(tag: str, *, shared: bool) -> Headers:
    """Return what is said to who has a tile already: RFC 9110, 15.4.5."""
    return [("ETag", tag), ("Vary", "Accept-Encoding"), _for_good(shared=shared)]


def _for_good(*, shared: bool) -> tuple[str, str]:
    return ("Cache-Control", f"{'public' if shared else 'private'}, {_FOR_GOOD}")


def answer_with(
    result: FoundTile | MovedTile, layer: str, version: int, tile: Tile, *, shared: bool
) -> TileAnswer:  # fmt: skip
    """Return the answer for what the service says of a tile of a version.

    Parameters
    ----------
    shared
        Caches between may keep it: a visitor is shown it, too.
    """
    if isinstance(result, MovedTile):
        # Relative to this address, so that it holds whatever stands before it.
        moved = [("Location", f"../../../{result.version}/{tile.z}/{tile.x}/{tile.y}.mvt"), ("Content-Length", "0")]
        if result.for_good:
            return TileAnswer(layer, version, HTTPStatus.PERMANENT_REDIRECT, [*moved, _for_good(shared=shared)], b"")
        moved.append(("Cache-Control", "no-store"))
        return TileAnswer(layer, version, HTTPStatus.TEMPORARY_REDIRECT, moved, b"", lasting=False)
    caching = _for_good(shared=shared) if result.lasting else ("Cache-Control", "no-store")
    if not result.data:
        return TileAnswer(layer, version, HTTPStatus.NO_CONTENT, [caching], b"", lasting=result.lasting)
    tagged, plain = tags_of(version)
    said = [("Content-Type", MEDIA_TYPE), ("Vary", "Accept-Encoding"), caching]
    packed = [("Content-Encoding", "gzip"), ("Content-Length", str(len(result.data)))]
    whole = [("Content-Length", str(_plain_length(result.data)))]
    if result.lasting:
        packed.append(("ETag", tagged))
        whole.append(("ETag", plain))
    return TileAnswer(layer, version, HTTPStatus.OK, said + packed, result.data, said + whole, result.lasting)
