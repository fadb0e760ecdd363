"""Work in a child process: its answer, its own errors, its death, and its limit.

What works is of the standard library: a child finds it wherever the tests are run from.
"""

from __future__ import annotations

import itertools
import operator
import os

import pytest

from geoservice.services.children import ChildDied, ChildTookTooLong, in_child


def test_what_it_answers_and_raises_comes_back() -> None:
    assert in_child(operator.mul, (2, 21), longest_s=10) == 42
    with pytest.raises(ZeroDivisionError):
        in_child(operator.truediv, (1, 0), longest_s=10, raised=(ZeroDivisionError,))


def test_one_that_works_on_is_stopped_and_one_that_died_is_told() -> None:
    without_end = itertools.repeat(1)
    with pytest.raises(ChildTookTooLong):
        in_child(sum, (without_end,), longest_s=1)
    with pytest.raises(ChildDied) as died:
        in_child(os._exit, (7,), longest_s=10)
    assert died.value.exit_code == 7
