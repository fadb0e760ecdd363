"""What staff are called who have no call sign yet: their role and a number, never anything of their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import count

_DIGITS = "零一二三四五六七八九"
_TITLES = {
    "grid_officer": ("网格员", "Grid officer"), "police_officer": ("民警", "Police officer"),
    "dispatcher": ("调度员", "Dispatcher"),
}  # fmt: skip
_HAN = re.compile(r"[\u4e00-\u9fff]")


def is_chinese(name: str) -> bool:
    """Return whether a name of a place is written in Chinese, so that call signs there are."""
    return _HAN.search(name) is not None


def numeral(number: int) -> str:
    """Return a number from 1 to 99 in Chinese numerals, such as 二十三; a larger one in digits."""
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else _DIGITS[tens] + "十")
    return head + ("" if ones == 0 and tens else _DIGITS[ones])


def call_sign(role: str, number: int, *, chinese: bool) -> str:
    """Return the call sign of the first, second … of a role, such as 网格员一号 or Grid officer 1."""
    zh, en = _TITLES[role]
    return f"{zh}{numeral(number)}号" if chinese else f"{en} {number}"


def free_call_signs(role: str, taken: Collection[str], *, chinese: bool) -> Iterator[str]:
    """Yield the call signs of a role that nobody has, the first one first."""
    signs = (call_sign(role, number, chinese=chinese) for number in count(1))
    return (sign for sign in signs if sign not in taken)
