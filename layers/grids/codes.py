"""A grid's code as text: exactly what stands in a file, a table or a column, or not at all."""

from __future__ import annotations

from decimal import Decimal

from layers.errors import LayerError

#: From here on doubles lie farther apart than one: what reads as one may have been written as its neighbour (IEEE 754).
EXACT_BELOW = 2.0**53
#: The same of numbers of 32 bits, whose fraction has 24.
EXACT_BELOW_SINGLE = 2.0**24


class CodeAbsent(LayerError):
    """There is no code."""


class CodeNotExact(LayerError):
    """The code is a number too large to be held exactly, or no text and no number; keep codes as text."""


def code_text(value: object, *, exact_below: float = EXACT_BELOW) -> str:
    """Return a code as text.

    Parameters
    ----------
    value
        Text stays as it is. Integers and decimals of any width become their digits, doubles the shortest digits that
        read back as the same; a whole number has no fraction: 540502.0 is 540502, as a spreadsheet meant it.
    exact_below
        From where on numbers of the column they came from are not exact.

    Raises
    ------
    CodeAbsent
        It is None, not a number, or text of blanks alone.
    CodeNotExact
        It is a double of `exact_below` or more, where neighbours look the same; or neither text nor a number.
    """
    if value is None or value != value or (isinstance(value, str) and not value.strip()):
        raise CodeAbsent
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise CodeNotExact(value=str(value)[:40])
    if isinstance(value, float) and abs(value) >= exact_below:
        raise CodeNotExact(value=repr(value))
    if isinstance(value, Decimal) and not value.is_finite():
        raise CodeNotExact(value=str(value))
    if value == int(value):
        return str(int(value))
    return repr(value) if isinstance(value, float) else format(value, "f")
