"""Bodies that a view reads itself, piece by piece: how they are let in, and their limits."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import IO, Any, TypeVar

from flask import current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from geoservice.errors import GeoserviceError

View = TypeVar("View", bound=Callable[..., Any])

#: A body that has arrived is read in microseconds, so a reader's place is free again at once.
_WAIT_TO_READ_S = 0.1
#: Where a view keeps the media types that it reads itself; functools.wraps carries it outwards.
STREAMS = "__streams__"
#: Longest time in which such a body must have arrived.
MAX_UPLOAD_S = 120.0
#: No reader asks for more at once: what claims to be larger is refused before room is made for it.
LARGEST_PIECE_BYTES = 67_108_864


class WrongMediaType(GeoserviceError):
    """Send the body uncompressed, as application/json or another kind that this address is documented to read."""


class TooManySenders(GeoserviceError):
    """Many requests are sending their bodies at this moment; try again in a moment."""


class BrokeOff(GeoserviceError):
    """The body ended before its Content-Length: not all of it arrived. Send it again."""


class BrokenRows(GeoserviceError):
    """The rows can not be read on from here."""


class TooManyRows(GeoserviceError):
    """There are more rows than are answered at once; send several smaller requests."""


def streams(*media_types: str) -> Callable[[View], View]:
    """Label a view that reads bodies of these media types itself, piece by piece, by `incoming`."""

    def label(view: View) -> View:
        setattr(view, STREAMS, frozenset(media_types))
        return view

    return label


class Incoming(io.RawIOBase):
    """A request's body, read piece by piece within limits."""

    def __init__(self, body: IO[bytes], limit_bytes: int, announced_bytes: int | None = None) -> None:
        super().__init__()
        self._body = body
        self._limit = self._left = limit_bytes
        self._announced = announced_bytes
        self._deadline = time.monotonic() + MAX_UPLOAD_S

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return at most so many bytes, all of them unless the body ends; raise when a limit is passed."""
        if size is None or size < 0:
            size = self._left + 1
        elif size > LARGEST_PIECE_BYTES:
            raise BrokenRows(reason=f"a piece of {size} bytes; {LARGEST_PIECE_BYTES} at most")
        pieces = []
        while size > 0:
            piece = self._body.read(min(size, 1 << 20))
            if not piece:
                if self._limit - self._left < (self._announced or 0):
                    raise BrokeOff  # the server hands on what arrived, and does not tell
                break
            size -= len(piece)
            self._left -= len(piece)
            if self._left < 0:
                raise too_large(self._limit)
            if time.monotonic() > self._deadline:
                raise RequestTimeout("The body took too long to arrive.")
            pieces.append(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how much was there."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


@contextmanager
def incoming(limit_bytes: int | None = None) -> Iterator[Incoming]:
    """Yield the body of a request that its view reads itself, by default of any length that the settings allow.

    Raises
    ------
    TooManySenders
    RequestEntityTooLarge
        It says that it is longer; Incoming raises it when it turns out to be.
    """
    longest: int = current_app.config["MAX_STREAM_LENGTH"]
    limit = longest if limit_bytes is None else min(limit_bytes, longest)
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    with reading(g.readers):
        yield Incoming(request.stream, limit, request.content_length)


def too_large(limit_bytes: int) -> RequestEntityTooLarge:
    """Return what to raise of a longer body."""
    return RequestEntityTooLarge(f"A body of {limit_bytes} bytes at most is read here; send several smaller ones.")


@contextmanager
def reading(readers: BoundedSemaphore) -> Iterator[None]:
    """Hold one of the places for reading a body; raise TooManySenders when none gets free."""
    if not readers.acquire(timeout=_WAIT_TO_READ_S):
        raise TooManySenders
    try:
        yield
    finally:
        readers.release()


def reads_itself() -> bool:
    """Return whether the view of this request reads this kind of body itself."""
    view = current_app.view_functions[request.url_rule.endpoint] if request.url_rule else None
    return request.mimetype in getattr(view, STREAMS, ())


def leave_to_view() -> None:
    """Let a body pass unread; raise WrongMediaType when it is compressed."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise WrongMediaType
    request.max_content_length = current_app.config["MAX_STREAM_LENGTH"]
