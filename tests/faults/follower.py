"""Somebody who follows the stream of events through everything that is killed, and notes what was heard."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter

from tests.listening import Listener, Message
from tests.waiting import wait_until


class Follower:
    """Listens from the first event on, and comes back with the last id heard whenever the stream breaks."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.heard: list[Message] = []
        #: How often the stream broke.
        self.breaks = 0

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def wait_for(self, number: int) -> None:
        """Wait until an event of this number, or a later one, was heard; then stop listening."""
        wait_until(
            lambda: self._last() >= number, lambda: f"event {number} is heard; the last that was is {self._last()}"
        )
        self._stop.set()

    def _last(self) -> int:
        return (self.heard[-1].id or 0) if self.heard else 0

    def faults(self) -> list[str]:
        """Return what was heard twice, or out of order."""
        numbers = [message.id or 0 for message in self.heard]
        twice = [number for number, count in Counter(numbers).items() if count > 1]
        return [f"heard twice: {number}" for number in twice] + (
            [] if numbers == sorted(numbers) else ["heard out of order"]
        )

    def _follow(self) -> None:
        while not self._stop.is_set():
            headers = {"Authorization": f"Bearer {self._key}", "Last-Event-ID": str(self._last())}
            try:
                with Listener(self._port, headers=headers) as stream:
                    while stream.answer.status == 200 and not self._stop.is_set():
                        message = stream.next()
                        if message.event == "message":
                            self.heard.append(message)
            except (OSError, EOFError, http.client.HTTPException, ValueError):
                self.breaks += 1
            time.sleep(0.1)
