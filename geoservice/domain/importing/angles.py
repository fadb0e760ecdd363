"""Coordinates as people write them: degrees, minutes and seconds, pairs in one cell, commas for points."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
#: 91°46′12.5″, 91:46:12.5, 91度46分12秒, 91 46 12.5; minutes alone may have a fraction.
_ANGLE = re.compile(
    r"([+-]?)([0-9]{1,3})\s*[°度: ]\s*([0-9]{1,2}(?:[.,][0-9]+)?)\s*(?:['′’分: ]\s*(?:([0-9]{1,2}(?:[.,][0-9]+)?)"
    r"\s*(?:[\"″”秒]|''|′′|’’)?)?)?"
)
_SIDES = {"N": 1, "E": 1, "S": -1, "W": -1, "O": 1, "北纬": 1, "东经": 1, "南纬": -1, "西经": -1}
_SIDE = re.compile(r"^(北纬|东经|南纬|西经|[NESWO])|([NESWO])$")
#: Between the two numbers of a pair; a comma that is a point of a number has no blank behind it and stands twice.
_BETWEEN = (re.compile(r"\s*[;/|、]\s*"), re.compile(r"\s*,\s+|\s+,\s*"), re.compile(r"\s*,\s*"), re.compile(r"\s+"))
_POINT = re.compile(r"POINT\s*\(?\s*([^\s,)]+)[\s,]+([^\s,)]+)\s*\)?", re.IGNORECASE)
#: What is longer is no coordinate, and no pair of them.
_LONGEST = 100
#: Of 29.1425, as 29 degrees 14 minutes 25 seconds: fewer decimals tell nothing.
_DECIMALS = re.compile(r"[+-]?[0-9]{1,3}\.([0-9]{2})([0-9]{2})([0-9]*)")
#: By chance, the four decimals of so many numbers would be minutes and seconds once in a billion times.
_SURE_OF = 20


class AngleUnreadable(ValueError):
    """It is no coordinate."""


def coordinate(text: str, *, minutes: bool = False) -> float:
    """Return a number, or degrees that are written with minutes and seconds.

    Parameters
    ----------
    minutes
        Whether two decimals are minutes, and those behind them seconds.

    Raises
    ------
    AngleUnreadable
        It is none; minutes or seconds are 60 or more.
    """
    said = _narrow(text).strip().upper()
    if len(said) > _LONGEST:
        raise AngleUnreadable
    side = _SIDE.search(said)
    sign = 1 if side is None else _SIDES[side[0]]
    said = _SIDE.sub("", said).strip()
    if _NUMBER.fullmatch(said):
        if minutes:
            return sign * _with_minutes(said)
        return sign * float(said.replace(",", "."))
    if _NUMBER.fullmatch(said.rstrip("°度 ")):
        return sign * float(said.rstrip("°度 ").replace(",", "."))
    angle = _ANGLE.fullmatch(said)
    if angle is None:
        raise AngleUnreadable
    return sign * _of_parts(angle[1], *(float((part or "0").replace(",", ".")) for part in angle.groups()[1:]))


def pair(text: str) -> tuple[str, str]:
    """Return the two coordinates of a cell as text, in the order in which they stand there; raise AngleUnreadable."""
    said = _narrow(text).strip().strip("()[]{}")
    if len(said) > _LONGEST:
        raise AngleUnreadable
    point = _POINT.fullmatch(said)
    if point is not None:
        return point[1], point[2]
    for between in _BETWEEN:
        parts = between.split(said)
        if len(parts) == 2:
            return parts[0], parts[1]
    raise AngleUnreadable


def may_be_minutes(texts: Sequence[str]) -> bool:
    """Return whether the decimals of all degrees could be minutes and seconds, of so many that it is no chance."""
    found = [_DECIMALS.fullmatch(text.strip()) for text in texts]
    told = {(one[0]) for one in found if one is not None}
    if len(told) < _SURE_OF or any(one is None for one in found):
        return False
    return all(int(one[1]) < 60 and int(one[2]) < 60 for one in found if one is not None)


def _narrow(text: str) -> str:
    # The sign of an ordinal would become a letter.
    return unicodedata.normalize("NFKC", text.replace("º", "°"))


def _with_minutes(text: str) -> float:
    sign = "-" if text.startswith("-") else ""
    whole, _, decimals = text.lstrip("+-").replace(",", ".").partition(".")
    if not whole.isdigit() or not (decimals.isdigit() or not decimals):
        raise AngleUnreadable
    decimals = decimals.ljust(4, "0")
    return _of_parts(sign, float(whole), float(decimals[:2]), float(f"{decimals[2:4]}.{decimals[4:] or '0'}"))


def _of_parts(sign: str, degrees: float, minutes: float, seconds: float) -> float:
    if minutes >= 60 or seconds >= 60:
        raise AngleUnreadable
    value = degrees + minutes / 60 + seconds / 3600
    return -value if sign == "-" else value
