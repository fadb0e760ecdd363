"""Tables of ours for spreadsheets: how they are known again, and how no text of them is taken for a formula.

Source: OWASP, CSV Injection: a cell that begins with one of these signs is a formula to some program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Header of the column that says the CRS of the coordinates, in tables that we wrote; and where texts are quoted there.
MARK, QUOTED_MARK = "crs (geoservice)", "crs (geoservice, quoted)"
#: Of a ledger, which has no coordinates: the column is empty.
LEDGER_MARK = "(geoservice, quoted)"
#: After none or more quotes, so that what was quoted is told from what began with one.
_FORMULA = re.compile("('*)[=+@\\-\t\r＝＋－＠]")


def quoted(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unquoted(text: str) -> str:
    """Return a text as it was before it was quoted."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def mark_of(header: Sequence[str | None]) -> str | None:
    """Return the mark of a table that we wrote, by its header; None: somebody else did."""
    return next((cell for cell in header if cell in (MARK, QUOTED_MARK, LEDGER_MARK)), None)
