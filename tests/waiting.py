"""How tests wait: until something holds, with more patience than any machine needs; never as an assertion on speed.

Nothing else under tests, `tests/benchmarks` apart, compares the time that passed with anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

#: Nothing that a test waits for takes so long, on a machine however busy: what does not hold by then never will.
PATIENCE_S = 180.0

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str | Callable[[], str]) -> T:
    """Wait until a condition is true, and return what it gave; fail with `what` was waited for when it never is.

    The condition itself may fail, as when a process ended whose answer is waited for.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (held := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what if isinstance(what, str) else what()}"
        time.sleep(0.02)
    return held


def ends(work: Callable[[], T], what: str) -> T:
    """Do work that could hang for good, and return or raise what it does; fail when it does not end."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  raised again below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), f"does not end: {what}"
    if errors:
        raise errors[0]
    return results[0]
