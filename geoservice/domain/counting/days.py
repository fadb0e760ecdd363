"""Days of birth as registers write them, and the band of an age."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from datetime import date

from .writing import text_of

#: The first age of each band but the first: 0-13, 14-17, 18-59, 60-79, 80 and over.
BANDS_FROM = (14, 18, 60, 80)
AGE_MAX = 120
_YMD = re.compile(r"(\d{4})(?:[-./年])(\d{1,2})(?:[-./月](\d{1,2})日?)?月?(?:T?00:00:00)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_DMY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_AGE = re.compile(r"(\d{1,3})(?:周?岁)?(?:\d{1,2}个?月)?")
_MONTHS_OLD = re.compile(r"\d{1,3}(?:个?月|天)(?:\d{1,2}天)?")
#: Day 0 of spreadsheets' numbers of days, from March 1900 on.
_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(61, 73_051)


@dataclass(frozen=True)
class Birth:
    """A day of birth; `day` None: what is written is no day."""

    day: date | None
    month_only: bool = False


def birth_of(value: object, *, serials: bool) -> Birth | None:
    """Return the day of birth that a cell tells, None when it is empty.

    Parameters
    ----------
    serials
        Whether the column holds real dates, so that a small number is one, too: days since 1899-12-30.
    """
    if isinstance(value, datetime.datetime):
        return Birth(value.date())
    if isinstance(value, date):
        return Birth(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value, serials)
    text = text_of(value)
    return _of_text(text) if text else None


def _of_number(value: float, serials: bool) -> Birth:
    if value == int(value) and int(value) in _SERIALS:
        return Birth(_SERIAL_ZERO + datetime.timedelta(days=int(value)) if serials else None)
    text = text_of(value)
    # 1985.1 may have been 1985.10: a number keeps no zeros at its end.
    return Birth(None) if re.fullmatch(r"\d{4}\.1", text) else _of_text(text)


def _of_text(text: str) -> Birth:
    turned = _DMY.fullmatch(text)
    parts = (turned[3], turned[2], turned[1]) if turned else None
    if parts is None:
        match = _YMD.fullmatch(text) or _COMPACT.fullmatch(text)
        if match is None:
            return Birth(None)
        parts = (match[1], match[2], match[3])
    day = day_of(int(parts[0]), int(parts[1]), int(parts[2] or 1))
    return Birth(day, month_only=parts[2] is None)


def day_of(year: int, month: int, day: int) -> date | None:
    """Return a day, None when there is no such one."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def age_at(birth: date, day: date) -> int:
    """Return full years at a day; born on 29 February one is a year older on 1 March. Negative: not born yet."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def age_of(value: object) -> int | None:
    """Return the age that a cell tells, None when it tells none."""
    text = text_of(value)
    if _MONTHS_OLD.fullmatch(text):
        return 0
    match = _AGE.fullmatch(text)
    return int(match[1]) if match else None


def band_of(age: int) -> int:
    """Return which band an age belongs to, from 0."""
    return sum(age >= first for first in BANDS_FROM)
