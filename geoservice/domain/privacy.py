"""The promise about people, as a rule: what a text may not carry."""

from __future__ import annotations

import re

#: Full-width digits and signs, as Chinese keyboards write them.
_PLAIN = str.maketrans("０１２３４５６７８９Ｘｘ＋－", "0123456789Xx+-")
_BETWEEN_DIGITS = re.compile("(?<=[0-9])[-. \u00a0\u2010-\u2014\u3000]+(?=[0-9Xx])")
#: A mainland mobile number (11 digits, also after +86) or an identity number (18 characters).
_PERSONAL_NUMBER = re.compile(r"(^|[^0-9])((\+?0{0,2}86)?1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9Xx])($|[^0-9])")


def holds_personal_number(words: str) -> bool:
    """Return whether a text carries what looks like a mobile or identity number, however it is spaced.

    The database's geoservice.holds_personal_number says the same; a test holds them together.
    """
    together = _BETWEEN_DIGITS.sub("", words.translate(_PLAIN))
    return _PERSONAL_NUMBER.search(together) is not None
