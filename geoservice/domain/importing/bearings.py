"""Where a camera looks, in degrees clockwise from north, of what ledgers say of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

#: Numbers of directions in GB/T 28181; at least one system in use numbers 5 to 8 otherwise.
GBT28181: Mapping[int, float] = {1: 90, 2: 270, 3: 180, 4: 0, 5: 135, 6: 45, 7: 225, 8: 315}
#: The same for people who have to confirm it.
TABLE = "1 east, 2 west, 3 south, 4 north, 5 south-east, 6 north-east, 7 south-west, 8 north-west"

_ZH = {"东": 90.0, "西": 270.0, "南": 180.0, "北": 0.0, "东南": 135.0, "东北": 45.0, "西南": 225.0, "西北": 315.0,
       "南东": 135.0, "北东": 45.0, "南西": 225.0, "北西": 315.0}  # fmt: skip
_EN = ("n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw")
_LATIN = {
    **{name: 22.5 * step for step, name in enumerate(_EN)},
    "north": 0.0, "northeast": 45.0, "east": 90.0, "southeast": 135.0, "south": 180.0, "southwest": 225.0,
    "west": 270.0, "northwest": 315.0, "nord": 0.0, "nordost": 45.0, "ost": 90.0, "südost": 135.0, "süd": 180.0,
    "südwest": 225.0, "nordwest": 315.0, "no": 45.0, "o": 90.0, "so": 135.0,
}  # fmt: skip
_WORDS = _ZH | _LATIN
#: 西向东 looks from the west towards the east.
_TOWARDS = re.compile(r"(?:由|从)?[东西南北]{1,2}(?:向|朝|至|往)([东西南北]{1,2})")
_AROUND = re.compile(r"^(?:正|朝|向|面向|朝向)+|(?:方向|方位|面|侧|方|向)$")
#: 北偏东30°: from the first towards the second.
_TURNED = re.compile(r"([东西南北])偏([东西南北])([0-9]+(?:\.[0-9]+)?)(?:°|度)?")
_NUMBER = re.compile(r"([+-]?[0-9]+(?:[.,][0-9]+)?)\s*(?:°|度|deg|degrees)?")
#: What is longer is no direction.
_LONGEST = 50


class BearingUnknown(ValueError):
    """It says no direction."""


def may_be_numbered(texts: Iterable[str]) -> bool:
    """Return whether all directions of a column are numbers of 1 to 8, so that they are hardly degrees."""
    found = {text.strip().removesuffix(".0") for text in texts}
    return bool(found) and found <= {str(number) for number in GBT28181}


def bearing_of(text: str, *, gbt28181: bool = False) -> float:
    """Return a bearing in [0, 360) of degrees, of a word, or, when `gbt28181`, of a number of the standard.

    Raises
    ------
    BearingUnknown
        It says none, or several.
    """
    if len(text) > _LONGEST:
        raise BearingUnknown
    said = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text.replace("º", "°"))).casefold()
    number = _NUMBER.fullmatch(said)
    if number is not None:
        return _of_number(float(number[1].replace(",", ".")), gbt28181=gbt28181)
    turned = _TURNED.fullmatch(said)
    if turned is not None:
        return _turned(_ZH[turned[1]], _ZH[turned[2]], float(turned[3]))
    towards = _TOWARDS.fullmatch(said)
    word = towards[1] if towards is not None else _AROUND.sub("", said).replace("-", "")
    if word not in _WORDS:
        raise BearingUnknown
    return _WORDS[word]


def _of_number(number: float, *, gbt28181: bool) -> float:
    if gbt28181:
        if number not in GBT28181:
            raise BearingUnknown
        return GBT28181[int(number)]
    if not 0 <= number <= 360:
        raise BearingUnknown
    return number % 360


def _turned(start: float, towards: float, by: float) -> float:
    """Return a bearing that is turned from one direction of the compass towards one beside it."""
    side = (towards - start) % 360
    if side not in (90, 270) or by > 90:
        raise BearingUnknown
    return (start + by if side == 90 else start - by) % 360
