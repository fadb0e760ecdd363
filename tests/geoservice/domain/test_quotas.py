"""Quotas: so many at once, back bit by bit, each caller for himself, and memory that does not grow."""

from __future__ import annotations

import random
from collections import deque

import pytest

from geoservice.domain.quotas import Quota, RateLimit


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_quota_may_be_taken_at_once_and_comes_back_bit_by_bit() -> None:
    clock = Clock()
    limit = RateLimit(Quota(3, 60), clock)

    assert [taken.remaining for _ in range(3) if (taken := limit.take("a"))] == [2, 1, 0]
    assert limit.take("a") is None
    assert limit.left("a").wait_s == 20
    assert limit.take("b") is not None

    clock.now_s += 19.9
    assert limit.take("a") is None
    clock.now_s += 0.1
    assert limit.take("a") is not None
    assert limit.take("a") is None

    clock.now_s += 60
    assert limit.left("a").remaining == 3
    assert (limit.left("a").wait_s, limit.left("a").restored_s) == (0, 0)


def test_what_is_refused_is_not_counted() -> None:
    clock = Clock()
    limit = RateLimit(Quota(2, 10), clock)
    for _ in range(50):
        limit.take("a")

    clock.now_s += 5

    assert limit.take("a") is not None


@pytest.mark.parametrize("seed", range(20))
def test_never_more_than_twice_a_quota_in_a_window_and_no_wait_longer_than_told(seed: int) -> None:
    """At once a whole quota, and what comes back within the window: no more."""
    chance, clock = random.Random(seed), Clock()
    quota = Quota(chance.randint(1, 30), chance.randint(1, 100))
    limit, taken = RateLimit(quota, clock), deque[float]()

    for _ in range(2000):
        clock.now_s += chance.expovariate(2 * quota.most / quota.window_s)
        if limit.take("a") is not None:
            taken.append(clock.now_s)
        else:
            wait_s = limit.left("a").wait_s
            assert 1 <= wait_s <= quota.window_s + 1
            asked = RateLimit(quota, clock)
            asked._restored_at = dict(limit._restored_at)
            clock.now_s += wait_s
            assert asked.take("a") is not None, "come again then, it was told"
            clock.now_s -= wait_s
        while taken and taken[0] <= clock.now_s - quota.window_s:
            taken.popleft()
        assert len(taken) <= 2 * quota.most


def test_callers_are_forgotten_when_there_are_too_many_and_those_who_took_most_lately_last() -> None:
    clock = Clock()
    limit = RateLimit(Quota(1, 60), clock, most_callers=100)
    for n in range(100):
        limit.take(f"idle {n}")
    clock.now_s += 61
    limit.take("busy")
    for n in range(98):
        limit.take(f"next {n}")

    assert limit.take("busy") is None
    for n in range(10_000):
        limit.take(f"flood {n}")
        assert len(limit._restored_at) <= 100
    assert limit.take("flood 9999") is None


@pytest.mark.parametrize(
    "text", ["20", "0/60", "20/0", "-1/60", "20/60/1", "20 / 60", "1e3/60", "٢/60", "9999999999/1"]
)
def test_what_is_no_quota_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="such as 20/600"):
        Quota.parse(text)


def test_nothing_is_no_limit() -> None:
    assert Quota.parse("") is None
    assert Quota.parse("20/600") == Quota(20, 600)
