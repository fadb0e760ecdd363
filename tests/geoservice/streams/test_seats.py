"""Seats of streams: strangers never take the last ones, nor one of them all that strangers get."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from geoservice.streams.answers import Refusal
from geoservice.streams.seats import Seats, Stranger


def _fill(stack: ExitStack, seats: Seats, stranger: Stranger | None) -> int:
    """Take seats until there is none; return how many."""
    taken = 0
    try:
        while taken < 1000:
            stack.enter_context(seats.taken_by(stranger))
            taken += 1
    except Refusal:
        pass
    return taken


def test_strangers_leave_a_fifth_to_those_known() -> None:
    seats = Seats(50, 8)
    with ExitStack() as stack:
        assert [_fill(stack, seats, Stranger(f"192.0.2.{n}/32")) for n in range(7)] == [8, 8, 8, 8, 8, 0, 0]
        assert _fill(stack, seats, Stranger(None)) == 0
        assert _fill(stack, seats, None) == 10

    with ExitStack() as stack:
        assert _fill(stack, seats, None) == 50
        assert _fill(stack, seats, Stranger("192.0.2.1/32")) == 0


def test_this_machine_may_hold_all_that_strangers_get() -> None:
    seats = Seats(50, 8)
    with ExitStack() as stack:
        assert _fill(stack, seats, Stranger(None)) == 40


def test_a_seat_is_given_back_whatever_happens() -> None:
    seats = Seats(1, 1)
    for _ in range(3):
        with pytest.raises(RuntimeError), seats.taken_by(Stranger("192.0.2.1/32")):
            raise RuntimeError
    with seats.taken_by(None):
        pass
    assert not seats._taken


@pytest.mark.parametrize(("most", "of_one"), [(1, 1), (2, 5), (4, 1), (5, 5)])
def test_few_seats_are_still_for_strangers_too(most: int, of_one: int) -> None:
    with Seats(most, of_one).taken_by(Stranger("192.0.2.1/32")):
        pass
