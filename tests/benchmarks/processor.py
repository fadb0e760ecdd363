"""For how long threads ran, and for how long they were ready and waited for a processor, as the kernel counts."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self


@dataclass(frozen=True)
class Spent:
    """Milliseconds since threads began."""

    ran_ms: float
    waited_ms: float

    def __add__(self, other: Spent) -> Spent:
        """Return both together."""
        return Spent(self.ran_ms + other.ran_ms, self.waited_ms + other.waited_ms)

    def __sub__(self, earlier: Spent) -> Spent:
        """Return what was spent since."""
        return Spent(self.ran_ms - earlier.ran_ms, self.waited_ms - earlier.waited_ms)


class Threads:
    """The threads of a process that there are now, or the one that asks; a context, as it keeps files open."""

    def __init__(self, pid: int | None = None) -> None:
        tasks = [Path("/proc/thread-self")] if pid is None else [*Path(f"/proc/{pid}/task").iterdir()]
        # Linux, Documentation/scheduler/sched-stats.rst: nanoseconds that it ran, and that it waited.
        self._last: dict[int, Spent] = {}
        self._files: list[BinaryIO] = [(task / "schedstat").open("rb", buffering=0) for task in tasks]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def spent(self) -> Spent:
        """Return what they have spent so far, together; one that has ended, as it was when it was asked last."""
        for number, file in enumerate(self._files):
            with suppress(ProcessLookupError):
                ran, waited, _ = os.pread(file.fileno(), 100, 0).split()
                self._last[number] = Spent(int(ran) / 1e6, int(waited) / 1e6)
        return sum(self._last.values(), Spent(0.0, 0.0))
