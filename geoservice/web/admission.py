"""Who may wait: when every thread is held up by something slow, those who come next are told so, not left to queue."""

from __future__ import annotations

import time
from threading import Semaphore

from flask import Flask, Request, g

from geoservice.auth.permissions import Permission
from geoservice.web.guard import permission_of
from geoservice.web.pipeline import Step
from layers.errors import TooBusy

#: Threads that are kept for probes and for saying no.
RESERVED = 2
#: A healthy request is answered in milliseconds: when no place changes hands for this long, all are stuck.
STUCK_S = 0.5
#: Nobody waits longer for a place, even while others get theirs.
MAX_WAIT_S = 2.0


class Places:
    """So many requests are worked on at once."""

    def __init__(self, count: int) -> None:
        self._free = Semaphore(count)
        self._moved_at = time.monotonic()

    def take(self) -> None:
        """Take a place; raise TooBusy when all are stuck: at once when that is known, else after a little while."""
        deadline = time.monotonic() + MAX_WAIT_S
        while not self._free.acquire(timeout=max(0.0, self._moved_at + STUCK_S - time.monotonic())):
            if time.monotonic() >= min(deadline, self._moved_at + STUCK_S):
                raise TooBusy
        self._moved_at = time.monotonic()

    def give_back(self) -> None:
        """Free a place."""
        self._moved_at = time.monotonic()
        self._free.release()


def admit(app: Flask, *, threads: int) -> Step:
    """Work on fewer requests at once than there are threads; probes and documents are always let in.

    Without it sixteen requests that wait for a locked table hold up every other one, the liveness probe among them,
    until the last of a queue was answered: 15 s for 64 clients.
    """
    places = Places(threads - RESERVED if threads > 2 * RESERVED else threads)

    def enter(request: Request) -> None:
        if request.url_rule is None or permission_of(app, request) is Permission.SEE_HEALTH:
            return
        places.take()
        g.has_place = True

    def leave(error: BaseException | None) -> None:
        if g.pop("has_place", False):
            places.give_back()

    app.teardown_request(leave)
    return enter
