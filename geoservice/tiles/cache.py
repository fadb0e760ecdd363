"""Answers about tiles in memory: what a version is never changes, so none of them is ever out of date."""

from __future__ import annotations

import threading

from geoservice.web.tile_answers import TileAnswer

#: What an answer takes beside its body, about: headers, address, its place in a dictionary.
_ANSWER_BYTES = 1_500


class TileCache:
    """By address; the oldest go when there are too many.

    Parameters
    ----------
    most_bytes
        Of all answers together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: dict[str, TileAnswer] = {}
        self._lock = threading.Lock()

    def get(self, path: str) -> TileAnswer | None:
        """Return the answer at an address; None when it is not held."""
        return self._answers.get(path)

    def put(self, path: str, answer: TileAnswer) -> None:
        """Hold an answer."""
        size = len(answer.body) + _ANSWER_BYTES
        with self._lock:
            if path in self._answers or size > self._most_bytes:
                return
            while self._bytes + size > self._most_bytes:
                oldest = next(iter(self._answers))  # a dictionary keeps the order in which it was filled
                self._bytes -= len(self._answers.pop(oldest).body) + _ANSWER_BYTES
            self._answers[path] = answer
            self._bytes += size
