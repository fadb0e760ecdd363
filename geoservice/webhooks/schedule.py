"""When a delivery that failed is tried again, and when it is given up.

Each wait is three times the one before, up to half a day: 5 s, 15 s, 45 s, 2 min, 7 min, 20 min, 1 h, 3 h, 9 h, then
12 h each time. So the next attempt is never much farther off than twice the time that a receiver has been away already.
The example of Standard Webhooks goes from 5 s to 5 min and to 30 min: a receiver that was restarted would wait for
minutes, and an officer with it. Both give up after three days, which outlasts a weekend.
"""

from __future__ import annotations

FIRST_WAIT_S = 5.0
GROWTH = 3
#: Nothing waits longer, whatever a receiver asks for.
MAX_WAIT_S = 12 * 3600.0
#: After so many attempts a delivery is dead: 14 waits, 73 h 40 min without what chance adds.
MAX_ATTEMPTS = 15
#: Chance adds up to this part of a wait, so that what failed together does not come back together.
JITTER = 0.2


def wait_s(attempt: int, chance: float, *, asked_s: float | None = None) -> float | None:
    """Return how long to wait after an attempt that failed; None when the delivery is dead.

    Parameters
    ----------
    attempt
        Number of the attempt that failed; the first is 1.
    chance
        A random number from 0 up to 1: the part of the jitter to add. The same numbers give the same wait.
    asked_s
        The receiver's Retry-After in seconds: it can make a wait longer, never shorter.

    Returns
    -------
    Seconds, from `FIRST_WAIT_S` to `MAX_WAIT_S` and the jitter on top.

    Raises
    ------
    ValueError
        When the attempt is below 1 or the chance is not from 0 up to 1.
    """
    if attempt < 1:
        raise ValueError(f"Attempts are counted from 1, and this is {attempt}: count the one that failed.")
    if not 0 <= chance < 1:
        raise ValueError(f"Chance is a number from 0 up to 1, and this is {chance}: use random.random().")
    if attempt >= MAX_ATTEMPTS:
        return None
    ours_s = FIRST_WAIT_S * GROWTH ** (attempt - 1)
    return min(max(ours_s, asked_s or 0.0), MAX_WAIT_S) * (1 + JITTER * chance)
