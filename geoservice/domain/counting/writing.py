"""How people write the same thing in cells: wide digits, blanks, numbers that are texts."""

from __future__ import annotations

import datetime
import functools
import re
import unicodedata

_UNSEEN = re.compile(r"[\u200b-\u200f\u2060\ufeff]+")
#: What keeps a spreadsheet from taking digits for a number: an apostrophe, or a formula of a text.
_KEPT_AS_TEXT = re.compile(r'=?["\'`](.*?)["\']?')
_NUMERALS = "零一二三四五六七八九"


def text_of(value: object) -> str:
    """Return a cell as text in one form: NFKC, upper case, without blanks; numbers without a fraction of nothing."""
    if isinstance(value, str):
        return _plain(value)
    if value is None or isinstance(value, bool):
        return "" if value is None else str(int(value))
    if isinstance(value, float):
        value = int(value) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        value = value.date()
    return _plain(str(value))


def _plain(text: str) -> str:
    # Most cells of a register are numbers or one of few words.
    return text.upper() if text.isascii() and text.isalnum() else _in_one_form(text)


@functools.lru_cache(maxsize=10_000)
def _in_one_form(text: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not plain.isprintable():
        plain = _UNSEEN.sub("", plain)
    quoted = _KEPT_AS_TEXT.fullmatch(plain) if plain[:1] in "='\"`" else None
    return quoted[1] if quoted else plain


def number_of(text: str) -> int | None:
    """Return a number of digits, or of Chinese numerals up to 99; None for anything else."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not all(one in _NUMERALS for one in tens + ones) or len(tens) > 1 or len(ones) > 1 or not text:
        return None
    return 10 * (_NUMERALS.index(tens) if tens else int(bool(ten))) + (_NUMERALS.index(ones) if ones else 0)
