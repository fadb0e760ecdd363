"""A code is text, exactly as it was written, or it is refused."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from layers.grids.codes import CodeAbsent, CodeNotExact, code_text


@pytest.mark.parametrize(("value", "text"), [
    ("0111", "0111"), (" a", " a"), ("nan", "nan"), (7, "7"), (0, "0"), (-3, "-3"), (7.0, "7"), (-0.0, "0"),
    (1.5, "1.5"), (0.1, "0.1"), (2.0**53 - 1, "9007199254740991"), (540502001001001001, "540502001001001001"),
    (10**40, "1" + "0" * 40), (Decimal("540502001001001001"), "540502001001001001"), (Decimal("7.00"), "7"),
    (Decimal("7.10"), "7.10"), (Decimal("1E+30"), "1" + "0" * 30), (Decimal("1E-7"), "0.0000001"),
])  # fmt: skip
def test_a_code_is_what_was_written(value: object, text: str) -> None:
    assert code_text(value) == text


@pytest.mark.parametrize("value", [None, math.nan, "", " ", "\t", "\u3000", Decimal("NaN")])
def test_where_nothing_was_written_there_is_no_code(value: object) -> None:
    with pytest.raises(CodeAbsent):
        code_text(value)


@pytest.mark.parametrize(
    "value", [2.0**53, 540502001001001001.0, -(2.0**60), 1e300, math.inf, Decimal("Infinity"), True, b"7", ["7"], {}]
)
def test_what_may_not_be_the_code_that_was_written_is_refused(value: object) -> None:
    with pytest.raises(CodeNotExact):
        code_text(value)
