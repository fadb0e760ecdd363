"""Work in a child process: its answer, its own errors, its death, and its limit."""

from __future__ import annotations

import os

import pytest

from geoservice.services.children import ChildDied, ChildTookTooLong, in_child


def double(number: int) -> int:
    if number < 0:
        raise ValueError(number)
    return 2 * number


def spin() -> None:
    while True:
        pass


def test_what_it_answers_and_raises_comes_back() -> None:
    assert in_child(double, (21,), longest_s=10) == 42
    with pytest.raises(ValueError, match="-1"):
        in_child(double, (-1,), longest_s=10, raised=(ValueError,))


def test_one_that_works_on_is_stopped_and_one_that_died_is_told() -> None:
    with pytest.raises(ChildTookTooLong):
        in_child(spin, (), longest_s=1)
    with pytest.raises(ChildDied) as died:
        in_child(os._exit, (7,), longest_s=10)
    assert died.value.exit_code == 7
