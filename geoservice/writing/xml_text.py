"""What XML holds of a text."""

from __future__ import annotations

import re

#: What XML 1.0 can not hold, however it is written (2.2): a file with one of these is none.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def fit_for_xml(text: str) -> str:
    """Return a text without the characters that no XML holds, which nobody sees either."""
    return _UNFIT.sub("", text)
