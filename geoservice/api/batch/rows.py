"""What the forms share: positions in, answers out, piece by piece; what is no position says so in its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import RawIOBase
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geoservice.engine.loaded_editions import METHODS, ManyOwners
from layers.crs import OutsideMainland, Position, is_on_earth

T = TypeVar("T")
#: Positions answered together: memory stays in proportion to this.
CHUNK_ROWS = 8_192
#: Rows of JSON worked on together: few enough to stay near the processor, and for one that is odd to hold up few.
PART_ROWS = 1_024
NO_POSITION = "Give lon and lat as numbers: -180 to 180, -90 to 90, in this order."

OUTSIDE_MAINLAND = str(OutsideMainland.__doc__)


@dataclass(frozen=True)
class Answered:
    """The owners of n positions, and which of them lie where their CRS is not used."""

    owners: ManyOwners
    #: (n,) they have no owner.
    outside: NDArray[np.bool_]


#: Asks for the owners of (n,) lon and (n,) lat, degrees; raises TooManyRows when the request has had its share.
Ask = Callable[[NDArray[np.float64], NDArray[np.float64]], Answered]
#: One answer: grid_code, method, near_border, edition, unowned_reason; and `problem` where there is none.
Answer = dict[str, Any]
#: (n,) lon and (n,) lat, degrees; NaN where a row names no position.
Columns = tuple[NDArray[np.float64], NDArray[np.float64]]
#: Reads a body and yields the answer to it.
Form = Callable[[RawIOBase, Ask], Iterator[bytes]]


def parted(rows: Sequence[T]) -> list[Sequence[T]]:
    """Return rows in parts: those that are worked on together as long as they are alike."""
    return [rows[begin : begin + PART_ROWS] for begin in range(0, len(rows), PART_ROWS)]


class NumberedAnswers(NamedTuple):
    """What n positions are answered: many are told the same, so each answer is there once. Nobody changes one."""

    answers: list[Answer]
    #: (n,) index into the answers.
    which: NDArray[np.int64]

    def each(self) -> list[Answer]:
        """Return the answer of each position in order."""
        return [self.answers[one] for one in self.which.tolist()]


def position_in(row: object) -> Position | None:
    """Return the position that a JSON value names: [lon, lat], or an object with lon and lat; None when it is none."""
    if isinstance(row, dict):
        row = [row.get("lon"), row.get("lat")]
    match row:
        case [int() | float() as lon, int() | float() as lat] if not isinstance(lon, bool) and not isinstance(
            lat, bool
        ):
            return Position(float(lon), float(lat)) if is_on_earth(lon, lat) else None
    return None


def columns_of(rows: Sequence[object]) -> Columns:
    """Return the positions that JSON values name, see `position_in`; anything may stand in the rows."""
    lon, lat = np.concatenate([np.empty((2, 0)), *map(_columns_of_part, parted(rows))], axis=1)
    return lon, lat


def _columns_of_part(rows: Sequence[object]) -> NDArray[np.float64]:
    lons, lats = _named(rows) or ((None,), ())
    if {*map(type, lons), *map(type, lats)} <= {int, float}:
        return np.stack([np.fromiter(some, np.float64, len(rows)) for some in (lons, lats)])
    columns = np.full((2, len(rows)), np.nan)
    for place, row in enumerate(rows):
        if (position := position_in(row)) is not None:
            columns[:, place] = position
    return columns


def _named(rows: Sequence[Any]) -> tuple[Sequence[object], Sequence[object]] | None:
    """Return what stands for lon and lat in rows that are alike, as nearly always; None when they are not."""
    kinds = {*map(type, rows)}
    if kinds == {list} and {*map(len, rows)} == {2}:
        return [row[0] for row in rows], [row[1] for row in rows]
    if kinds == {dict}:
        with suppress(KeyError):
            return [row["lon"] for row in rows], [row["lat"] for row in rows]
    return None


def told(positions: Columns, ask: Ask) -> NumberedAnswers:
    """Return what (n,) positions are answered; anything may stand in the columns."""
    lon, lat = positions
    # Not so for NaN either.
    nowhere = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    answered = ask(np.where(nowhere, np.nan, lon), np.where(nowhere, np.nan, lat))
    found = answered.owners
    problem = np.where(nowhere, 1, np.where(answered.outside, 2, 0))
    edition, _ = _numbered(found.edition)
    number = edition * (len(found.codes) + 1) + found.code + 1
    number = number * (len(found.reasons) + 1) + found.reason + 1
    number = (number * len(METHOD_OF) + found.method) * 2 + found.near_border
    which, where = _numbered(np.where(problem > 0, -problem, number))
    codes, reasons = (*found.codes, None), (*found.reasons, None)  # -1 is the last
    each = zip(
        problem[where].tolist(), found.code[where].tolist(), found.method[where].tolist(),
        found.near_border[where].tolist(), found.edition[where].tolist(), found.reason[where].tolist(), strict=True,
    )  # fmt: skip
    answers = [
        _BAD[bad] if bad else {
            "grid_code": codes[code], "method": METHOD_OF[method], "near_border": near, "edition": edition or None,
            "unowned_reason": reasons[reason],
        }
        for bad, code, method, near, edition, reason in each
    ]  # fmt: skip
    return NumberedAnswers(answers, which)


def _numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of the different values each of n is, (n,), and a place where each of them stands."""
    found = pa.array(values).dictionary_encode()
    which = found.indices.to_numpy().astype(np.int64)
    where = np.empty(len(found.dictionary), np.int64)
    where[which] = np.arange(len(which))
    return which, where


METHOD_OF = tuple(METHODS[number] for number in sorted(METHODS))
#: The columns that answers add; what comes in must not have them.
ADDED = ("grid_code", "method", "near_border", "edition", "unowned_reason", "problem")
_NO_ANSWER = dict.fromkeys(ADDED)
#: By number of the problem.
_BAD: dict[int, Answer] = {1: _NO_ANSWER | {"problem": NO_POSITION}, 2: _NO_ANSWER | {"problem": OUTSIDE_MAINLAND}}
