"""Of many who ask for the same at the same time one does the work, and all get what he got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")
Told = TypeVar("Told")


class SingleFlight(Generic[Key, Result]):
    """What is being worked on in this process."""

    def __init__(self) -> None:
        self._under_way: dict[Key, Future[Result]] = {}
        self._lock = threading.Lock()
        #: How many wait for what others do.
        self.waiting = 0

    def join(self, key: Key, work: Callable[[], Result]) -> Result:
        """Return the result of the work, one's own or that of who does it already; raise what it raised."""
        with self._lock:
            future = self._under_way.get(key)
            mine = future is None
            if future is None:
                future = self._under_way[key] = Future()
        if not mine:
            return self._wait_for(future.result)
        try:
            future.set_result(work())
        except BaseException as exc:  # noqa: BLE001  whoever waits must hear of it; it is raised below
            future.set_exception(exc)
        finally:
            with self._lock:
                del self._under_way[key]
        return future.result()

    def join_anew(self, key: Key, work: Callable[[], Result]) -> Result:
        """Return the result of work that begins only now: what is under way may have looked before the caller did."""
        with self._lock:
            under_way = self._under_way.get(key)
        if under_way is not None:
            self._wait_for(under_way.exception)
        return self.join(key, work)

    def _wait_for(self, told: Callable[[], Told]) -> Told:
        with self._lock:
            self.waiting += 1
        try:
            return told()
        finally:
            with self._lock:
                self.waiting -= 1
