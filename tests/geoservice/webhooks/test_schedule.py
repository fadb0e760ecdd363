"""When a delivery is tried again: at first soon, in the end seldom, and not for ever."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoservice.webhooks.schedule import FIRST_WAIT_S, JITTER, MAX_ATTEMPTS, MAX_WAIT_S, wait_s

HOUR_S = 3600
attempts = st.integers(1, MAX_ATTEMPTS - 1)
chances = st.floats(0, 1, exclude_max=True)


def waits(chance: float = 0.0) -> list[float]:
    found = [wait_s(attempt, chance) for attempt in range(1, MAX_ATTEMPTS)]
    return [wait for wait in found if wait is not None]


def test_waits_without_chance_are_those_of_the_document() -> None:
    hours = [12 * HOUR_S] * 5

    assert waits() == [5, 15, 45, 135, 405, 1215, 3645, 10935, 32805, *hours]


def test_delivery_outlasts_a_weekend_and_then_dies() -> None:
    friday_evening_to_monday_morning_s = 63 * HOUR_S

    assert friday_evening_to_monday_morning_s < sum(waits()) < 4 * 24 * HOUR_S
    assert wait_s(MAX_ATTEMPTS, 0.5) is None
    assert wait_s(10_000, 0.5, asked_s=60) is None


@settings(deadline=None)
@given(st.floats(FIRST_WAIT_S, 60 * HOUR_S), chances)
def test_receiver_that_was_away_waits_for_little_more_than_twice_as_long_again(away_s: float, chance: float) -> None:
    next_at_s = next(at_s for at_s in accumulate(waits(chance)) if at_s >= away_s)

    assert next_at_s - away_s <= (2 * away_s + FIRST_WAIT_S) * (1 + JITTER)


@settings(deadline=None)
@given(attempts, chances)
def test_chance_makes_a_wait_longer_within_bounds_and_never_shorter(attempt: int, chance: float) -> None:
    plain, spread = wait_s(attempt, 0.0), wait_s(attempt, chance)

    assert plain is not None
    assert spread is not None
    assert plain <= spread <= plain * (1 + JITTER)
    assert wait_s(attempt, chance) == spread


def test_what_failed_together_does_not_come_back_together() -> None:
    dice = random.Random(7)

    waits_s = {round(wait_s(7, dice.random()) or 0) for _ in range(1000)}

    assert len(waits_s) > 400


@settings(deadline=None)
@given(attempts, st.floats(0, 1e12))
def test_receiver_can_ask_for_more_time_but_not_for_less_nor_for_ever(attempt: int, asked_s: float) -> None:
    wait = wait_s(attempt, 0.0, asked_s=asked_s)

    assert wait == min(max(waits()[attempt - 1], asked_s), MAX_WAIT_S)


@pytest.mark.parametrize(("attempt", "chance"), [(0, 0.5), (-1, 0.5), (1, 1.0), (1, -0.1), (1, float("nan"))])
def test_numbers_that_mean_nothing_are_refused(attempt: int, chance: float) -> None:
    with pytest.raises(ValueError, match="from"):
        wait_s(attempt, chance)
