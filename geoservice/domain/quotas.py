"""How much of something one caller gets, and the generic cell rate algorithm that keeps to it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

#: How a quota is written: so many in so many seconds.
_WRITTEN = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,5})", re.ASCII)
#: Callers that are remembered, at most, 200 bytes each; those who took nothing for a window are forgotten first.
MOST_CALLERS = 50_000


@dataclass(frozen=True)
class Quota:
    """So many in so long."""

    most: int
    window_s: int

    @classmethod
    def parse(cls, text: str) -> Quota | None:
        """Return what is written as `20/600`, None for nothing at all; raise ValueError."""
        if not text:
            return None
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError("write how many in how many seconds, such as 20/600, or nothing for no limit")
        return cls(int(written[1]), int(written[2]))


@dataclass(frozen=True)
class Allowance:
    """What is left to a caller."""

    quota: Quota
    #: How often he may at once.
    remaining: int
    #: In how many seconds he has his whole quota again.
    restored_s: int
    #: In how many seconds he may again; 0: at once.
    wait_s: int


class RateLimit:
    """Counts callers against a quota, in memory.

    The generic cell rate algorithm (ITU-T I.371): of each caller only the instant is kept at which he would have his
    whole quota again. He may take it all at once, and gets it back bit by bit.
    """

    def __init__(self, quota: Quota, now_s: Callable[[], float], *, most_callers: int = MOST_CALLERS) -> None:
        self.quota = quota
        self._gap_s = quota.window_s / quota.most
        self._now_s = now_s
        self._most_callers = most_callers
        self._restored_at: dict[str, float] = {}
        self._lock = Lock()

    def take(self, caller: str) -> Allowance | None:
        """Count one for a caller; return what is left to him, None when nothing was and nothing is counted."""
        with self._lock:
            now_s = self._now_s()
            restored_at = max(self._restored_at.get(caller, now_s), now_s) + self._gap_s
            # As floats add up, the last of a quota may be late by less than anybody measures.
            if restored_at > now_s + self.quota.window_s + 1e-6:
                return None
            if caller not in self._restored_at and len(self._restored_at) >= self._most_callers:
                self._forget_some(now_s)
            self._restored_at[caller] = restored_at
            return self._allowance(restored_at - now_s)

    def left(self, caller: str) -> Allowance:
        """Return what is left to a caller, and count nothing."""
        now_s = self._now_s()
        return self._allowance(max(0.0, self._restored_at.get(caller, now_s) - now_s))

    def _allowance(self, owed_s: float) -> Allowance:
        remaining = math.floor((self.quota.window_s - owed_s) / self._gap_s + 1e-6)
        wait_s = 0 if remaining else math.ceil(owed_s + self._gap_s - self.quota.window_s)
        return Allowance(self.quota, max(0, remaining), math.ceil(owed_s), max(0 if remaining else 1, wait_s))

    def _forget_some(self, now_s: float) -> None:
        """Forget who has his quota back; when all are owed something, the half that came first."""
        kept = {caller: at for caller, at in self._restored_at.items() if at > now_s}
        if len(kept) >= self._most_callers:
            kept = dict(list(kept.items())[len(kept) // 2 :])
        self._restored_at = kept
