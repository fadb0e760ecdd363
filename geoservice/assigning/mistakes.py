"""Why no row of a file may have a position: what its coordinates look like."""

from __future__ import annotations

import re
from collections.abc import Sequence

from geoservice.assigning.model import CoordinateColumns, Misplaced, Mistake, Where

_DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*")
_LON_MAX, _LAT_MAX = 180.0, 90.0


def likely_mistake(misplaced: Sequence[Misplaced], where: Where) -> Mistake | None:
    """Return what the first rows without a position have in common; None when nothing is known."""
    texts = [text for one in misplaced for text in (one.x, one.y)]
    if texts and all(_DECIMAL_COMMA.fullmatch(text) for text in texts):
        return "decimal-commas"
    if any(mark in text for text in texts for mark in "°º′″"):
        return "degrees-and-minutes"
    pairs = [(x, y) for one in misplaced if (x := _number(one.x)) is not None and (y := _number(one.y)) is not None]
    if not pairs:
        return None
    if all(abs(x) <= _LAT_MAX < abs(y) <= _LON_MAX for x, y in pairs):
        return "columns-exchanged" if isinstance(where, CoordinateColumns) else "points-exchanged"
    return "projected" if all(abs(x) > _LON_MAX and abs(y) > _LON_MAX for x, y in pairs) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
