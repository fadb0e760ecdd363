"""Whether a text says something at all."""

from __future__ import annotations

import re

#: Anything but blanks, signs, marks, pictures and what nobody sees: a letter or a digit of any script.
#: The database's geoservice.has_words holds the same text; a test holds them together.
SAID = (
    r"[^\u0001-/:-@\[-`{-\u00bf\u00d7\u00f7\u02b0-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u302a-\u3030\u30fb\u3164\ue000-\uf8ff\ufe00-\ufe6f\ufeff-\uff0f\uff1a-\uff20\uff3b-\uff40"
    r"\uff5b-\uff65\uffa0\uffe0-\uffff\U0001F000-\U0001FAFF\U000E0000-\U0010FFFF]"
)
_SAID = re.compile(SAID)


def has_words(text: str) -> bool:
    """Return whether a letter or a digit is in a text."""
    return _SAID.search(text) is not None
