"""The identity number of a person, as far as counting needs it: the day of birth, and whether it was met before.

Source: GB 11643-1999, 4 and 5: six digits of a region, eight of the birth, three of an order, and a check character
(ISO 7064, MOD 11-2); those before 1999 have 15 digits, without the century and the check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from .days import day_of
from .writing import text_of

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_LONG = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_SHORT = re.compile(r"[1-9]\d{14}", re.ASCII)
_SCIENTIFIC = re.compile(r"[1-9](?:\.\d+)?E\+?1[4-7]", re.ASCII)
#: Digits that a number of a spreadsheet keeps; the birth ends with the fourteenth.
_KEPT_DIGITS = 15
_BIRTH_ENDS = 14
#: A shorter text, or one without digits, may stand beside several people.
_DOCUMENT_FROM = 6
#: What people write where they have no number.
_NONE = {"", "-", "--", "/", "无", "0", "不详", "未知", "暂无"}


@dataclass(frozen=True)
class Identity:
    """What a number tells."""

    #: What tells the person from others, in memory only; None: it does not.
    document: str | None
    #: None: the number tells none.
    birth: date | None = None
    #: It is of the form, and what should be a day is none, or the check is wrong.
    mistyped: bool = False
    lost_digits: bool = False


def identity_of(value: object) -> Identity | None:
    """Return what an identity number tells, None when there is none; of other documents only which it is."""
    text = text_of(value)
    if text in _NONE:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 10**_KEPT_DIGITS:
        return _cut(f"{int(value)}")
    if _SCIENTIFIC.fullmatch(text):
        return _of_scientific(text)
    if _SHORT.fullmatch(text):
        birth = day_of(1900 + int(text[6:8]), int(text[8:10]), int(text[10:12]))
        longer = f"{text[:6]}19{text[6:]}"
        return Identity(longer + check_of(longer), birth, mistyped=birth is None)
    if not _LONG.fullmatch(text):
        return Identity(text if len(text) >= _DOCUMENT_FROM and any(one.isdigit() for one in text) else None)
    birth = day_of(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    if birth is None or check_of(text) != text[17]:
        return Identity(text, mistyped=True)
    return Identity(text, birth)


def _of_scientific(text: str) -> Identity:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Identity(None, lost_digits=True)
    kept = len(number.as_tuple().digits)
    return _cut(f"{int(number)}") if kept >= _BIRTH_ENDS else Identity(None, lost_digits=True)


def _cut(digits: str) -> Identity:
    """Return what a number of 18 digits tells of which the first 15 are left: nobody is told from others by it."""
    if len(digits) != len(_WEIGHTS) + 1:
        return Identity(None, lost_digits=True)
    birth = day_of(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    return Identity(None, birth, mistyped=birth is None, lost_digits=True)


def check_of(digits: str) -> str:
    """Return the check character of the first 17 digits of a number."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return _CHECKS[total % 11]
