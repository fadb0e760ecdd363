"""Who finds a seat: so many streams are open at once, few of each stranger, and some seats are for those known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from geoservice.streams.answers import come_again


@dataclass(frozen=True)
class Stranger:
    """Somebody who shows no key."""

    #: Where he comes from; None: from this machine, which may hold all that strangers get.
    network: str | None


class Seats:
    """The streams that are open. One event loop uses it.

    Parameters
    ----------
    most
        Streams open at once. Strangers together get four fifths of them.
    of_one
        Streams of one stranger.
    """

    def __init__(self, most: int, of_one: int) -> None:
        self._most, self._of_one = most, of_one
        self._of_strangers = most - most // 5
        self._taken: Counter[Stranger | None] = Counter()

    @contextmanager
    def taken_by(self, stranger: Stranger | None) -> Iterator[None]:
        """Have a seat for a while, for somebody known (None) or a stranger; raise Refusal."""
        self._require_one_for(stranger)
        self._taken[stranger] += 1
        try:
            yield
        finally:
            self._taken[stranger] -= 1
            if not self._taken[stranger]:
                del self._taken[stranger]

    def _require_one_for(self, stranger: Stranger | None) -> None:
        if self._taken.total() >= self._most:
            raise come_again("The service is busy", f"At most {self._most} streams are open at once. Come again.")
        if stranger is None:
            return
        if self._taken.total() - self._taken[None] >= self._of_strangers:
            detail = f"At most {self._of_strangers} streams are open at once without a key. Come again, or show one."
            raise come_again("The service is busy", detail)
        if stranger.network is not None and self._taken[stranger] >= self._of_one:
            detail = f"At most {self._of_one} streams are open from one address without a key. Close one, or show one."
            raise come_again("Too many streams from one address", detail)
