"""Pages that stay whole while the list moves: each begins after the last row of the one before, not at a number.

The standard's callers say no more than `page=2`. So for some minutes it is remembered where the pages ended that each
was given; and whoever follows the header `Link` needs no memory of ours, for it names the row.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from geoservice.web.guard import current_identity

#: The last row of a page: of requests when and which, of changes of status its number.
End = tuple[datetime, UUID] | int
#: Between one page and the next a program takes seconds.
KEPT_S = 600.0
#: A few megabytes at most; when strangers ask for more, the oldest are forgotten.
ENDS_MAX = 20_000
#: What does not tell one list from another.
_OF_THE_PAGE = ("page", "after")


@dataclass(frozen=True)
class Page:
    """A page to be read: after the end of the one before where that is known, else so many rows on."""

    number: int
    size: int
    after: End | None

    @property
    def skip(self) -> int:
        """Return how many rows to leave out."""
        return 0 if self.after is not None else self.size * (self.number - 1)


class Walks:
    """Where the pages ended that callers were given lately."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: OrderedDict[tuple[bytes, int], tuple[End, float]] = OrderedDict()

    def end_of(self, walk: bytes, number: int) -> End | None:
        """Return the last row of a page; None when it was not given out, or too long ago."""
        with self._lock:
            end, at = self._ends.get((walk, number), (None, 0.0))
            return end if self._clock() - at < KEPT_S else None

    def note(self, walk: bytes, number: int, end: End) -> None:
        """Remember the last row of a page."""
        with self._lock:
            self._ends.pop((walk, number), None)
            self._ends[walk, number] = end, self._clock()
            while len(self._ends) > ENDS_MAX:
                self._ends.popitem(last=False)


def walk_of(query: Mapping[str, str]) -> bytes:
    """Return what tells one caller's walk through one list from others, as a hash: nothing of the caller is kept."""
    asked = sorted((name, value) for name, value in query.items() if name not in _OF_THE_PAGE)
    forwarded, program = request.headers.get("X-Forwarded-For"), request.headers.get("User-Agent")
    who = (current_identity().actor, request.remote_addr, forwarded, program)
    return hashlib.sha256(repr((request.path, who, asked)).encode()).digest()


def next_link(query: Mapping[str, str], number: int, after: str) -> str:
    """Return the header `Link` (RFC 8288) to the page after one."""
    more = {name: value for name, value in query.items() if name not in _OF_THE_PAGE}
    return f'<{request.path}?{urlencode(more | {"page": str(number + 1), "after": after})}>; rel="next"'
