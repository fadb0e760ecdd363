"""On which days grids have nobody, and where somebody is posted twice: no gap and no double stays unseen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import pairwise

from geoservice.domain.staff.rosters import GRID_OFFICER
from layers.staff.model import PostingSpan

#: Who has a grid in hand.
COVERING = (GRID_OFFICER, "deputy")


def remarks_on_cover(
    postings: Sequence[PostingSpan], grids: Collection[str], *, first: date, last: date
) -> Iterator[str]:  # fmt: skip
    """Yield a sentence for each gap and each double.

    Parameters
    ----------
    grids
        Codes of those that somebody should serve.
    first, last
        The days that are looked at, half-open; `date.max` has no end.
    """
    there: dict[str, list[PostingSpan]] = {grid: [] for grid in sorted(grids)}
    for one in postings:
        if one.grid_code in there and one.role in COVERING:
            there[one.grid_code].append(one)
    for grid, covering in there.items():
        for begins, ends in _gaps(covering, first, last):
            yield f"Grid {grid} has neither a grid officer nor a deputy {_span(begins, ends)}."
    for one, other in _overlapping(postings, GRID_OFFICER, "staff_code"):
        yield f"{one.staff_code} is grid officer of {one.grid_code} and of {other.grid_code} {_both(one, other)}."
    for one, other in _overlapping(postings, "deputy", "grid_code"):
        who = f"{one.staff_code} and {other.staff_code}"
        yield f"Grid {one.grid_code} has two deputies, {who}, {_both(one, other)}."


def _overlapping(postings: Sequence[PostingSpan], role: str, name: str) -> Iterator[tuple[PostingSpan, PostingSpan]]:
    """Yield neighbours in time, of one role, that share what is named and some days."""
    ordered = sorted((one for one in postings if one.role == role),
                     key=lambda one: (getattr(one, name), one.valid_from, one.grid_code, one.staff_code))  # fmt: skip
    for one, other in pairwise(ordered):
        if getattr(one, name) == getattr(other, name) and one.overlaps(other):
            yield one, other


def _both(one: PostingSpan, other: PostingSpan) -> str:
    return _span(max(one.valid_from, other.valid_from), min(one.ends, other.ends))


def _gaps(postings: Sequence[PostingSpan], first: date, last: date) -> Iterator[tuple[date, date]]:
    reached = first
    for one in sorted(postings, key=lambda posting: posting.valid_from):
        if one.valid_from > reached:
            yield reached, min(one.valid_from, last)
        reached = max(reached, one.ends)
        if reached >= last:
            return
    yield reached, last


def _span(begins: date, ends: date) -> str:
    return f"from {begins} on" if ends == date.max else f"from {begins} until {ends}"
